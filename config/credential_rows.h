// Rows of an upstream that is asked with access tokens, for [upstream] and for [[upstreams]]. Only
// upstream_settings.cc includes it. Thread-safety: compile-time values.
#pragma once

#include "config/address.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"

namespace larder {

// In the order of OAuthClientAuth.
inline constexpr std::array<std::string_view, 2> kOAuthAuthNames = {"basic", "post"};

template <KeyPart kTable, auto kUpstream>
constexpr std::array kOAuthRows = {
    PlainRow<LARDER_WITHIN(kUpstream, oauth.token_url)>(
        kKey<kTable, "oauth_token_url">,
        "Where access tokens come from that go to the provider in place of the client's credential "
        "(OAuth 2): https://, or http:// on this machine. With a service account it may be left "
        "out. Empty, and no service account: no tokens.")
        .Normalised(&NormaliseTokenUrl),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.client_id)>(
        kKey<kTable, "oauth_client_id">,
        "Who asks for tokens by its own credentials (RFC 6749, section 4.4); empty = nobody.")
        .Normalised(&PlainText),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.client_secret)>(
        kKey<kTable, "oauth_client_secret">,
        "The secret of oauth_client_id. Never in this file: name a variable that holds it with "
        "oauth_client_secret_env, or a file with oauth_client_secret_file.")
        .Secret(),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.client_secret_env)>(
        kKey<kTable, "oauth_client_secret_env">,
        "Name of the environment variable that holds the secret; empty = none.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.client_secret_file)>(
        kKey<kTable, "oauth_client_secret_file">, "File that holds the secret; empty = none.")
        .Normalised(&PlainText),
    ChoiceRow<kOAuthAuthNames, LARDER_WITHIN(kUpstream, oauth.auth)>(
        kKey<kTable, "oauth_auth">,
        "How the secret is shown: in the field Authorization (\"basic\") or in the form "
        "(\"post\")."),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.service_account_file)>(
        kKey<kTable, "oauth_service_account_file">,
        "Google's JSON key of a service account, which asks for tokens by an assertion signed with "
        "it (RFC 7523) in place of oauth_client_id; empty = none.")
        .Normalised(&PlainText),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.scope)>(
        kKey<kTable, "oauth_scope">,
        "What the token is to allow, names with spaces between; empty = what the provider gives by "
        "itself, of a service account https://www.googleapis.com/auth/cloud-platform.")
        .Normalised(&PlainText),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.audience)>(
        kKey<kTable, "oauth_audience">,
        "Whom the token is for, where a provider asks for that; of a service account the audience "
        "of its assertion. Empty = not said, of an assertion oauth_token_url.")
        .Normalised(&PlainText),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.revocation_url)>(
        kKey<kTable, "oauth_revocation_url">,
        "Where a token is revoked (RFC 7009) that is forgotten by \"larder upstreams revoke\"; "
        "empty = it is forgotten alone.")
        .Normalised(&NormaliseTokenUrl),
    PlainRow<LARDER_WITHIN(kUpstream, oauth.ca_file)>(
        kKey<kTable, "oauth_ca_file">,
        "File of PEM certificates that these endpoints' certificates are verified with; empty = "
        "the system's.")
        .Normalised(&PlainText),
    SecondsRow<LARDER_WITHIN(kUpstream, oauth.timeout)>(
        kKey<kTable, "oauth_timeout_s">, 1, 600, "Longest time for an answer of these endpoints."),
    SecondsRow<LARDER_WITHIN(kUpstream, oauth.refresh_ahead)>(
        kKey<kTable, "oauth_refresh_ahead_s">, 30, 3600,
        "How long before its end a token is replaced in the background, but for no more than a "
        "fifth of its life.")};

}  // namespace larder

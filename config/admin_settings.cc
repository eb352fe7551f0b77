#include "config/address.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"
#include "proxy/admin/oidc_provider.h"

namespace larder {
namespace {

// Empty, or a URL that secrets may go to; kept as it is written, for the provider's tokens name it
// exactly so.
Result<std::string> NormaliseOidcUrl(std::string_view text) {
  if (text.empty() || (IsOidcUrl(text) && text.find('?') == std::string_view::npos)) {
    return std::string(text);
  }
  return InvalidArgument(
      "must be an https URL (http on this machine alone) without user information, query and "
      "fragment");
}

Result<std::string> NormaliseAdminListen(std::string_view text) {
  if (text.empty()) return std::string();
  LARDER_ASSIGN_OR_RETURN(const ListenAddress ignored, ParseListenAddress(text));
  static_cast<void>(ignored);
  return std::string(text);
}

void SetAdminListen(Config& config, std::size_t, const SettingValue& value) {
  config.admin.listen = std::get<std::string>(value);
  auto address = ParseListenAddress(config.admin.listen);
  config.admin.host = address.ok() ? std::move(address->host) : std::string();
  config.admin.port = address.ok() ? address->port : std::uint16_t{0};
}

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(admin.token)>(
        "admin.token",
        "The admin token, which opens the admin API and the dashboard. A secret, never in this "
        "file: set LARDER_ADMIN_TOKEN, or name a file with token_file.")
        .Normalised(&NormaliseToken)
        .Environment("LARDER_ADMIN_TOKEN")
        .Secret(),
    PlainRow<LARDER_AT(admin_token_file)>(
        "admin.token_file",
        "File that holds the admin token; LARDER_ADMIN_TOKEN goes before it. Empty = none: admin "
        "API and dashboard are then open, which is allowed on loopback only.")
        .Normalised(&PlainText)
        .Environment("LARDER_ADMIN_TOKEN_FILE"),
    PlainRow<LARDER_AT(admin.listen)>(
        "admin.listen",
        "HOST:PORT of an address of its own for admin API, dashboard and metrics, which "
        "server.listen "
        "then has no more; with the same certificate. Empty = at server.listen.")
        .Normalised(&NormaliseAdminListen)
        .SetBy(&SetAdminListen)
        .Environment("LARDER_ADMIN_LISTEN"),
    PlainRow<LARDER_AT(admin.allowed_hosts)>(
        "admin.allowed_hosts",
        "Host names under which browsers may reach admin API and dashboard, besides localhost, "
        "loopback and the listening address; without scheme and port.")
        .Normalised(&NormaliseHost)
        .Environment("LARDER_ADMIN_ALLOWED_HOSTS")
        .Live(),
    PlainRow<LARDER_AT(callers.require_key)>(
        "admin.require_client_key",
        "Only keys that this server gave out (larder keys create) may call the API; else whoever "
        "reaches it may, with a credential of the provider's."),
    NumberRow<void, LARDER_AT(telemetry.max_event_streams)>(
        "admin.max_event_streams", 0, 10'000, "streams",
        "Live tails of requests (/admin/v1/events) open at a time; the next is answered 503."),
    NumberRow<void, LARDER_AT(cache_admin.max_jobs)>(
        "admin.max_jobs", 1, 64, "jobs",
        "Most purges, exports, imports and warmings at once; one more is refused."),
    BytesRow<LARDER_AT(cache_admin.import_line_bytes)>(
        "admin.import_line_bytes", 64 * kKiB, kGiB,
        "Longest line of an import; a longer one ends it."),
    SecondsRow<LARDER_AT(admin.sessions.lifetime)>(
        "admin.session_lifetime_s", 60, 90 * kDay,
        "How long a login to the dashboard lasts; another admin token ends all of them."),
    NumberRow<void, LARDER_AT(admin.sessions.most)>(
        "admin.max_sessions", 1, 100'000, "sessions",
        "Logins to the dashboard at a time; one more ends the one that would end first."),
    NumberRow<void, LARDER_AT(admin.login_limit.per_minute)>(
        "admin.login_attempts_per_minute", 1, 10'000, "logins",
        "Wrong tokens that an address may enter within a minute, and a tenth of what all may "
        "together; then logins are refused with 429. Programs may be wrong ten times as often."),
    PlainRow<LARDER_AT(admin.oidc.issuer)>(
        "admin.oidc_issuer",
        "An OpenID Connect provider through which people may log in to the dashboard, as its "
        "discovery document names itself, such as \"https://accounts.google.com\"; empty = none.")
        .Normalised(&NormaliseOidcUrl),
    PlainRow<LARDER_AT(admin.oidc.client_id)>("admin.oidc_client_id",
                                              "What the OpenID provider calls this server.")
        .Normalised(&PlainText),
    PlainRow<LARDER_AT(admin.oidc.client_secret)>(
        "admin.oidc_client_secret",
        "What proves to the OpenID provider that this server is the client. A secret, never in "
        "this "
        "file: name a variable that holds it with oidc_client_secret_env, or a file with "
        "oidc_client_secret_file. Neither: a public client, which PKCE protects.")
        .Secret(),
    PlainRow<LARDER_AT(admin.oidc.client_secret_env)>(
        "admin.oidc_client_secret_env",
        "Name of the environment variable that holds the client's secret; empty = none.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_AT(admin.oidc.client_secret_file)>(
        "admin.oidc_client_secret_file", "File that holds the client's secret; empty = none.")
        .Normalised(&PlainText),
    PlainRow<LARDER_AT(admin.oidc.redirect_url)>(
        "admin.oidc_redirect_url",
        "Where the OpenID provider sends the browser back to, as registered there: the address of "
        "this server as browsers know it, and /dashboard/oidc/callback.")
        .Normalised(&NormaliseOidcUrl),
    PlainRow<LARDER_AT(admin.oidc.allowed)>(
        "admin.oidc_allowed",
        "Who may in of those whom the OpenID provider knows: patterns of e-mail addresses that it "
        "has verified (\"*@example.com\"), or of subjects behind \"sub:\". Nobody else.")
        .Normalised(&NonEmptyText),
    PlainRow<LARDER_AT(admin.oidc.ca_file)>(
        "admin.oidc_ca_file",
        "PEM file with the certificates that the OpenID provider's is checked against; empty = the "
        "system's.")
        .Normalised(&PlainText),
    NumberRow<void, LARDER_AT(admin.oidc.most_logins)>(
        "admin.oidc_max_logins", 1, 100'000, "logins",
        "Logins that wait for the OpenID provider at a time; one more gives up the oldest."),
};

}  // namespace

std::span<const Setting> AdminSettings() {
  return kRows;
}

}  // namespace larder

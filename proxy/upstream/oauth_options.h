// What can be set of an upstream that is asked with access tokens of OAuth 2: who asks for them,
// and where. Thread-safety: values.
#pragma once

#include <chrono>
#include <string>

namespace larder {

// How a client shows its secret to the token endpoint (RFC 6749, section 2.3.1).
enum class OAuthClientAuth {
  kBasic,  // in Authorization
  kPost,   // in the form
};

// What Google's JSON key of a service account says. Empty members where there is none.
struct ServiceAccount {
  std::string client_email;
  std::string private_key_id;
  std::string private_key;  // PEM
  std::string token_url;
};

struct OAuthOptions {
  static constexpr std::chrono::seconds kMaxRefreshAhead{3600};

  // Where tokens come from; empty: where `service_account` says.
  std::string token_url;
  // Client credentials (RFC 6749, section 4.4).
  std::string client_id;
  std::string client_secret;
  OAuthClientAuth auth = OAuthClientAuth::kBasic;
  // A service account's signed assertion (RFC 7523) goes instead, when it has a client_email.
  ServiceAccount service_account;
  std::string scope;     // names with spaces between; empty: what the endpoint gives by itself
  std::string audience;  // a parameter of that name; of an assertion, its audience (token_url)
  std::string revocation_url;  // RFC 7009; empty: tokens are forgotten, not revoked
  // Where the configuration had the secrets from: a variable's name, paths.
  std::string client_secret_env;
  std::string client_secret_file;
  std::string service_account_file;

  std::string ca_file;                        // PEM, for the token endpoint; empty = system's
  std::chrono::milliseconds timeout{10'000};  // for one answer of the token endpoint
  std::chrono::seconds refresh_ahead{300};    // before a token's end; at most a fifth of its life

  // Where to ask; empty: no tokens are used.
  const std::string& endpoint() const {
    return token_url.empty() ? service_account.token_url : token_url;
  }
  bool enabled() const { return !endpoint().empty(); }
};

}  // namespace larder

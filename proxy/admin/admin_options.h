// What can be set of the access to the admin API and the dashboard. The configuration fills it.
// Thread-safety: values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace larder {

struct AdminSessionsOptions {
  std::chrono::seconds lifetime{12 * 3600};
  std::size_t most = 1000;  // at a time; beyond it the one that ends first goes
};

struct LoginLimitOptions {
  // Failures within a minute: of one address, and ten times as many of all together.
  std::size_t per_minute = 10;
};

// A login through an OpenID provider; none without an issuer.
struct OidcOptions {
  std::string issuer;         // exactly as the provider's tokens name it
  std::string client_id;      // what the provider calls this server
  std::string client_secret;  // empty: a public client
  std::string client_secret_env;
  std::string client_secret_file;
  std::string redirect_url;  // ".../dashboard/oidc/callback", as registered with the provider
  // Who may in: patterns of verified e-mail addresses, and with "sub:" before them of subjects.
  std::vector<std::string> allowed;
  std::string ca_file;             // PEM; empty = the system's
  std::size_t most_logins = 1000;  // under way; beyond it the oldest is given up

  bool enabled() const { return !issuer.empty(); }
};

struct AdminOptions {
  std::string token;  // empty, and no OpenID provider: open, which is allowed on loopback only
  std::vector<std::string>
      allowed_hosts;   // names besides localhost, loopback and the listening address
  std::string listen;  // HOST:PORT of its own; empty: the API's
  std::string host;    // `listen`, taken apart
  std::uint16_t port = 0;
  AdminSessionsOptions sessions;
  LoginLimitOptions login_limit;
  OidcOptions oidc;

  bool open() const { return token.empty() && !oidc.enabled(); }
};

}  // namespace larder

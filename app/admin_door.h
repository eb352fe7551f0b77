// AdminDoor: who may use the admin API and the dashboard, and how they log in: sessions, access,
// the login's pages and, when one is configured, the OpenID provider with the connections to it.
// Thread-safety: made and started before the first request; Abort from any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/log.h"
#include "config/config.h"
#include "proxy/admin/access.h"
#include "proxy/admin/login_handler.h"
#include "proxy/upstream/curl_engine.h"
#include "proxy/upstream/plain_engine.h"

namespace larder {

// How an OpenID provider is reached, and logins through it.
class OidcConnection {
 public:
  // Null when none is configured. `clock` outlives it. Errors: those of CurlEngine::Start.
  static Result<std::unique_ptr<OidcConnection>> Create(const OidcOptions& options,
                                                        const Clock& clock);
  OidcLogin& login() { return login_; }
  // Logins under way fail, and each later one.
  void Abort();

 private:
  OidcConnection(const OidcOptions& options, std::unique_ptr<CurlEngine> https, const Clock& clock);

  std::unique_ptr<CurlEngine> https_;
  PlainEngine http_;
  OidcLogin login_;
};

class AdminDoor {
 public:
  // `secret` is this server's own. `store` holds Family::kSessions. All but `config` and `secret`
  // outlive it.
  AdminDoor(const Config& config, std::string_view secret, std::unique_ptr<OidcConnection> oidc,
            Store& store, const Clock& clock, Log& log);

  // Reads the sessions; what goes wrong is logged.
  void Start();
  void Abort() {
    if (oidc_ != nullptr) oidc_->Abort();
  }

  AdminSessions& sessions() { return sessions_; }
  AdminAccess& access() { return access_; }
  LoginHandler& login() { return login_; }

 private:
  Log& log_;
  std::unique_ptr<OidcConnection> oidc_;
  AdminSessions sessions_;
  AdminAccess access_;
  LoginHandler login_;
};

}  // namespace larder

// OidcLogin: logging in through an OpenID provider: authorization code with PKCE (S256), state and
// nonce. Source: OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9700 (best current practice);
// RFC 9207 (the issuer in the answer). Thread-safe; waits for the provider.
#pragma once

#include <string>
#include <string_view>

#include "proxy/admin/id_token.h"
#include "proxy/admin/oidc_provider.h"
#include "proxy/admin/oidc_states.h"

namespace larder {

class OidcLogin {
 public:
  // `clock` and the transports outlive it. `options` are enabled.
  OidcLogin(OidcOptions options, OidcProvider::Transports transports, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        provider_(options_, transports, clock),
        states_(options_.most_logins, clock) {}

  struct Begun {
    std::string url;      // of the provider: the browser goes there
    std::string browser;  // the value of a cookie that has to come back with it
  };
  // `view`: where in the dashboard it leads. Errors: those of OidcProvider::Describe.
  Result<Begun> Begin(std::string view);

  struct Done {
    std::string subject;  // the verified e-mail address, or "sub:" and the subject
    std::string view;
  };
  // `query` is what the provider sent the browser back with, `browser` the cookie's value. Errors:
  // kUnauthenticated (no login of this browser's, the provider refused, a token that is not to be
  // believed), kForbidden (somebody who is not allowed), and those of OidcProvider.
  Result<Done> Finish(std::string_view query, std::string_view browser);

  // "accounts.example.com": the issuer's host, for people.
  std::string provider_name() const;

 private:
  Result<Identity> IdentityOf(const std::string& token, const OidcState& state);

  const OidcOptions options_;
  const Clock& clock_;
  OidcProvider provider_;
  OidcStates states_;
};

}  // namespace larder

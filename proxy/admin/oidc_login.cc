#include "proxy/admin/oidc_login.h"

#include "base/base64url.h"
#include "proxy/http/message.h"
#include "proxy/http/percent_encode.h"

namespace larder {
namespace {

// Of a request that may come from anywhere: nothing longer is a code or a state.
constexpr std::size_t kMaxCodeBytes = 4096;

Error Refused(std::string message) {
  return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kDownstream, std::move(message)};
}

}  // namespace

std::string OidcLogin::provider_name() const {
  const std::string_view rest =
      std::string_view(options_.issuer).substr(options_.issuer.find("://") + 3);
  return std::string(rest.substr(0, rest.find('/')));
}

Result<OidcLogin::Begun> OidcLogin::Begin(std::string view) {
  LARDER_ASSIGN_OR_RETURN(const OidcDescription provider, provider_.Describe());
  OidcStates::Begun begun = states_.Begin(std::move(view));
  const std::string challenge = ToBase64Url(AsBytes(Sha256Of(begun.kept.code_verifier)));
  const std::pair<std::string_view, std::string_view> parameters[] = {
      {"response_type", "code"},
      {"client_id", options_.client_id},
      {"redirect_uri", options_.redirect_url},
      {"scope", "openid email"},
      {"state", begun.state},
      {"nonce", begun.kept.nonce},
      {"code_challenge", challenge},
      {"code_challenge_method", "S256"}};
  std::string url = provider.authorization_url;
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : parameters) {
    url += separator + std::string(name) + "=" + PercentEncode(value);
    separator = '&';
  }
  return Begun{std::move(url), std::move(begun.browser)};
}

Result<OidcLogin::Done> OidcLogin::Finish(std::string_view query, std::string_view browser) {
  // Whatever comes of it, the state is used up.
  const auto state = states_.Take(QueryParameter(query, "state").value_or(""), browser);
  if (!state) {
    return Refused(
        "this login was not begun by this browser, took longer than ten minutes, or was finished "
        "before; log in again");
  }
  if (QueryParameter(query, "iss").value_or(options_.issuer) != options_.issuer) {
    return Refused("the answer is another provider's; log in again");
  }
  if (QueryParameter(query, "error")) return Refused("the provider did not let you in");
  const std::string code = QueryParameter(query, "code").value_or("");
  if (code.empty() || code.size() > kMaxCodeBytes)
    return Refused("the provider's answer lacks its code");
  LARDER_ASSIGN_OR_RETURN(const std::string token,
                          provider_.IdTokenFor(code, state->code_verifier));
  LARDER_ASSIGN_OR_RETURN(const Identity identity, IdentityOf(token, *state));
  if (!IsAllowed(options_.allowed, identity)) {
    return Error{ErrorCode::kForbidden, ErrorOrigin::kDownstream,
                 "the provider knows you, but you are not among those who may in here "
                 "(admin.oidc_allowed)"};
  }
  return Done{identity.email.empty() ? "sub:" + identity.subject : identity.email, state->view};
}

Result<Identity> OidcLogin::IdentityOf(const std::string& token, const OidcState& state) {
  const IdTokenRules rules{options_.issuer, options_.client_id, state.nonce};
  LARDER_ASSIGN_OR_RETURN(const JwkSet keys, provider_.Keys(false));
  auto identity = VerifyIdToken(token, keys, rules, clock_.Now());
  if (identity.ok() || identity.error().code != ErrorCode::kNotFound) return identity;
  // The provider may have changed its keys since.
  LARDER_ASSIGN_OR_RETURN(const JwkSet newer, provider_.Keys(true));
  identity = VerifyIdToken(token, newer, rules, clock_.Now());
  if (!identity.ok() && identity.error().code == ErrorCode::kNotFound) {
    return Refused(identity.error().message);
  }
  return identity;
}

}  // namespace larder

#include "proxy/access/callers.h"

#include "proxy/credential_fields.h"
#include "proxy/forwarding.h"

namespace larder {

Result<Callers::Caller> Callers::Identify(std::string_view credential) const {
  std::string_view secret = ClientSecretIn(credential);
  // A key of the configuration may begin with anything.
  const bool only_own = keys_.is_required();
  if (secret.empty() && only_own) secret = FirstSecretIn(credential);
  if (!secret.empty()) {
    LARDER_ASSIGN_OR_RETURN(auto key, keys_.Find(secret));
    return Caller{partitioner_.OfTenant(key->tenant), std::move(key)};
  }
  if (options_.require_key || only_own) {
    return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kDownstream,
                 "this server wants a key of its own (Authorization: Bearer KEY): ask whoever runs "
                 "it for one"};
  }
  return Caller{partitioner_.OfCredential(credential)};
}

Result<Callers::Caller> Callers::Admit(Headers& headers, std::string_view query) const {
  LARDER_ASSIGN_OR_RETURN(Caller caller, Identify(CredentialOf(headers, query)));
  if (caller.key != nullptr) RemoveCredentials(headers);
  return caller;
}

}  // namespace larder

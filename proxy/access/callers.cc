#include "proxy/access/callers.h"

#include "proxy/credential_fields.h"
#include "proxy/forwarding.h"

namespace larder {

Result<Callers::Caller> Callers::Identify(std::string_view credential) const {
  if (const std::string_view secret = ClientSecretIn(credential); !secret.empty()) {
    LARDER_ASSIGN_OR_RETURN(const std::string tenant, keys_.TenantOf(secret));
    return Caller{partitioner_.OfTenant(tenant), true};
  }
  if (options_.require_key) {
    return Error{ErrorCode::kUnauthenticated, ErrorOrigin::kDownstream,
                 "this server wants a key that it gave out (Authorization: Bearer lk_...)"};
  }
  return Caller{partitioner_.OfCredential(credential), false};
}

Result<Callers::Caller> Callers::Admit(Headers& headers, std::string_view query) const {
  LARDER_ASSIGN_OR_RETURN(Caller caller, Identify(CredentialOf(headers, query)));
  if (caller.by_client_key) RemoveCredentials(headers);
  return caller;
}

}  // namespace larder

#include "proxy/upstream/service_account.h"

#include "proxy/json/json.h"
#include "proxy/upstream/rs256_key.h"

namespace larder {

Result<ServiceAccount> ParseServiceAccount(std::string_view json) {
  const auto document = JsonDocument::Parse(json);
  if (!document.ok() || StringMember(document->root(), "type") != "service_account") {
    return InvalidArgument(
        "is no JSON key of a service account (\"type\": \"service_account\"); create one in "
        "Google's console");
  }
  const auto member = [&](std::string_view name) {
    return std::string(StringMember(document->root(), name).value_or(""));
  };
  ServiceAccount account{.client_email = member("client_email"),
                         .private_key_id = member("private_key_id"),
                         .private_key = member("private_key"),
                         .token_url = member("token_uri")};
  if (account.client_email.empty()) return InvalidArgument("has no client_email");
  if (const auto key = Rs256Key::Parse(account.private_key); !key.ok()) {
    return InvalidArgument("has a private_key that " + key.error().message);
  }
  return account;
}

}  // namespace larder

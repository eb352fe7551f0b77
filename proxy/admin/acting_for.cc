#include "proxy/admin/acting_for.h"

#include <algorithm>

#include "proxy/cache_directives.h"
#include "proxy/credential_fields.h"
#include "proxy/forwarding.h"

namespace larder {

Result<ActingFor> ActFor(const Request& request, const Callers& callers,
                         std::span<const std::string> key_headers) {
  Headers headers = request.headers;
  headers.RemoveIf([&](const Headers::Field& field) {
    std::string name = field.first;
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return !AlwaysKeyed(name) &&
           std::find(key_headers.begin(), key_headers.end(), name) == key_headers.end();
  });
  RemoveCredentials(headers);
  if (const auto credential = request.headers.Find("x-larder-authorization")) {
    headers.Set("authorization", std::string(*credential));
  }
  Headers directives;
  if (const auto name_space = request.headers.Find("x-larder-namespace")) {
    directives.Add("x-larder-namespace", std::string(*name_space));
  }
  LARDER_ASSIGN_OR_RETURN(auto parsed, ParseCacheDirectives(directives));
  LARDER_ASSIGN_OR_RETURN(auto caller, callers.Admit(headers, {}));
  return ActingFor{std::move(headers), std::move(caller.partition), std::move(parsed.name_space),
                   std::move(caller.key)};
}

}  // namespace larder

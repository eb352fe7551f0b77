#include "proxy/credential_fields.h"

#include <algorithm>

#include "proxy/http/message.h"

namespace larder {

namespace {

std::string WithoutKeys(std::string_view protocols) {
  constexpr std::string_view kKeyItem = "openai-insecure-api-key.";
  std::string kept;
  while (!protocols.empty()) {
    const std::string_view item = protocols.substr(0, protocols.find(','));
    protocols.remove_prefix(std::min(protocols.size(), item.size() + 1));
    const std::string_view name = TrimOws(item);
    if (EqualsIgnoreCase(name.substr(0, kKeyItem.size()), kKeyItem)) continue;
    if (!kept.empty()) kept += ", ";
    kept += name;
  }
  return kept;
}

}  // namespace

void RemoveCredentials(Headers& headers) {
  for (const std::string_view name : kCredentialFields) headers.Remove(name);
  headers.Remove("cookie");
  if (!headers.Has("sec-websocket-protocol")) return;
  const std::string protocols = WithoutKeys(headers.Joined("sec-websocket-protocol"));
  headers.Remove("sec-websocket-protocol");
  if (!protocols.empty()) headers.Add("sec-websocket-protocol", protocols);
}

std::string WithoutCredentials(std::string_view path_and_query) {
  const std::size_t mark = path_and_query.find('?');
  std::string kept(path_and_query.substr(0, mark));
  if (mark == std::string_view::npos) return kept;
  std::string_view query = path_and_query.substr(mark + 1);
  char separator = '?';
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string name = PercentDecode(pair.substr(0, pair.find('=')), true);
    if (std::ranges::find(kCredentialParameters, name) != kCredentialParameters.end()) continue;
    kept += separator;
    kept += pair;
    separator = '&';
  }
  return kept;
}

}  // namespace larder

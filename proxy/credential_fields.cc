#include "proxy/credential_fields.h"

#include <algorithm>

#include "proxy/http/message.h"

namespace larder {

namespace {

struct Protocols {
  std::string keys;   // of the items that carry one
  std::string other;  // the other items
};
Protocols TakeApart(std::string_view protocols) {
  constexpr std::string_view kKeyItem = "openai-insecure-api-key.";
  Protocols apart;
  while (!protocols.empty()) {
    const std::string_view item = protocols.substr(0, protocols.find(','));
    protocols.remove_prefix(std::min(protocols.size(), item.size() + 1));
    const std::string_view name = TrimOws(item);
    const bool is_key = EqualsIgnoreCase(name.substr(0, kKeyItem.size()), kKeyItem);
    std::string& list = is_key ? apart.keys : apart.other;
    if (!list.empty()) list += ", ";
    list += is_key ? name.substr(kKeyItem.size()) : name;
  }
  return apart;
}

}  // namespace

void RemoveCredentials(Headers& headers) {
  for (const std::string_view name : kCredentialFields) headers.Remove(name);
  headers.Remove("cookie");
  if (!headers.Has("sec-websocket-protocol")) return;
  const Protocols protocols = TakeApart(headers.Joined("sec-websocket-protocol"));
  headers.Remove("sec-websocket-protocol");
  if (!protocols.other.empty()) headers.Add("sec-websocket-protocol", protocols.other);
}

std::string KeyAmongProtocols(const Headers& headers) {
  if (!headers.Has("sec-websocket-protocol")) return {};
  return TakeApart(headers.Joined("sec-websocket-protocol")).keys;
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
    const auto is_it = [&](std::string_view one) { return EqualsIgnoreCase(one, name); };
    if (std::ranges::any_of(kCredentialParameters, is_it)) continue;
    kept += separator;
    kept += pair;
    separator = '&';
  }
  return kept;
}

}  // namespace larder

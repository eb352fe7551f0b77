#include "proxy/http/hop_by_hop.h"

#include <algorithm>
#include <array>

namespace larder {
namespace {

constexpr std::array<std::string_view, 9> kAlways = {"connection",
                                                     "keep-alive",
                                                     "proxy-connection",
                                                     "proxy-authenticate",
                                                     "proxy-authorization",
                                                     "te",
                                                     "trailer",
                                                     "transfer-encoding",
                                                     "upgrade"};

}  // namespace

bool HopByHop::Has(std::string_view name) const {
  if (std::any_of(kAlways.begin(), kAlways.end(),
                  [&](std::string_view one) { return EqualsIgnoreCase(one, name); })) {
    return true;
  }
  return Lists(name);
}

bool HopByHop::Lists(std::string_view name) const {
  std::string_view rest = listed_;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    if (EqualsIgnoreCase(TrimOws(item), name)) return true;
  }
  return false;
}

void RemoveHopByHop(Headers& headers) {
  const HopByHop hop_by_hop(headers);
  headers.RemoveIf([&](const Headers::Field& field) { return hop_by_hop.Has(field.first); });
}

void RemoveListedInConnection(Headers& headers) {
  const HopByHop hop_by_hop(headers);
  headers.RemoveIf([&](const Headers::Field& field) {
    return hop_by_hop.Lists(field.first) && !EqualsIgnoreCase(field.first, "upgrade");
  });
}

}  // namespace larder

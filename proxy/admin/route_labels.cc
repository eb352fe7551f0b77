#include "proxy/admin/route_labels.h"

#include <algorithm>

namespace larder {

std::string_view RouteLabels::Bound(std::string_view route) {
  static constexpr std::string_view kOther = "other";
  MutexLock lock(mutex_);
  const auto known = known_.find(route);
  if (known != known_.end()) return *known;
  const bool well_formed =
      !route.empty() && route.size() <= 32 && std::all_of(route.begin(), route.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!well_formed || known_.size() >= kLimit) return kOther;
  return *known_.emplace(route).first;
}

}  // namespace larder

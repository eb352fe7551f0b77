// Whose traffic: what rows of roll-ups are named by, and which of them a reader wants.
// Thread-safety: values.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace larder {

// Views live for the call, or as long as what they were made of.
struct RowKey {
  std::string_view model;      // clean, at most Rollup::kModelBytes; empty: a request without one
  std::string_view partition;  // 8 digits
  std::string_view route;      // bounded by RouteLabels
  auto operator<=>(const RowKey&) const = default;
};

// An empty string is no condition.
struct TrafficFilter {
  std::string model;
  std::string partition;
  std::string route;

  bool empty() const { return model.empty() && partition.empty() && route.empty(); }
  bool Matches(const RowKey& key) const {
    return (model.empty() || model == key.model) &&
           (partition.empty() || partition == key.partition) &&
           (route.empty() || route == key.route);
  }
};

}  // namespace larder

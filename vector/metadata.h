// Metadata: what a point is found by beside its vector, flattened: one field for each dotted path.
// {"a": {"b": 1}, "tags": ["x", "y"]} is a.b = [1] and tags = ["x", "y"]. Values.
#pragma once

#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace larder {

using MetadataValue = std::variant<double, bool, std::string>;

// A copy. What the copy constructor of GCC 12's std::variant does when the string in it is refused
// memory is undefined: it destroys a string that was never made. Throws std::bad_alloc.
inline MetadataValue CopyOf(const MetadataValue& value) {
  return std::visit(
      [](const auto& one) {
        return MetadataValue(std::in_place_type<std::decay_t<decltype(one)>>, one);
      },
      value);
}
inline std::vector<MetadataValue> CopyOf(std::span<const MetadataValue> values) {
  std::vector<MetadataValue> copy;
  copy.reserve(values.size());
  for (const MetadataValue& value : values) copy.push_back(CopyOf(value));
  return copy;
}

struct MetadataField {
  std::string path;
  // One value, or the items of a list; at least one. null and objects within lists are no values.
  std::vector<MetadataValue> values;
  bool operator==(const MetadataField&) const = default;
};

using Metadata = std::vector<MetadataField>;  // each path at most once

}  // namespace larder

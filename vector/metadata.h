// Metadata: what a point is found by beside its vector, flattened: one field for each dotted path.
// {"a": {"b": 1}, "tags": ["x", "y"]} is a.b = [1] and tags = ["x", "y"]. Values.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace larder {

using MetadataValue = std::variant<double, bool, std::string>;

struct MetadataField {
  std::string path;
  // One value, or the items of a list; at least one. null and objects within lists are no values.
  std::vector<MetadataValue> values;
  bool operator==(const MetadataField&) const = default;
};

using Metadata = std::vector<MetadataField>;  // each path at most once

}  // namespace larder

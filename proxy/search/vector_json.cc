#include "proxy/search/vector_json.h"

#include <algorithm>
#include <cmath>

namespace larder {

Result<std::vector<float>> ParseVector(JsonElement list, const std::string& name) {
  JsonArray items;
  if (list.get(items) != simdjson::SUCCESS) {
    return InvalidArgument(name + " must be a list of numbers", name);
  }
  std::vector<float> vector;
  vector.reserve(items.size());
  for (const JsonElement item : items) {
    double value = 0;
    if (item.get(value) != simdjson::SUCCESS || !std::isfinite(static_cast<float>(value))) {
      const std::string place = name + "[" + std::to_string(vector.size()) + "]";
      return InvalidArgument(place + " is not a number that float32 can hold", place);
    }
    vector.push_back(static_cast<float>(value));
  }
  return vector;
}

Status CheckVector(const std::vector<float>& vector, std::size_t dimensions, Metric metric,
                   const std::string& name) {
  if (vector.empty()) return InvalidArgument(name + " must not be empty", name);
  if (dimensions != 0 && vector.size() != dimensions) {
    return InvalidArgument(name + " must have " + std::to_string(dimensions) + " numbers, has " +
                               std::to_string(vector.size()),
                           name);
  }
  if (metric == Metric::kCosine &&
      std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; })) {
    return InvalidArgument(name + " must not be all zero where the metric is cosine", name);
  }
  return {};
}

}  // namespace larder

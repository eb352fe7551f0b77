#include "proxy/search/point_json.h"

namespace larder {

void WriteVector(std::span<const float> vector, std::string_view key, JsonWriter& json) {
  std::string numbers = "[";
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (i > 0) numbers += ',';
    AppendJsonNumber(vector[i], numbers);
  }
  numbers += ']';
  json.Key(key).Raw(numbers);
}

void WriteMetadata(const NewPoint& point, std::string_view key, JsonWriter& json) {
  json.Key(key);
  point.metadata.empty() ? json.Null() : json.Raw(point.metadata);
}

}  // namespace larder

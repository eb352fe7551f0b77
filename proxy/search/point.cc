#include "proxy/search/point.h"

#include <cmath>

#include "proxy/json/json.h"
#include "proxy/search/metadata_json.h"

namespace larder {
namespace {

Status CheckValues(const std::vector<float>& values, std::size_t dimensions, Metric metric,
                   const std::string& param) {
  if (values.size() != dimensions) {
    return InvalidArgument("a point of this collection has " + std::to_string(dimensions) +
                               " values, got " + std::to_string(values.size()),
                           param);
  }
  bool all_zero = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return InvalidArgument(
          "value " + std::to_string(i) + " is not a number that float32 can hold", param);
    }
    all_zero = all_zero && values[i] == 0;
  }
  if (all_zero && metric == Metric::kCosine) {
    return InvalidArgument("values must not be all zero: such a vector has no direction", param);
  }
  return {};
}

}  // namespace

Result<Metadata> FieldsOf(std::string_view metadata_json, const std::string& name_space) {
  Metadata fields;
  if (!metadata_json.empty()) {
    auto document = JsonDocument::Parse(metadata_json);
    if (!document.ok()) return InvalidArgument("metadata must be a JSON object", "metadata");
    LARDER_ASSIGN_OR_RETURN(fields, FlattenMetadata(document->root()));
  }
  if (!name_space.empty()) fields.push_back({std::string(kNamespaceField), {name_space}});
  return fields;
}

Result<Metadata> CheckPoint(const NewPoint& point, std::size_t dimensions, Metric metric,
                            const std::string& param) {
  if (point.id.empty() || point.id.size() > kMaxPointIdBytes) {
    return InvalidArgument(
        "a point's id must be 1 to 512 bytes long, got " + std::to_string(point.id.size()),
        param + ".id");
  }
  LARDER_RETURN_IF_ERROR(CheckValues(point.values, dimensions, metric, param + ".values"));
  if (point.text.size() > kMaxPointTextBytes) {
    return InvalidArgument("a point's text must be at most 1 MiB long", param + ".text");
  }
  if (point.name_space.size() > kMaxPointNamespaceBytes) {
    return InvalidArgument("a point's namespace must be at most 128 bytes long",
                           param + ".namespace");
  }
  auto fields = FieldsOf(point.metadata, point.name_space);
  if (fields.ok()) return fields;
  Error error = fields.error();
  error.param = param + "." + (error.param.empty() ? "metadata" : error.param);
  return error;
}

}  // namespace larder

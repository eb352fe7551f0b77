#include "proxy/search/metadata_json.h"

#include <algorithm>
#include <cmath>

namespace larder {
namespace {

std::string Param(const std::string& path) {
  return path.empty() ? "metadata" : "metadata." + path;
}

std::vector<MetadataValue> ValuesOf(JsonElement element) {
  std::vector<MetadataValue> values;
  JsonArray items;
  if (element.get(items) == simdjson::SUCCESS) {
    for (const JsonElement item : items) {
      if (auto value = ScalarOf(item)) values.push_back(std::move(*value));
    }
  } else if (auto value = ScalarOf(element)) {
    values.push_back(std::move(*value));
  }
  return values;
}

Status Flatten(JsonObject object, const std::string& prefix, std::size_t depth, Metadata& fields) {
  if (depth > kMaxMetadataDepth) {
    return InvalidArgument("metadata must have at most " + std::to_string(kMaxMetadataDepth) +
                               " objects within each other",
                           Param(prefix));
  }
  for (const auto member : object) {
    if (member.key.empty() || member.key.front() == '$' ||
        member.key.find('"') != std::string_view::npos) {
      return InvalidArgument("a key must not be empty, begin with $ or hold a \"", Param(prefix));
    }
    const std::string path =
        prefix.empty() ? std::string(member.key) : prefix + "." + std::string(member.key);
    JsonObject inner;
    if (member.value.get(inner) == simdjson::SUCCESS) {
      LARDER_RETURN_IF_ERROR(Flatten(inner, path, depth + 1, fields));
    } else if (auto values = ValuesOf(member.value); !values.empty()) {
      fields.push_back({path, std::move(values)});
    }
  }
  return {};
}

}  // namespace

std::optional<MetadataValue> ScalarOf(JsonElement element) {
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) return std::string(text);
  bool flag = false;
  if (element.get(flag) == simdjson::SUCCESS) return flag;
  double number = 0;
  if (element.get(number) == simdjson::SUCCESS && std::isfinite(number)) return number;
  return std::nullopt;
}

Result<Metadata> FlattenMetadata(JsonElement object) {
  JsonObject members;
  if (object.get(members) != simdjson::SUCCESS) {
    return InvalidArgument("metadata must be an object", "metadata");
  }
  if (const std::size_t size = simdjson::minify(object).size(); size > kMaxMetadataBytes) {
    return InvalidArgument("metadata must have at most " + std::to_string(kMaxMetadataBytes) +
                               " bytes as compact JSON, has " + std::to_string(size),
                           "metadata");
  }
  Metadata fields;
  LARDER_RETURN_IF_ERROR(Flatten(members, "", 1, fields));
  std::vector<std::string_view> paths;
  for (const MetadataField& field : fields) paths.push_back(field.path);
  std::sort(paths.begin(), paths.end());
  if (const auto twice = std::adjacent_find(paths.begin(), paths.end()); twice != paths.end()) {
    return InvalidArgument("the path occurs twice", Param(std::string(*twice)));
  }
  return fields;
}

}  // namespace larder

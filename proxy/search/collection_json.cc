#include "proxy/search/collection_json.h"

#include <array>

#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 5> kFields = {"dimensions", "metric", "model", "storage",
                                                     "description"};

std::int64_t UnixSeconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

Result<CollectionSpec> ParseCollectionSpec(const std::string& name, std::string_view body) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, kFields));
  const JsonElement root = document.root();
  CollectionSpec spec;
  spec.name = name;
  if (!GivenMember(root, "dimensions")) {
    return InvalidArgument("dimensions must say how many numbers a vector has", "dimensions");
  }
  LARDER_ASSIGN_OR_RETURN(
      const std::int64_t dimensions,
      WholeMember(root, "dimensions", 1, static_cast<std::int64_t>(kMaxDimensions), 0));
  spec.dimensions = static_cast<std::size_t>(dimensions);
  if (GivenMember(root, "metric")) {
    const auto metric = MetricFromName(StringMember(root, "metric").value_or(""));
    if (!metric) return InvalidArgument("metric must be cosine, dot or euclidean", "metric");
    spec.metric = *metric;
  }
  spec.storage = UsualStorage(spec.metric);
  if (GivenMember(root, "storage")) {
    const auto storage = StorageFromName(StringMember(root, "storage").value_or(""));
    if (!storage) return InvalidArgument("storage must be int8, bf16 or float32", "storage");
    spec.storage = *storage;
  }
  LARDER_ASSIGN_OR_RETURN(spec.model, TextMember(root, "model"));
  LARDER_ASSIGN_OR_RETURN(spec.description, TextMember(root, "description"));
  LARDER_RETURN_IF_ERROR(CheckSpec(spec));
  return spec;
}

void WriteCollection(const CollectionInfo& info, JsonWriter& json) {
  const CollectionSpec& spec = info.spec;
  json.BeginObject()
      .Member("object", "collection")
      .Member("name", spec.name)
      .Member("dimensions", spec.dimensions)
      .Member("metric", MetricName(spec.metric))
      .Member("storage", StorageName(spec.storage))
      .Key("model");
  spec.model.empty() ? json.Null() : json.String(spec.model);
  json.Key("description");
  spec.description.empty() ? json.Null() : json.String(spec.description);
  json.Member("points", info.points)
      .Member("sequence", info.sequence)
      .Member("memory_bytes", info.memory_bytes)
      .Member("loaded", info.loaded)
      .Member("created_at", UnixSeconds(info.created))
      .Member("modified_at", UnixSeconds(info.modified))
      .EndObject();
}

}  // namespace larder

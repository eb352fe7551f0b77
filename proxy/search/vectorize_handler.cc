#include "proxy/search/vectorize_handler.h"

#include <algorithm>
#include <array>

#include "proxy/json/json_writer.h"
#include "proxy/search/collection_handler.h"
#include "proxy/search/collection_json.h"
#include "proxy/search/request_json.h"
#include "proxy/search/vectorize_reply.h"

namespace larder {
namespace {

constexpr std::size_t kMaxIndexNameBytes = 64;
constexpr std::size_t kMaxIndexedProperties = 10;

struct Preset {
  std::string_view name;
  std::size_t dimensions;
};
constexpr Preset kPresets[] = {{"@cf/baai/bge-small-en-v1.5", 384},
                               {"@cf/baai/bge-base-en-v1.5", 768},
                               {"@cf/baai/bge-large-en-v1.5", 1024},
                               {"openai/text-embedding-ada-002", 1536},
                               {"cohere/embed-multilingual-v2.0", 768}};

std::string_view VectorizeMetricName(Metric metric) {
  return metric == Metric::kDot ? "dot-product" : MetricName(metric);
}

Status ParseConfig(JsonElement config, CollectionSpec& spec) {
  if (const auto preset = GivenMember(config, "preset")) {
    const auto name = StringMember(config, "preset");
    for (const Preset& known : kPresets) {
      if (name == known.name) spec.dimensions = known.dimensions;
    }
    if (spec.dimensions == 0) {
      return InvalidArgument("there is no such preset: give dimensions and a metric",
                             "config.preset");
    }
    return {};
  }
  const auto dimensions =
      WholeMember(config, "dimensions", 1, static_cast<std::int64_t>(kMaxDimensions), 0);
  if (!dimensions.ok()) return dimensions.error();
  if (*dimensions == 0) return InvalidArgument("dimensions must be given", "config.dimensions");
  spec.dimensions = static_cast<std::size_t>(*dimensions);
  const auto metric = MetricFromName(StringMember(config, "metric").value_or(""));
  if (!metric) {
    return InvalidArgument("metric must be cosine, euclidean or dot-product", "config.metric");
  }
  spec.metric = *metric;
  return {};
}

Result<CollectionSpec> ParseIndex(std::string_view body) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, {}));
  const JsonElement root = document.root();
  CollectionSpec spec;
  LARDER_ASSIGN_OR_RETURN(spec.name, TextMember(root, "name"));
  if (spec.name.empty() || spec.name.size() > kMaxIndexNameBytes) {
    return InvalidArgument("name must be a text of 1 to 64 bytes", "name");
  }
  const auto config = GivenMember(root, "config");
  if (!config || !config->is_object()) {
    return InvalidArgument("config must give dimensions and a metric, or a preset", "config");
  }
  LARDER_RETURN_IF_ERROR(ParseConfig(*config, spec));
  spec.storage = UsualStorage(spec.metric);
  LARDER_ASSIGN_OR_RETURN(spec.description, TextMember(root, "description"));
  LARDER_RETURN_IF_ERROR(CheckSpec(spec));
  return spec;
}

void WriteIndex(const CollectionInfo& info, JsonWriter& json) {
  json.BeginObject()
      .Member("name", info.spec.name)
      .Member("description", info.spec.description)
      .Key("config")
      .BeginObject()
      .Member("dimensions", info.spec.dimensions)
      .Member("metric", VectorizeMetricName(info.spec.metric))
      .EndObject()
      .Member("created_on", IsoTime(info.created))
      .Member("modified_on", IsoTime(info.modified))
      .EndObject();
}

std::string RenderDetails(const CollectionInfo& info) {
  JsonWriter json;
  json.BeginObject()
      .Member("dimensions", info.spec.dimensions)
      .Member("vectorCount", info.points)
      .Member("processedUpToDatetime", IsoTime(info.modified))
      .Member("processedUpToMutation", MutationId(info.sequence))
      .EndObject();
  return json.Take();
}

// The indexes after a change that `body` asks for.
using MetadataIndexes = std::vector<std::pair<std::string, std::string>>;
Result<MetadataIndexes> ChangeIndexes(MetadataIndexes indexes, std::string_view body, bool create) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, {}));
  LARDER_ASSIGN_OR_RETURN(const std::string name, TextMember(document.root(), "propertyName"));
  if (name.empty()) return InvalidArgument("propertyName must name a property", "propertyName");
  const auto known = std::find_if(indexes.begin(), indexes.end(),
                                  [&](const auto& index) { return index.first == name; });
  if (!create) {
    if (known == indexes.end()) {
      return InvalidArgument("there is no metadata index of this property", "propertyName");
    }
    indexes.erase(known);
    return indexes;
  }
  LARDER_ASSIGN_OR_RETURN(const std::string type, TextMember(document.root(), "indexType"));
  constexpr std::array<std::string_view, 3> kTypes = {"string", "number", "boolean"};
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    return InvalidArgument("indexType must be string, number or boolean", "indexType");
  }
  if (known != indexes.end()) {
    if (known->second == type) return indexes;
    return InvalidArgument("there is a metadata index of this property, of another type",
                           "indexType");
  }
  if (indexes.size() == kMaxIndexedProperties) {
    return InvalidArgument("an index has at most 10 metadata indexes", "propertyName");
  }
  indexes.emplace_back(name, type);
  return indexes;
}

}  // namespace

Response VectorizeHandler::Handle(const Request& request, std::span<const std::string> segments,
                                  RequestContext& context) {
  const CollectionScope scope = ScopeOf(context);
  const std::string& method = request.method;
  if (segments.empty()) {
    if (method == "POST") return Create(request, scope);
    return method == "GET" ? List(scope) : VectorizeRefuseMethod("GET, POST");
  }
  const std::string& name = segments[0];
  if (segments.size() == 1 && method == "DELETE") return Drop(scope, name);
  const auto info = collections_.Find(scope, name);
  if (!info) return NotFound(name);
  if (segments.size() == 1) {
    if (method != "GET") return VectorizeRefuseMethod("GET, DELETE");
    JsonWriter json;
    WriteIndex(*info, json);
    return VectorizeAnswer(json.str());
  }
  if (segments.size() == 3 && segments[1] == "metadata_index") {
    return HandleMetadataIndex(request, scope, *info, segments[2]);
  }
  if (segments.size() == 2 && segments[1] == "info") {
    return method == "GET" ? VectorizeAnswer(RenderDetails(*info)) : VectorizeRefuseMethod("GET");
  }
  return vectors_.Handle(request, *info, segments.size() == 2 ? segments[1] : "", context);
}

Response VectorizeHandler::Create(const Request& request, const CollectionScope& scope) {
  const auto spec = ParseIndex(request.body);
  if (!spec.ok()) return VectorizeError(spec.error());
  if (collections_.Find(scope, spec->name)) return VectorizeIndexExists(spec->name);
  const auto is_new = collections_.Create(scope, *spec);
  if (!is_new.ok()) return VectorizeError(is_new.error());
  if (!*is_new) return VectorizeIndexExists(spec->name);
  const auto info = collections_.Find(scope, spec->name);
  if (!info) return NotFound(spec->name);  // dropped meanwhile
  JsonWriter json;
  WriteIndex(*info, json);
  return VectorizeAnswer(json.str());
}

Response VectorizeHandler::NotFound(const std::string& name) const {
  const Status usable = collections_.usable();
  return usable.ok() ? VectorizeIndexNotFound(name) : VectorizeError(usable.error());
}

Response VectorizeHandler::List(const CollectionScope& scope) {
  JsonWriter json;
  json.BeginArray();
  for (const CollectionInfo& info : collections_.List(scope)) WriteIndex(info, json);
  json.EndArray();
  return VectorizeAnswer(json.str());
}

Response VectorizeHandler::Drop(const CollectionScope& scope, const std::string& name) {
  const auto dropped = collections_.Drop(scope, name);
  if (!dropped.ok()) return VectorizeError(dropped.error());
  return *dropped ? VectorizeAnswer("null") : NotFound(name);
}

Response VectorizeHandler::HandleMetadataIndex(const Request& request, const CollectionScope& scope,
                                               const CollectionInfo& info,
                                               const std::string& action) {
  JsonWriter json;
  if (action == "list") {
    if (request.method != "GET") return VectorizeRefuseMethod("GET");
    json.BeginObject().Key("metadataIndexes").BeginArray();
    for (const auto& [name, type] : info.spec.metadata_indexes) {
      json.BeginObject().Member("propertyName", name).Member("indexType", type).EndObject();
    }
    json.EndArray().EndObject();
    return VectorizeAnswer(json.str());
  }
  if (action != "create" && action != "delete") {
    return VectorizeError(Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
                                "there is no such path below metadata_index"});
  }
  if (request.method != "POST") return VectorizeRefuseMethod("POST");
  auto indexes = ChangeIndexes(info.spec.metadata_indexes, request.body, action == "create");
  if (!indexes.ok()) return VectorizeError(indexes.error());
  const Status changed =
      collections_.SetMetadataIndexes(scope, info.spec.name, std::move(indexes).value());
  if (!changed.ok()) return VectorizeError(changed.error());
  const auto after = collections_.Find(scope, info.spec.name);
  json.BeginObject().Member("mutationId", MutationId(after ? after->sequence : info.sequence));
  json.EndObject();
  return VectorizeAnswer(json.str());
}

}  // namespace larder

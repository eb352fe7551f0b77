#include "proxy/search/vectorize_vectors.h"

#include <algorithm>

#include "proxy/search/collection_handler.h"
#include "proxy/search/filter_json.h"
#include "proxy/search/point_json.h"
#include "proxy/search/points_body.h"
#include "proxy/search/request_json.h"
#include "proxy/search/vector_json.h"
#include "proxy/search/vectorize_reply.h"

namespace larder {
namespace {

// Source: developers.cloudflare.com/vectorize/platform/limits.
constexpr std::size_t kMaxVectors = 5000;
constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxNamespaceBytes = 64;
constexpr std::int64_t kMaxMatches = 100;
constexpr std::int64_t kMaxWholeMatches = 50;  // with values, or with all metadata
constexpr std::size_t kMaxPage = 1000;
constexpr std::size_t kUsualPage = 100;

enum class Shown { kNothing, kIndexed, kAll };

Result<Shown> ParseShown(JsonElement root) {
  const auto member = GivenMember(root, "returnMetadata");
  if (!member) return Shown::kNothing;
  bool flag = false;  // as version 1 wrote it
  if (member->get(flag) == simdjson::SUCCESS) return flag ? Shown::kAll : Shown::kNothing;
  const auto name = StringMember(root, "returnMetadata");
  if (name == "none") return Shown::kNothing;
  if (name == "indexed") return Shown::kIndexed;
  if (name == "all") return Shown::kAll;
  return InvalidArgument("returnMetadata must be none, indexed or all", "returnMetadata");
}

bool IsWithin(std::string_view path, std::string_view outer) {
  return path == outer ||
         (path.size() > outer.size() && path.starts_with(outer) && path[outer.size()] == '.');
}

// The members of an object at `path` that lie on the way to one of the properties, or below one.
void WriteIndexed(JsonObject object, const std::string& path,
                  const std::vector<std::pair<std::string, std::string>>& properties,
                  JsonWriter& json) {
  json.BeginObject();
  for (const auto member : object) {
    const std::string here = (path.empty() ? "" : path + ".") + std::string(member.key);
    JsonObject inner;
    const bool is_object = member.value.get(inner) == simdjson::SUCCESS;
    const bool is_below = std::any_of(properties.begin(), properties.end(),
                                      [&](const auto& p) { return IsWithin(here, p.first); });
    const bool leads = std::any_of(properties.begin(), properties.end(),
                                   [&](const auto& p) { return IsWithin(p.first, here); });
    if (is_below) {
      json.Key(member.key).Raw(simdjson::minify(member.value));
    } else if (leads && is_object) {
      json.Key(member.key);
      WriteIndexed(inner, here, properties, json);
    }
  }
  json.EndObject();
}

void WriteShownMetadata(const StoredPoint& point, Shown shown, const CollectionSpec& spec,
                        JsonWriter& json) {
  if (shown == Shown::kNothing) return;
  if (shown == Shown::kAll || point.metadata.empty()) {
    WriteMetadata(point, "metadata", json);
    return;
  }
  const auto document = JsonDocument::Parse(point.metadata);
  JsonObject object;
  if (!document.ok() || document->root().get(object) != simdjson::SUCCESS) return;
  json.Key("metadata");
  WriteIndexed(object, "", spec.metadata_indexes, json);
}

Response Mutated(std::uint64_t sequence) {
  JsonWriter json;
  json.BeginObject().Member("mutationId", MutationId(sequence)).EndObject();
  return VectorizeAnswer(json.str());
}

struct VectorizeQuery {
  CollectionSearch::Query query;
  std::string vector_id;  // of the vector to search with; empty: query.vector
  std::optional<Filter> filter;
  Shown shown = Shown::kNothing;
};

Result<VectorizeQuery> ParseQuery(std::string_view body) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, {}));
  const JsonElement root = document.root();
  VectorizeQuery parsed;
  CollectionSearch::Query& query = parsed.query;
  query.param = "vector";
  LARDER_ASSIGN_OR_RETURN(parsed.vector_id, TextMember(root, "vectorId"));
  if (const auto vector = GivenMember(root, "vector")) {
    LARDER_ASSIGN_OR_RETURN(query.vector, ParseVector(*vector, "vector"));
    LARDER_RETURN_IF_ERROR(CheckVector(query.vector, 0, Metric::kDot, "vector"));
  } else if (parsed.vector_id.empty()) {
    return InvalidArgument("vector must be given, a list of numbers", "vector");
  }
  LARDER_ASSIGN_OR_RETURN(query.with_values, FlagMember(root, "returnValues", false));
  LARDER_ASSIGN_OR_RETURN(parsed.shown, ParseShown(root));
  const bool whole = query.with_values || parsed.shown == Shown::kAll;
  LARDER_ASSIGN_OR_RETURN(const std::int64_t k,
                          WholeMember(root, "topK", 1, whole ? kMaxWholeMatches : kMaxMatches, 5));
  query.k = static_cast<std::size_t>(k);
  if (const auto filter = GivenMember(root, "filter")) {
    LARDER_ASSIGN_OR_RETURN(parsed.filter, ParseVectorizeFilter(*filter));
  }
  LARDER_ASSIGN_OR_RETURN(const std::string name_space, TextMember(root, "namespace"));
  parsed.filter = WithinNamespace(std::move(parsed.filter), name_space);
  return parsed;
}

Result<std::vector<std::string>> ParseIds(std::string_view body, std::size_t most) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, {}));
  return TextsMember(document.root(), "ids", most);
}

}  // namespace

struct VectorizeVectors::Call {
  const Request& request;
  RequestContext& context;
  const CollectionScope scope;
  const CollectionInfo& info;
};

Response VectorizeVectors::Handle(const Request& request, const CollectionInfo& info,
                                  const std::string& action, RequestContext& context) {
  const Call call{request, context, ScopeOf(context), info};
  if (action == "list") return request.method == "GET" ? List(call) : VectorizeRefuseMethod("GET");
  const bool is_post = request.method == "POST";
  if (action == "insert" || action == "upsert") {
    if (!is_post) return VectorizeRefuseMethod("POST");
    return Write(call, action == "insert" ? UpsertMode::kKeepExisting : UpsertMode::kReplace);
  }
  if (action == "query") return is_post ? Query(call) : VectorizeRefuseMethod("POST");
  if (action == "get_by_ids") return is_post ? GetByIds(call) : VectorizeRefuseMethod("POST");
  if (action == "delete_by_ids") return is_post ? DeleteByIds(call) : VectorizeRefuseMethod("POST");
  return VectorizeError(Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
                              "there is no such path below an index"});
}

Response VectorizeVectors::Write(const Call& call, UpsertMode mode) {
  const std::string behavior =
      QueryParameter(call.request.query(), "unparsable-behavior").value_or("error");
  if (behavior != "error" && behavior != "discard") {
    return VectorizeError(InvalidArgument("unparsable-behavior must be error or discard"));
  }
  PointsRules rules;
  rules.dimensions = call.info.spec.dimensions;
  rules.metric = call.info.spec.metric;
  rules.own_shape = false;
  rules.max_points = kMaxVectors;
  rules.max_id_bytes = kMaxIdBytes;
  rules.max_namespace_bytes = kMaxNamespaceBytes;
  rules.discard_unparsable = behavior == "discard";
  rules.mode = mode;
  const auto body = ParsePointsBody(call.request.headers.Find("content-type").value_or(""),
                                    call.request.body, rules);
  if (!body.ok()) return VectorizeError(body.error());
  if (body->points.empty()) return Mutated(call.info.sequence);  // all discarded
  const auto stored = collections_.Upsert(call.scope, call.info.spec.name, body->points, mode);
  return stored.ok() ? Mutated(*stored) : VectorizeError(stored.error());
}

Response VectorizeVectors::Query(const Call& call) {
  auto parsed = ParseQuery(call.request.body);
  if (!parsed.ok()) return VectorizeError(parsed.error());
  if (!parsed->vector_id.empty()) {
    const std::string* const id = &parsed->vector_id;
    const auto found = collections_.Get(call.scope, call.info.spec.name, {id, 1}, true);
    if (!found.ok()) return VectorizeError(found.error());
    if (!(*found)[0]) {
      return VectorizeError(InvalidArgument("there is no vector with this id", "vectorId"));
    }
    parsed->query.vector = (*found)[0]->values;
  }
  if (parsed->filter) parsed->query.filter = &*parsed->filter;
  const bool with_values = parsed->query.with_values;
  const auto answer =
      search_.Find(call.info, std::move(parsed->query), call.request.headers, call.context);
  if (!answer.ok()) return VectorizeError(answer.error());
  JsonWriter json;
  json.BeginObject().Member("count", answer->matches.size()).Key("matches").BeginArray();
  for (const Collections::Match& match : answer->matches) {
    json.BeginObject().Member("id", match.point.id).Member("score", match.score);
    if (!match.point.name_space.empty()) json.Member("namespace", match.point.name_space);
    if (with_values) WriteVector(match.point.values, "values", json);
    WriteShownMetadata(match.point, parsed->shown, call.info.spec, json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return VectorizeAnswer(json.str());
}

Response VectorizeVectors::GetByIds(const Call& call) {
  const auto ids = ParseIds(call.request.body, kMaxPage);
  if (!ids.ok()) return VectorizeError(ids.error());
  const auto points = collections_.Get(call.scope, call.info.spec.name, *ids, true);
  if (!points.ok()) return VectorizeError(points.error());
  JsonWriter json;
  json.BeginArray();
  for (const auto& point : *points) {
    if (!point) continue;
    json.BeginObject().Member("id", point->id);
    if (!point->name_space.empty()) json.Member("namespace", point->name_space);
    WriteVector(point->values, "values", json);
    if (!point->metadata.empty()) WriteMetadata(*point, "metadata", json);
    json.EndObject();
  }
  json.EndArray();
  return VectorizeAnswer(json.str());
}

Response VectorizeVectors::DeleteByIds(const Call& call) {
  const auto ids = ParseIds(call.request.body, kMaxVectors);
  if (!ids.ok()) return VectorizeError(ids.error());
  const auto deleted = collections_.Delete(call.scope, call.info.spec.name, *ids);
  return deleted.ok() ? Mutated(deleted->sequence) : VectorizeError(deleted.error());
}

// The cursor is the last id of the page before: it does not expire.
Response VectorizeVectors::List(const Call& call) {
  const auto count = LimitParameter(call.request.query(), "count", kMaxPage, kUsualPage);
  if (!count.ok()) return VectorizeError(count.error());
  const auto page =
      collections_.ListIds(call.scope, call.info.spec.name,
                           QueryParameter(call.request.query(), "cursor").value_or(""), *count);
  if (!page.ok()) return VectorizeError(page.error());
  JsonWriter json;
  json.BeginObject()
      .Member("count", page->ids.size())
      .Member("totalCount", page->total)
      .Member("isTruncated", page->more)
      .Key("nextCursor");
  page->more ? json.String(page->ids.back()) : json.Null();
  json.Key("cursorExpirationTimestamp").Null().Key("vectors").BeginArray();
  for (const std::string& id : page->ids) json.BeginObject().Member("id", id).EndObject();
  json.EndArray().EndObject();
  return VectorizeAnswer(json.str());
}

}  // namespace larder

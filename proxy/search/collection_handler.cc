#include "proxy/search/collection_handler.h"

#include <algorithm>
#include <array>

#include "proxy/openai/errors.h"
#include "proxy/search/collection_json.h"
#include "proxy/search/filter_json.h"
#include "proxy/search/point_json.h"
#include "proxy/search/points_body.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::size_t kMaxPage = 1000;
constexpr std::size_t kUsualPage = 100;
constexpr std::size_t kMaxDeletedIds = 10'000;
constexpr std::size_t kMaxReadIds = 1000;

// The embedded points among `points`, in order.
Result<std::vector<std::size_t>> PointsToEmbed(const std::vector<NewPoint>& points,
                                               const CollectionSpec& spec) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].values.empty()) places.push_back(i);
  }
  if (!places.empty() && spec.model.empty()) {
    return InvalidArgument(
        "the collection has no model to embed a text with: give values, or make a collection with "
        "a model",
        "text");
  }
  return places;
}

}  // namespace

struct CollectionHandler::Call {
  const Request& request;
  RequestContext& context;
  const CollectionScope scope;
  const std::string name;
};

CollectionScope ScopeOf(const RequestContext& context) {
  return {context.partition.id(), context.directives.name_space};
}

Error NoSuchCollection(const Collections& collections) {
  if (const Status usable = collections.usable(); !usable.ok()) return usable.error();
  return Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
               "the caller has no collection of this name", "collection"};
}

Response RefuseMethod(std::string_view allowed) {
  Response refused = RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                                       "this path is asked for with " + std::string(allowed)});
  refused.headers.Set("allow", std::string(allowed));
  return refused;
}

Response CollectionHandler::Handle(const Request& request, std::span<const std::string> segments,
                                   RequestContext& context) {
  const Call call{request, context, ScopeOf(context), segments.empty() ? "" : segments[0]};
  const std::string& method = request.method;
  if (segments.empty()) return method == "GET" ? List(call) : RefuseMethod("GET");
  if (segments.size() == 1) {
    if (method == "PUT") return Put(call);
    if (method == "DELETE") return Drop(call);
    if (method != "GET") return RefuseMethod("GET, PUT, DELETE");
  }
  const std::string action = segments.size() == 2 ? segments[1] : "";
  constexpr std::array<std::string_view, 4> kActions = {"points", "upsert", "delete", "get"};
  if (segments.size() > 1) {
    if (std::find(kActions.begin(), kActions.end(), action) == kActions.end()) {
      return RenderError(Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
                               "there is no such path below a collection; there are upsert, "
                               "delete, get and points"});
    }
    const char* const wanted = action == "points" ? "GET" : "POST";
    if (method != wanted) return RefuseMethod(wanted);
  }
  const auto info = collections_.Find(call.scope, call.name);
  if (!info) return RenderError(NoSuchCollection(collections_));
  if (action == "points") return ListIds(call);
  if (action == "upsert") return Upsert(call, *info);
  if (action == "delete") return Delete(call);
  if (action == "get") return Get(call);
  JsonWriter json;
  WriteCollection(*info, json);
  return JsonResponse(200, json.Take());
}

Response CollectionHandler::List(const Call& call) {
  const auto limit = LimitParameter(call.request.query(), "limit", kMaxPage, kUsualPage);
  if (!limit.ok()) return RenderError(limit.error());
  const std::string after = QueryParameter(call.request.query(), "after").value_or("");
  const auto all = collections_.List(call.scope);
  auto next = std::find_if(all.begin(), all.end(), [&](const CollectionInfo& info) {
    return after.empty() || info.spec.name > after;
  });
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (std::size_t i = 0; i < *limit && next != all.end(); ++i, ++next) {
    WriteCollection(*next, json);
  }
  json.EndArray().Member("has_more", next != all.end()).EndObject();
  return JsonResponse(200, json.Take());
}

Response CollectionHandler::Put(const Call& call) {
  const auto spec = ParseCollectionSpec(call.name, call.request.body);
  if (!spec.ok()) return RenderError(spec.error());
  const auto before = collections_.Find(call.scope, call.name);
  if (before && !HoldTheSame(before->spec, *spec)) {
    return RenderError(409,
                       "there is a collection of this name with other dimensions, another metric, "
                       "storage or model; DELETE it first",
                       "invalid_request_error", "", "conflict");
  }
  const auto is_new = collections_.Create(call.scope, *spec);
  if (!is_new.ok()) return RenderError(is_new.error());
  const auto info = collections_.Find(call.scope, call.name);
  if (!info) return RenderError(NoSuchCollection(collections_));  // dropped meanwhile
  JsonWriter json;
  WriteCollection(*info, json);
  return JsonResponse(*is_new ? 201 : 200, json.Take());
}

Response CollectionHandler::Drop(const Call& call) {
  const auto dropped = collections_.Drop(call.scope, call.name);
  if (!dropped.ok()) return RenderError(dropped.error());
  if (!*dropped) return RenderError(NoSuchCollection(collections_));
  JsonWriter json;
  json.BeginObject().Member("object", "collection.deleted").Member("name", call.name);
  json.Member("deleted", true).EndObject();
  return JsonResponse(200, json.Take());
}

Response CollectionHandler::Upsert(const Call& call, const CollectionInfo& info) {
  const std::string behavior =
      QueryParameter(call.request.query(), "unparsable-behavior").value_or("error");
  if (behavior != "error" && behavior != "discard") {
    return RenderError(
        InvalidArgument("unparsable-behavior must be error or discard", "unparsable-behavior"));
  }
  PointsRules rules;
  rules.dimensions = info.spec.dimensions;
  rules.metric = info.spec.metric;
  rules.max_points = collections_.options().max_points_per_request;
  rules.discard_unparsable = behavior == "discard";
  auto body = ParsePointsBody(call.request.headers.Find("content-type").value_or(""),
                              call.request.body, rules);
  if (!body.ok()) return RenderError(body.error());
  const auto places = PointsToEmbed(body->points, info.spec);
  if (!places.ok()) return RenderError(places.error());
  std::int64_t tokens = 0;
  if (!places->empty()) {
    std::vector<std::string_view> texts;
    for (const std::size_t place : *places) texts.push_back(body->points[place].text);
    auto embedded = embedder_.EmbedFor(info.spec.model, info.spec.dimensions, texts,
                                       call.request.headers, call.context);
    if (!embedded.ok()) return RenderError(embedded.error());
    if (embedded->refusal) return std::move(*embedded->refusal);
    tokens = embedded->tokens;
    for (std::size_t i = 0; i < places->size(); ++i) {
      body->points[(*places)[i]].values = std::move(embedded->vectors[i]);
    }
  }
  std::uint64_t sequence = info.sequence;
  if (!body->points.empty()) {
    const auto stored =
        collections_.Upsert(call.scope, call.name, body->points, UpsertMode::kReplace);
    if (!stored.ok()) return RenderError(stored.error());
    sequence = *stored;
  }
  JsonWriter json;
  json.BeginObject()
      .Member("object", "collection.upserted")
      .Member("upserted", body->points.size())
      .Member("discarded", body->discarded)
      .Member("sequence", sequence)
      .Key("usage")
      .BeginObject()
      .Member("prompt_tokens", tokens)
      .Member("total_tokens", tokens)
      .EndObject()
      .EndObject();
  return JsonResponse(200, json.Take());
}

Response CollectionHandler::Delete(const Call& call) {
  constexpr std::array<std::string_view, 2> kFields = {"ids", "filter"};
  const auto document = ParseRequestObject(call.request.body, kFields);
  if (!document.ok()) return RenderError(document.error());
  const auto filter = GivenMember(document->root(), "filter");
  if (filter.has_value() == GivenMember(document->root(), "ids").has_value()) {
    return RenderError(InvalidArgument("either ids or a filter must be given", "ids"));
  }
  const auto deleted = [&]() -> Result<Collections::Deleted> {
    if (!filter) {
      LARDER_ASSIGN_OR_RETURN(const auto ids, TextsMember(document->root(), "ids", kMaxDeletedIds));
      return collections_.Delete(call.scope, call.name, ids);
    }
    LARDER_ASSIGN_OR_RETURN(const Filter parsed, ParseFilter(*filter));
    if (parsed.op() == Filter::Op::kAnd && parsed.parts().empty()) {
      return InvalidArgument(
          "the filter must not be empty; to delete every point, DELETE the "
          "collection",
          "filter");
    }
    return collections_.DeleteMatching(call.scope, call.name, parsed);
  }();
  if (!deleted.ok()) return RenderError(deleted.error());
  JsonWriter json;
  json.BeginObject()
      .Member("object", "collection.points.deleted")
      .Member("deleted", deleted->points)
      .Member("sequence", deleted->sequence)
      .EndObject();
  return JsonResponse(200, json.Take());
}

Response CollectionHandler::Get(const Call& call) {
  constexpr std::array<std::string_view, 2> kFields = {"ids", "return_vectors"};
  const auto document = ParseRequestObject(call.request.body, kFields);
  if (!document.ok()) return RenderError(document.error());
  const auto ids = TextsMember(document->root(), "ids", kMaxReadIds);
  if (!ids.ok()) return RenderError(ids.error());
  const auto with_values = FlagMember(document->root(), "return_vectors", false);
  if (!with_values.ok()) return RenderError(with_values.error());
  const auto points = collections_.Get(call.scope, call.name, *ids, *with_values);
  if (!points.ok()) return RenderError(points.error());
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (const auto& point : *points) {
    if (!point) continue;
    json.BeginObject().Member("id", point->id).Member("text", point->text);
    WriteMetadata(*point, "metadata", json);
    if (!point->name_space.empty()) json.Member("namespace", point->name_space);
    if (*with_values) WriteVector(point->values, "values", json);
    json.EndObject();
  }
  json.EndArray().Key("missing").BeginArray();
  for (std::size_t i = 0; i < points->size(); ++i) {
    if (!(*points)[i]) json.String((*ids)[i]);
  }
  json.EndArray().EndObject();
  return JsonResponse(200, json.Take());
}

Response CollectionHandler::ListIds(const Call& call) {
  const auto limit = LimitParameter(call.request.query(), "limit", kMaxPage, kUsualPage);
  if (!limit.ok()) return RenderError(limit.error());
  const auto page = collections_.ListIds(
      call.scope, call.name, QueryParameter(call.request.query(), "after").value_or(""), *limit);
  if (!page.ok()) return RenderError(page.error());
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (const std::string& id : page->ids) json.BeginObject().Member("id", id).EndObject();
  json.EndArray().Member("has_more", page->more).Member("total", page->total).EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder

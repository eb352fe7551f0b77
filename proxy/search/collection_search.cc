#include "proxy/search/collection_search.h"

#include <algorithm>
#include <array>

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"
#include "proxy/search/collection_handler.h"
#include "proxy/search/point_json.h"
#include "proxy/search/vector_json.h"

namespace larder {
namespace {

Status CheckScores(const SearchQuery& query, Metric metric) {
  if (IsDistance(metric) && query.min_score) {
    return InvalidArgument(
        "the scores of a euclidean collection are distances, lower is nearer: use max_distance",
        "min_score");
  }
  if (!IsDistance(metric) && query.max_distance) {
    return InvalidArgument("only a euclidean collection has distances: use min_score",
                           "max_distance");
  }
  return {};
}

}  // namespace

Result<CollectionSearch::Answer> CollectionSearch::Find(const CollectionInfo& info, Query query,
                                                        const Headers& client,
                                                        RequestContext& context) {
  const CollectionSpec& spec = info.spec;
  Answer answer;
  answer.model = spec.model.empty() ? query.model : spec.model;
  context.model = answer.model;
  if (!spec.model.empty() && !query.model.empty() && query.model != spec.model) {
    return InvalidArgument("the collection's texts are embedded by " + spec.model, "model");
  }
  if (query.vector.empty()) {
    if (answer.model.empty()) {
      return InvalidArgument(
          "the collection has no model to embed a text with: name one, or query with a vector",
          "model");
    }
    const std::array<std::string_view, 1> texts = {query.text};
    LARDER_ASSIGN_OR_RETURN(
        EmbeddedTexts embedded,
        embedder_.EmbedFor(answer.model, spec.dimensions, texts, client, context));
    answer.refusal = std::move(embedded.refusal);
    if (answer.refusal) return answer;
    answer.tokens = embedded.tokens;
    query.vector = std::move(embedded.vectors[0]);
  }
  LARDER_RETURN_IF_ERROR(CheckVector(query.vector, spec.dimensions, spec.metric, query.param));
  PhaseTimer timer(clock_, context.times.lookup);
  LARDER_ASSIGN_OR_RETURN(Collections::Found found,
                          collections_.Search(ScopeOf(context), spec.name,
                                              {std::move(query.vector), query.k, query.ef_search,
                                               query.exact, query.filter, query.with_values}));
  answer.matches = std::move(found.matches);
  answer.exact = found.exact;
  return answer;
}

Response CollectionSearch::Handle(const SearchQuery& query, const Request& request,
                                  RequestContext& context) {
  const auto info = collections_.Find(ScopeOf(context), query.collection);
  if (!info) return RenderError(NoSuchCollection(collections_));
  const Status scores = CheckScores(query, info->spec.metric);
  if (!scores.ok()) return RenderError(scores.error());
  Query wanted{query.text,      query.vector, query.model, query.top_k,
               query.ef_search, query.exact,  nullptr,     query.return_vectors};
  if (query.filter) wanted.filter = &*query.filter;
  auto answer = Find(*info, std::move(wanted), request.headers, context);
  if (!answer.ok()) return RenderError(answer.error());
  if (answer->refusal) return std::move(*answer->refusal);

  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("model");
  answer->model.empty() ? json.Null() : json.String(answer->model);
  json.Key("data").BeginArray();
  for (const Collections::Match& match : answer->matches) {
    if (query.min_score && match.score < *query.min_score) break;
    if (query.max_distance && match.score > *query.max_distance) break;
    json.BeginObject().Member("id", match.point.id).Member("score", match.score);
    json.Member("text", match.point.text);
    WriteMetadata(match.point, "metadata", json);
    json.Member("collection", query.collection);
    if (!match.point.name_space.empty()) json.Member("namespace", match.point.name_space);
    if (query.return_vectors) WriteVector(match.point.values, "values", json);
    json.EndObject();
  }
  json.EndArray().Member("exact", answer->exact).Key("usage").BeginObject();
  json.Member("prompt_tokens", answer->tokens).Member("total_tokens", answer->tokens);
  json.EndObject().EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder

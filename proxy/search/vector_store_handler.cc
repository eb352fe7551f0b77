#include "proxy/search/vector_store_handler.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"
#include "proxy/search/collection_handler.h"
#include "proxy/search/filter_json.h"
#include "proxy/search/point_json.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 5> kFields = {"query", "filters", "max_num_results",
                                                     "ranking_options", "rewrite_query"};
constexpr std::int64_t kMaxResults = 50;
constexpr std::size_t kMaxQueries = 32;

struct StoreQuery {
  std::vector<std::string> texts;
  std::optional<Filter> filter;
  std::size_t max_results = 10;
  std::optional<double> threshold;
};

Result<StoreQuery> ParseStoreQuery(std::string_view body) {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(body, kFields));
  const JsonElement root = document.root();
  StoreQuery query;
  if (const auto text = StringMember(root, "query")) {
    query.texts.emplace_back(*text);
  } else {
    LARDER_ASSIGN_OR_RETURN(query.texts, TextsMember(root, "query", kMaxQueries));
  }
  for (const std::string& text : query.texts) {
    if (text.empty()) return InvalidArgument("query must not be empty", "query");
  }
  if (const auto filters = GivenMember(root, "filters")) {
    LARDER_ASSIGN_OR_RETURN(query.filter, ParseOpenAiFilter(*filters));
  }
  LARDER_ASSIGN_OR_RETURN(const std::int64_t most,
                          WholeMember(root, "max_num_results", 1, kMaxResults, 10));
  query.max_results = static_cast<std::size_t>(most);
  LARDER_RETURN_IF_ERROR([&]() -> Status {
    const auto rewrite = FlagMember(root, "rewrite_query", false);  // there is nothing to rewrite
    return rewrite.ok() ? Status() : Status(rewrite.error());
  }());
  if (const auto ranking = GivenMember(root, "ranking_options")) {
    if (!ranking->is_object()) {
      return InvalidArgument("ranking_options must be an object", "ranking_options");
    }
    LARDER_ASSIGN_OR_RETURN(query.threshold, ScoreMember(*ranking, "score_threshold"));
  }
  return query;
}

// A score of which higher is nearer.
double Similarity(const Collections::Match& match, Metric metric) {
  return IsDistance(metric) ? 1.0 / (1.0 + match.score) : match.score;
}

// The best of several lists of matches, each nearest first: every point once, with its best score.
std::vector<Collections::Match> Merge(std::vector<std::vector<Collections::Match>> lists,
                                      Metric metric) {
  std::vector<Collections::Match> best;
  std::unordered_map<std::string, std::size_t> places;
  const auto nearer = [&](const Collections::Match& a, const Collections::Match& b) {
    return Similarity(a, metric) > Similarity(b, metric);
  };
  for (auto& list : lists) {
    for (Collections::Match& match : list) {
      const auto [place, is_new] = places.try_emplace(match.point.id, best.size());
      if (is_new) {
        best.push_back(std::move(match));
      } else if (nearer(match, best[place->second])) {
        best[place->second] = std::move(match);
      }
    }
  }
  std::stable_sort(best.begin(), best.end(), nearer);
  return best;
}

std::string FilenameOf(const StoredPoint& point) {
  if (point.metadata.empty()) return point.id;
  const auto document = JsonDocument::Parse(point.metadata);
  if (!document.ok()) return point.id;
  return std::string(StringMember(document->root(), "filename").value_or(point.id));
}

}  // namespace

Response VectorStoreHandler::Handle(const Request& request, const std::string& store,
                                    RequestContext& context) {
  const auto info = collections_.Find(ScopeOf(context), store);
  if (!info) return pass_through_.Handle(request, context);
  context.route = "vector_store_search";
  return Search(*info, request, context);
}

Response VectorStoreHandler::Search(const CollectionInfo& info, const Request& request,
                                    RequestContext& context) {
  const auto query = ParseStoreQuery(request.body);
  if (!query.ok()) return RenderError(query.error());
  // What SDKs add for vector stores: it says nothing to embeddings, which would be kept apart by
  // it.
  Headers client = request.headers;
  client.Remove("openai-beta");
  std::vector<std::vector<Collections::Match>> lists;
  for (const std::string& text : query->texts) {
    CollectionSearch::Query wanted;
    wanted.text = text;
    wanted.k = query->max_results;
    if (query->filter) wanted.filter = &*query->filter;
    auto answer = search_.Find(info, std::move(wanted), client, context);
    if (!answer.ok()) return RenderError(answer.error());
    if (answer->refusal) return std::move(*answer->refusal);
    lists.push_back(std::move(answer->matches));
  }
  const Metric metric = info.spec.metric;
  auto matches = Merge(std::move(lists), metric);
  if (matches.size() > query->max_results) matches.resize(query->max_results);

  JsonWriter json;
  json.BeginObject().Member("object", "vector_store.search_results.page").Key("search_query");
  json.BeginArray();
  for (const std::string& text : query->texts) json.String(text);
  json.EndArray().Key("data").BeginArray();
  for (const Collections::Match& match : matches) {
    const double score = Similarity(match, metric);
    if (query->threshold && score < *query->threshold) break;
    json.BeginObject().Member("file_id", match.point.id);
    json.Member("filename", FilenameOf(match.point)).Member("score", score);
    WriteMetadata(match.point, "attributes", json);
    json.Key("content").BeginArray().BeginObject();
    json.Member("type", "text").Member("text", match.point.text);
    json.EndObject().EndArray().EndObject();
  }
  json.EndArray().Member("has_more", false).Key("next_page").Null().EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder

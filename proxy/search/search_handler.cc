#include "proxy/search/search_handler.h"

#include <array>

#include "cache/freshness.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"
#include "proxy/search/point_json.h"

namespace larder {

struct SearchHandler::Match {
  CacheKey key{};
  float score = 0;
  std::string text;
  std::vector<float> vector;  // when asked for
};

struct SearchHandler::Matches {
  std::vector<Match> list;  // best first
  bool exact = false;       // every vector was considered
};

SearchHandler::SearchHandler(EmbeddingsService& embeddings, TextEmbedder& embedder,
                             CollectionSearch& collections, Indexer& indexer, SpaceSet& spaces,
                             const Store& store, const Clock& clock, std::chrono::seconds lifetime)
    : embeddings_(embeddings),
      embedder_(embedder),
      collections_(collections),
      indexer_(indexer),
      spaces_(spaces),
      store_(store),
      clock_(clock),
      lifetime_(lifetime) {}

// The stored text behind a neighbour; nullopt, and the index forgets it, when it has expired or
// gone.
std::optional<SearchHandler::Match> SearchHandler::Resolve(const SpaceKey& space,
                                                           const Neighbour& neighbour,
                                                           bool with_vector, bool& store_failed) {
  const auto stored = Indexer::ReadInput(store_, neighbour.id);
  if (!stored.ok()) {
    store_failed = true;
    return std::nullopt;
  }
  auto input = *stored ? DecodeInput(**stored)
                       : Result<DecodedInput>(StoreError(ErrorCode::kCorruption, "absent"));
  // A text that was not kept (cache.embeddings.store_inputs) cannot be shown.
  if (!input.ok() || input->record.input.empty() ||
      FreshnessOf(input->stamp, clock_.Now(), {lifetime_}) == Freshness::kStale) {
    indexer_.Forget(space, Indexer::KeyOf(neighbour.id));
    return std::nullopt;
  }
  Match match;
  match.key = Indexer::KeyOf(neighbour.id);
  match.score = neighbour.score;
  match.text = std::move(input->record.input);
  if (with_vector) {
    const std::string_view key = neighbour.id;
    const auto values = store_.MultiGet(Family::kEmbeddings, {&key, 1});
    if (values.ok() && (*values)[0]) {
      if (const auto entry = DecodeEmbedding(*(*values)[0]); entry.ok())
        match.vector = entry->AsFloat32();
    }
  }
  return match;
}

Result<SearchHandler::Matches> SearchHandler::Find(const SearchQuery& query, const SpaceKey& space,
                                                   const std::vector<float>& vector,
                                                   bool& store_failed) {
  constexpr std::size_t kMaxCandidates = 8192;
  SearchOptions options;
  options.k = query.top_k;
  options.ef_search = query.ef_search;
  options.exact = query.exact;
  // What has expired is forgotten on the way and makes room for the next nearest.
  while (true) {
    LARDER_ASSIGN_OR_RETURN(const SearchAnswer answer, spaces_.Search(space, vector, options));
    Matches matches;
    matches.exact = answer.exact;
    bool any_gone = false;
    for (const Neighbour& neighbour : answer.neighbours) {
      if (matches.list.size() == query.top_k) break;
      if (query.min_score && neighbour.score < *query.min_score) break;
      if (auto match = Resolve(space, neighbour, query.return_vectors, store_failed)) {
        matches.list.push_back(std::move(*match));
      } else {
        any_gone = true;
      }
    }
    const bool saw_all = answer.neighbours.size() < options.k || options.k == kMaxCandidates;
    if (!any_gone || store_failed || saw_all || matches.list.size() == query.top_k) return matches;
    options.k = std::min(2 * options.k, kMaxCandidates);
  }
}

Response SearchHandler::Handle(const Request& request, RequestContext& context) {
  const auto query = [&] {
    PhaseTimer timer(clock_, context.times.parse);
    return ParseSearchQuery(request.body);
  }();
  if (!query.ok()) return RenderError(query.error());
  if (!query->collection.empty()) return collections_.Handle(*query, request, context);
  context.model = query->model;
  const auto home = embeddings_.HomeOf(context, query->model);
  if (!home.ok()) return RenderError(home.error());
  std::int64_t tokens = 0;
  std::vector<float> vector = query->vector;
  if (vector.empty()) {
    const std::array<std::string_view, 1> texts = {query->text};
    auto embedded =
        embedder_.Embed(query->model, query->dimensions, texts, request.headers, context);
    if (!embedded.ok()) return RenderError(embedded.error());
    if (embedded->refusal) return std::move(*embedded->refusal);
    tokens = embedded->tokens;
    vector = std::move(embedded->vectors[0]);
  }
  const SpaceKey space =
      Indexer::SpaceOf(embeddings_.PartitionOf(context).id(), context.directives.name_space,
                       home->upstream, home->model, vector.size());
  const auto matches = [&] {
    PhaseTimer timer(clock_, context.times.lookup);
    return Find(*query, space, vector, context.status.store_failed);
  }();
  if (!matches.ok()) return RenderError(matches.error());

  JsonWriter json;
  json.BeginObject()
      .Member("object", "list")
      .Member("model", query->model)
      .Key("data")
      .BeginArray();
  for (const Match& match : matches->list) {
    json.BeginObject().Member("id", ToHex(match.key)).Member("score", match.score);
    json.Member("text", match.text).Key("metadata").Null().Key("collection").Null();
    if (query->return_vectors) WriteVector(match.vector, "values", json);
    json.EndObject();
  }
  json.EndArray().Member("exact", matches->exact).Key("usage").BeginObject();
  json.Member("prompt_tokens", tokens).Member("total_tokens", tokens).EndObject().EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder

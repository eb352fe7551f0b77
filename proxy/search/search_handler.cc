#include "proxy/search/search_handler.h"

#include <array>
#include <cmath>

#include "cache/freshness.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"

namespace larder {

struct SearchHandler::Query {
  std::string text;           // empty when the query is a vector
  std::vector<float> vector;  // empty when the query is a text
  std::string model;
  std::optional<std::int64_t> dimensions;
  std::size_t top_k = 10;
  std::size_t ef_search = 0;
  std::optional<double> min_score;
  bool return_vectors = false;
};

struct SearchHandler::Match {
  CacheKey key{};
  float score = 0;
  std::string text;
  std::vector<float> vector;  // when asked for
};

namespace {

constexpr std::array<std::string_view, 9> kFields = {"query",          "model",     "top_k",
                                                     "collection",     "filter",    "min_score",
                                                     "return_vectors", "ef_search", "dimensions"};

Result<std::vector<float>> ParseVector(JsonArray values) {
  std::vector<float> vector;
  bool all_zero = true;
  for (const JsonElement element : values) {
    double value = 0;
    if (element.get(value) != simdjson::SUCCESS || !std::isfinite(static_cast<float>(value))) {
      return InvalidArgument("a query vector must hold numbers that float32 can hold", "query");
    }
    all_zero = all_zero && value == 0;
    vector.push_back(static_cast<float>(value));
  }
  if (all_zero) return InvalidArgument("a query vector must not be empty or all zero", "query");
  return vector;
}

// The member as a whole number in [low, high]; `fallback` when absent or null.
Result<std::int64_t> WholeMember(JsonElement root, const std::string& name, std::int64_t low,
                                 std::int64_t high, std::int64_t fallback) {
  const auto member = Member(root, name);
  if (!member || member->is_null()) return fallback;
  const auto value = IntMember(root, name);
  if (!value || *value < low || *value > high) {
    return InvalidArgument(name + " must be a whole number in [" + std::to_string(low) + ", " +
                               std::to_string(high) + "]",
                           name);
  }
  return *value;
}

}  // namespace

SearchHandler::SearchHandler(EmbeddingsService& embeddings, Indexer& indexer, SpaceSet& spaces,
                             const Store& store, const Clock& clock, std::chrono::seconds lifetime)
    : embeddings_(embeddings),
      indexer_(indexer),
      spaces_(spaces),
      store_(store),
      clock_(clock),
      lifetime_(lifetime) {}

Result<SearchHandler::Query> SearchHandler::Parse(const Request& request,
                                                  RequestContext& context) const {
  PhaseTimer timer(clock_, context.times.parse);
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(request.body));
  const JsonElement root = document.root();
  JsonObject members;
  if (root.get(members) != simdjson::SUCCESS)
    return InvalidArgument("the body must be a JSON object");
  for (const auto member : members) {
    if (std::find(kFields.begin(), kFields.end(), member.key) == kFields.end()) {
      return InvalidArgument("there is no such field", std::string(member.key));
    }
  }
  if (const auto twice = DuplicateMember(root)) {
    return InvalidArgument("the member occurs twice", std::string(*twice));
  }
  for (const std::string name : {"collection", "filter"}) {
    if (const auto member = Member(root, name); member && !member->is_null()) {
      return Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
                   "there are no collections in this version; leave out " + name +
                       " to search the texts embedded so far",
                   name};
    }
  }
  Query query;
  query.model = StringMember(root, "model").value_or("");
  if (query.model.empty()) {
    return InvalidArgument("model must name the embedding model whose texts are to be searched",
                           "model");
  }
  const auto what = Member(root, "query");
  JsonArray values;
  if (what && what->is_string()) {
    query.text = StringMember(root, "query").value_or("");
    if (query.text.empty()) return InvalidArgument("query must not be empty", "query");
  } else if (what && what->get(values) == simdjson::SUCCESS) {
    LARDER_ASSIGN_OR_RETURN(query.vector, ParseVector(values));
  } else {
    return InvalidArgument("query must be a text or a list of numbers", "query");
  }
  LARDER_ASSIGN_OR_RETURN(const std::int64_t top_k,
                          WholeMember(root, "top_k", 1, static_cast<std::int64_t>(kMaxTopK), 10));
  LARDER_ASSIGN_OR_RETURN(const std::int64_t ef, WholeMember(root, "ef_search", 1, 10'000, 0));
  LARDER_ASSIGN_OR_RETURN(const std::int64_t dimensions,
                          WholeMember(root, "dimensions", 1, 65'536, 0));
  query.top_k = static_cast<std::size_t>(top_k);
  query.ef_search = static_cast<std::size_t>(ef);
  if (dimensions > 0) query.dimensions = dimensions;
  if (const auto score = Member(root, "min_score"); score && !score->is_null()) {
    query.min_score = NumberMember(root, "min_score");
    if (!query.min_score) return InvalidArgument("min_score must be a number", "min_score");
  }
  if (const auto flag = Member(root, "return_vectors"); flag && !flag->is_null()) {
    const auto value = BoolMember(root, "return_vectors");
    if (!value) return InvalidArgument("return_vectors must be true or false", "return_vectors");
    query.return_vectors = *value;
  }
  return query;
}

Result<std::vector<float>> SearchHandler::Embed(const Query& query, const Request& request,
                                                RequestContext& context,
                                                std::optional<Response>& refused,
                                                std::int64_t& tokens) {
  JsonWriter body;
  body.BeginObject().Member("model", query.model).Member("input", query.text);
  if (query.dimensions) body.Member("dimensions", *query.dimensions);
  body.EndObject();
  LARDER_ASSIGN_OR_RETURN(const EmbeddingsRequest parsed, ParseEmbeddingsRequest(body.str()));
  context.endpoint = "/embeddings";
  context.for_search = true;
  LARDER_ASSIGN_OR_RETURN(const EmbedOutcome outcome,
                          embeddings_.Embed(parsed, request.headers, context));
  if (outcome.refusal) {
    refused.emplace();
    refused->status = outcome.refusal->status;
    refused->headers = outcome.refusal->headers;
    refused->body = outcome.refusal->body;
    return std::vector<float>();
  }
  tokens = std::max<std::int64_t>(outcome.entries[0]->total_tokens, 0);
  return outcome.entries[0]->AsFloat32();
}

// The stored text behind a neighbour; nullopt, and the index forgets it, when it has expired or
// gone.
std::optional<SearchHandler::Match> SearchHandler::Resolve(const SpaceKey& space,
                                                           const Neighbour& neighbour,
                                                           bool with_vector, bool& store_failed) {
  const std::array<std::string_view, 1> keys = {neighbour.id};
  const auto inputs = store_.MultiGet(Family::kInputs, keys);
  if (!inputs.ok()) {
    store_failed = true;
    return std::nullopt;
  }
  const auto& stored = (*inputs)[0];
  auto input = stored ? DecodeInput(*stored)
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
    const auto values = store_.MultiGet(Family::kEmbeddings, keys);
    if (values.ok() && (*values)[0]) {
      if (const auto entry = DecodeEmbedding(*(*values)[0]); entry.ok())
        match.vector = entry->AsFloat32();
    }
  }
  return match;
}

Result<std::vector<SearchHandler::Match>> SearchHandler::Find(const Query& query,
                                                              const SpaceKey& space,
                                                              const std::vector<float>& vector,
                                                              bool& store_failed) {
  constexpr std::size_t kMaxCandidates = 8192;
  SearchOptions options;
  options.k = query.top_k;
  options.ef_search = query.ef_search;
  // What has expired is forgotten on the way and makes room for the next nearest.
  while (true) {
    LARDER_ASSIGN_OR_RETURN(const SearchAnswer answer, spaces_.Search(space, vector, options));
    std::vector<Match> matches;
    bool any_gone = false;
    for (const Neighbour& neighbour : answer.neighbours) {
      if (matches.size() == query.top_k) break;
      if (query.min_score && neighbour.score < *query.min_score) break;
      if (auto match = Resolve(space, neighbour, query.return_vectors, store_failed)) {
        matches.push_back(std::move(*match));
      } else {
        any_gone = true;
      }
    }
    const bool saw_all = answer.neighbours.size() < options.k || options.k == kMaxCandidates;
    if (!any_gone || store_failed || saw_all || matches.size() == query.top_k) return matches;
    options.k = std::min(2 * options.k, kMaxCandidates);
  }
}

Response SearchHandler::Handle(const Request& request, RequestContext& context) {
  auto query = Parse(request, context);
  if (!query.ok()) return RenderError(query.error());
  context.model = query->model;
  std::int64_t tokens = 0;
  std::vector<float> vector = query->vector;
  if (vector.empty()) {
    std::optional<Response> refused;
    auto embedded = Embed(*query, request, context, refused, tokens);
    if (!embedded.ok()) return RenderError(embedded.error());
    if (refused) return std::move(*refused);
    vector = std::move(embedded).value();
  }
  const auto home = embeddings_.HomeOf(query->model);
  const SpaceKey space =
      Indexer::SpaceOf(embeddings_.PartitionOf(context).id(), context.directives.name_space,
                       home.upstream, home.model, vector.size());
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
  for (const Match& match : *matches) {
    json.BeginObject().Member("id", ToHex(match.key)).Member("score", match.score);
    json.Member("text", match.text).Key("metadata").Null().Key("collection").Null();
    if (query->return_vectors) {
      json.Key("values").BeginArray();
      for (const float value : match.vector) {
        std::string number;
        AppendJsonNumber(value, number);
        json.Raw(number);
      }
      json.EndArray();
    }
    json.EndObject();
  }
  json.EndArray().Key("usage").BeginObject();
  json.Member("prompt_tokens", tokens).Member("total_tokens", tokens).EndObject().EndObject();
  return JsonResponse(200, json.Take());
}

}  // namespace larder

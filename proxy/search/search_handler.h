// POST /v1/search: the texts nearest to a text or a vector, among all that the caller's partition
// has embedded. A text query is embedded through the cache. Thread-safe.
#pragma once

#include <memory>

#include "cache/store.h"
#include "proxy/http/message.h"
#include "proxy/openai/embeddings_service.h"
#include "proxy/search/indexer.h"
#include "vector/space_set.h"

namespace larder {

inline constexpr std::size_t kMaxTopK = 1000;

class SearchHandler {
 public:
  // All outlive the handler.
  SearchHandler(EmbeddingsService& embeddings, Indexer& indexer, SpaceSet& spaces,
                const Store& store, const Clock& clock, std::chrono::seconds lifetime);

  // Body: {"query": text or [numbers], "model": M, "top_k": 1..1000 (10), "min_score": x?,
  // "return_vectors": false, "ef_search": n?, "dimensions": n?}. Answer:
  // {"object":"list","model":M, "data":[{"id","score","text","metadata","collection"}],"usage"},
  // best first.
  Response Handle(const Request& request, RequestContext& context);

 private:
  struct Query;
  struct Match;

  Result<Query> Parse(const Request& request, RequestContext& context) const;
  // The query's vector, or upstream's refusal to embed it (then `refused` is set).
  Result<std::vector<float>> Embed(const Query& query, const Request& request,
                                   RequestContext& context, std::optional<Response>& refused,
                                   std::int64_t& tokens);
  // `store_failed` is set when the store refused to be read: the matches are then not all.
  Result<std::vector<Match>> Find(const Query& query, const SpaceKey& space,
                                  const std::vector<float>& vector, bool& store_failed);
  std::optional<Match> Resolve(const SpaceKey& space, const Neighbour& neighbour, bool with_vector,
                               bool& store_failed);

  EmbeddingsService& embeddings_;
  Indexer& indexer_;
  SpaceSet& spaces_;
  const Store& store_;
  const Clock& clock_;
  const std::chrono::seconds lifetime_;
};

}  // namespace larder

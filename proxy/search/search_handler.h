// POST /v1/search: the texts nearest to a text or a vector, among all that the caller's partition
// has embedded, or the points of a collection. A text query is embedded through the cache.
// Thread-safe.
#pragma once

#include <memory>

#include "cache/store.h"
#include "proxy/http/message.h"
#include "proxy/openai/embeddings_service.h"
#include "proxy/search/collection_search.h"
#include "proxy/search/indexer.h"
#include "proxy/search/search_query.h"
#include "proxy/search/text_embedder.h"
#include "vector/space_set.h"

namespace larder {

class SearchHandler {
 public:
  // All outlive the handler.
  SearchHandler(EmbeddingsService& embeddings, TextEmbedder& embedder,
                CollectionSearch& collections, Indexer& indexer, SpaceSet& spaces,
                const Store& store, const Clock& clock, std::chrono::seconds lifetime);

  // Body: {"query": text or [numbers], "model": M, "top_k": 1..1000 (10), "min_score": x?,
  // "return_vectors": false, "ef_search": n?, "exact": false, "dimensions": n?}; with "collection":
  // NAME also "filter", "namespace" and "max_distance", and without "dimensions". Answer:
  // {"object":"list","model":M,"data":[{"id","score","text","metadata","collection"}],"exact",
  // "usage"}, best first; "exact" when every vector was considered.
  Response Handle(const Request& request, RequestContext& context);

 private:
  struct Match;
  struct Matches;

  // `store_failed` is set when the store refused to be read: the matches are then not all.
  Result<Matches> Find(const SearchQuery& query, const SpaceKey& space,
                       const std::vector<float>& vector, bool& store_failed);
  std::optional<Match> Resolve(const SpaceKey& space, const Neighbour& neighbour, bool with_vector,
                               bool& store_failed);

  EmbeddingsService& embeddings_;
  TextEmbedder& embedder_;
  CollectionSearch& collections_;
  Indexer& indexer_;
  SpaceSet& spaces_;
  const Store& store_;
  const Clock& clock_;
  const std::chrono::seconds lifetime_;
};

}  // namespace larder

// POST /v1/vector_stores/{collection}/search: a collection searched in OpenAI's shape, so that its
// SDKs' vectorStores.search works. Thread-safe.
// Source: OpenAI API reference, "Search vector store".
#pragma once

#include <string>

#include "proxy/openai/pass_through_handler.h"
#include "proxy/search/collection_search.h"

namespace larder {

class VectorStoreHandler {
 public:
  // All outlive the handler.
  VectorStoreHandler(Collections& collections, CollectionSearch& search,
                     PassThroughHandler& pass_through)
      : collections_(collections), search_(search), pass_through_(pass_through) {}

  // `store` is a name from the path. A store that is no collection of the caller's is upstream's:
  // the request goes there unchanged. Body: {"query": text or [texts], "filters",
  // "max_num_results": 1..50 (10), "ranking_options": {"score_threshold"}, "rewrite_query"}; of
  // several texts, each point has its best score. Scores: higher is nearer; of a euclidean
  // collection 1 / (1 + distance). file_id is the point's id, filename its metadata's "filename" or
  // else its id, attributes its metadata, content its text.
  Response Handle(const Request& request, const std::string& store, RequestContext& context);

 private:
  Response Search(const CollectionInfo& info, const Request& request, RequestContext& context);

  Collections& collections_;
  CollectionSearch& search_;
  PassThroughHandler& pass_through_;
};

}  // namespace larder

// CollectionSearch: the points of a collection nearest to a text or a vector. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/http/message.h"
#include "proxy/search/collections.h"
#include "proxy/search/search_query.h"
#include "proxy/search/text_embedder.h"

namespace larder {

class CollectionSearch {
 public:
  // All outlive it.
  CollectionSearch(Collections& collections, TextEmbedder& embedder, const Clock& clock)
      : collections_(collections), embedder_(embedder), clock_(clock) {}

  struct Query {
    std::string text;           // empty when the query is a vector
    std::vector<float> vector;  // empty when the query is a text
    std::string model;          // for a text, where the collection has none of its own
    std::size_t k = 10;
    std::size_t ef_search = 0;
    bool exact = false;
    const Filter* filter = nullptr;
    bool with_values = false;
    std::string param = "query";  // the field that holds the query, for errors
  };
  struct Answer {
    std::vector<Collections::Match> matches;  // nearest first
    bool exact = false;                       // no nearer point was passed over
    std::int64_t tokens = 0;                  // of the query's text
    std::string model;                        // that embedded, or would embed, a text
    std::optional<Response> refusal;          // upstream's; then there are no matches
  };
  // Errors: kInvalidArgument (a vector that is not the collection's, a text without a model); those
  // of TextEmbedder::EmbedFor and Collections::Search.
  Result<Answer> Find(const CollectionInfo& info, Query query, const Headers& client,
                      RequestContext& context);

  // POST /v1/search with a collection, answered as SearchHandler says.
  Response Handle(const SearchQuery& query, const Request& request, RequestContext& context);

 private:
  Collections& collections_;
  TextEmbedder& embedder_;
  const Clock& clock_;
};

}  // namespace larder

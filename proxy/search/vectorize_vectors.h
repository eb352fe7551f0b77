// What Vectorize's API does with the vectors of one index. Thread-safe.
#pragma once

#include <string>

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/search/collection_search.h"
#include "proxy/search/collections.h"

namespace larder {

class VectorizeVectors {
 public:
  // Both outlive it.
  VectorizeVectors(Collections& collections, CollectionSearch& search)
      : collections_(collections), search_(search) {}

  // `action` is the last segment of the path:
  //   insert, upsert  POST points without texts, at most 5000, ids of at most 64 bytes;
  //                   ?unparsable-behavior=error|discard
  //   query           POST {"vector" or "vectorId", "topK": 1..100 (5), "filter", "namespace",
  //                   "returnValues": false, "returnMetadata": "none|indexed|all"}; topK at most 50
  //                   with values or all metadata
  //   get_by_ids, delete_by_ids  POST {"ids": [...]}
  //   list            GET, ?count=1..1000 (100)&cursor=
  Response Handle(const Request& request, const CollectionInfo& info, const std::string& action,
                  RequestContext& context);

 private:
  struct Call;

  Response Write(const Call& call, UpsertMode mode);
  Response Query(const Call& call);
  Response GetByIds(const Call& call);
  Response DeleteByIds(const Call& call);
  Response List(const Call& call);

  Collections& collections_;
  CollectionSearch& search_;
};

}  // namespace larder

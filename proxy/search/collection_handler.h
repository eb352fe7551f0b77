// /v1/collections: the caller's collections and their points. Texts are embedded through the cache
// by the collection's model. Thread-safe.
#pragma once

#include <span>
#include <string>

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/search/collections.h"
#include "proxy/search/text_embedder.h"

namespace larder {

class CollectionHandler {
 public:
  // Both outlive the handler.
  CollectionHandler(Collections& collections, TextEmbedder& embedder)
      : collections_(collections), embedder_(embedder) {}

  // `segments` is the path below /v1/collections, decoded:
  //   (none)       GET, ?limit=1..1000 (100)&after=NAME: collections, by name
  //   NAME         PUT {"dimensions", "metric", "model", "storage", "description"}, GET, DELETE
  //   NAME/upsert  POST points, see ParsePointsBody; ?unparsable-behavior=error|discard
  //   NAME/delete  POST {"ids": [...]} or {"filter": {...}}
  //   NAME/get     POST {"ids": [...], "return_vectors": false}
  //   NAME/points  GET, ?limit=1..1000 (100)&after=ID: ids, by their bytes
  // PUT of what is there already: 200, or 409 when it would hold other vectors.
  Response Handle(const Request& request, std::span<const std::string> segments,
                  RequestContext& context);

 private:
  struct Call;

  Response List(const Call& call);
  Response Put(const Call& call);
  Response Drop(const Call& call);
  Response Upsert(const Call& call, const CollectionInfo& info);
  Response Delete(const Call& call);
  Response Get(const Call& call);
  Response ListIds(const Call& call);

  Collections& collections_;
  TextEmbedder& embedder_;
};

// Whose collections a request is about.
CollectionScope ScopeOf(const RequestContext& context);

// Why Find knew none: the caller has none of that name (404), or none can be read.
Error NoSuchCollection(const Collections& collections);
// 405 with Allow.
Response RefuseMethod(std::string_view allowed);

}  // namespace larder

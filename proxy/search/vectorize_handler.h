// Cloudflare Vectorize's API, version 2, over the caller's collections: an index is a collection,
// whichever shape made it. Writes are applied when they are answered; mutation ids only tell their
// order. Every field of the metadata can be filtered, with a metadata index or without.
// Thread-safe. Source: Cloudflare API reference, "Vectorize"; developers.cloudflare.com/vectorize.
#pragma once

#include <span>
#include <string>

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/search/collection_search.h"
#include "proxy/search/collections.h"
#include "proxy/search/vectorize_vectors.h"

namespace larder {

class VectorizeHandler {
 public:
  // Both outlive the handler.
  VectorizeHandler(Collections& collections, CollectionSearch& search)
      : collections_(collections), vectors_(collections, search) {}

  // `segments` is the path below /client/v4/accounts/{any}/vectorize/v2/indexes, decoded:
  //   (none)                             GET, POST {"name", "config", "description"}
  //   NAME                               GET, DELETE
  //   NAME/info                          GET
  //   NAME/metadata_index/list           GET
  //   NAME/metadata_index/create|delete  POST {"propertyName", "indexType"}
  //   NAME/...                           see VectorizeVectors
  Response Handle(const Request& request, std::span<const std::string> segments,
                  RequestContext& context);

 private:
  Response Create(const Request& request, const CollectionScope& scope);
  Response List(const CollectionScope& scope);
  Response Drop(const CollectionScope& scope, const std::string& name);
  Response HandleMetadataIndex(const Request& request, const CollectionScope& scope,
                               const CollectionInfo& info, const std::string& action);
  Response NotFound(const std::string& name) const;

  Collections& collections_;
  VectorizeVectors vectors_;
};

}  // namespace larder

// Route: which part of Larder a request is for, from method and path alone. Thread-safety: pure
// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/openai/response_policy.h"

namespace larder {

enum class RouteKind {
  kHealth,       // /livez, /readyz, /healthz
  kMetrics,      // /metrics
  kDashboard,    // /, /dashboard...
  kAdmin,        // /admin/v1/...
  kSearch,       // POST /v1/search
  kCollections,  // /v1/collections...
  kVectorStore,  // POST /v1/vector_stores/{store}/search: a collection's, or upstream's
  kVectorize,    // /client/v4/accounts/{any}/vectorize/v2/indexes...
  kEmbeddings,   // POST .../embeddings
  kResponses,    // the cached endpoints beside embeddings
  kPassThrough,  // everything else of the API
  kNotFound,
};

struct Route {
  RouteKind kind = RouteKind::kNotFound;
  Endpoint endpoint = Endpoint::kOther;
  // For the API: path and query as upstream gets them, and whether they count from its origin
  // ("/openai/deployments/{model}/..." of Azure) or from its base URL ("/embeddings").
  std::string upstream_path;
  bool from_origin = false;
  // Path below /v1, or below Azure's deployment, without query; percent-decoded, each slash once
  // and none at its end.
  std::string api_path;
  std::string model_in_path;  // Azure's deployment, percent-decoded; empty otherwise
  // Of DELETE /responses/{id}: the id, percent-decoded; empty otherwise.
  std::string deletes_response;
  // Of kCollections, kVectorStore and kVectorize: the path below, percent-decoded, without the
  // fixed parts; the store of kVectorStore alone.
  std::vector<std::string> segments;
  std::string_view label;  // bounded, for metrics
};

// Whether this server itself answers it, by computing rather than by waiting for upstream.
constexpr bool IsSearchKind(RouteKind kind) {
  return kind == RouteKind::kSearch || kind == RouteKind::kCollections ||
         kind == RouteKind::kVectorStore || kind == RouteKind::kVectorize;
}

// `target` is path and query as received.
Route RouteOf(std::string_view method, std::string_view target);

}  // namespace larder

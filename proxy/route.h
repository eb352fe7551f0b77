// Route: which part of Larder a request is for, from method and path alone. Thread-safety: pure
// functions.
#pragma once

#include <string>
#include <string_view>

#include "proxy/openai/response_policy.h"

namespace larder {

enum class RouteKind {
  kHealth,       // /livez, /readyz, /healthz
  kMetrics,      // /metrics
  kDashboard,    // /, /dashboard...
  kAdmin,        // /admin/v1/...
  kSearch,       // POST /v1/search
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
  std::string api_path;       // path below /v1, or below Azure's deployment, without query
  std::string model_in_path;  // Azure's deployment, percent-decoded; empty otherwise
  // Of DELETE /responses/{id}: the id, percent-decoded; empty otherwise.
  std::string deletes_response;
  std::string_view label;  // bounded, for metrics
};

// `target` is path and query as received.
Route RouteOf(std::string_view method, std::string_view target);

}  // namespace larder

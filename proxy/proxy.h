// Proxy: what a request meets first behind the front. Finds its route, makes its context, calls the
// one handler, and puts on every answer what a client is told. docs/life_of_a_request.md follows
// one through. Thread-safe.
#pragma once

#include <functional>
#include <optional>

#include "proxy/access/callers.h"
#include "proxy/admin/admin_handler.h"
#include "proxy/admin/telemetry.h"
#include "proxy/cache_mode.h"
#include "proxy/cors.h"
#include "proxy/hit_lane.h"
#include "proxy/http/handler.h"
#include "proxy/openai/embeddings_handler.h"
#include "proxy/openai/pass_through_handler.h"
#include "proxy/openai/responses_handler.h"
#include "proxy/openai/tunnel_handler.h"
#include "proxy/route.h"
#include "proxy/search/collection_handler.h"
#include "proxy/search/search_handler.h"
#include "proxy/search/vector_store_handler.h"
#include "proxy/search/vectorize_handler.h"

namespace larder {

// What one address serves; health everywhere. Anything else is not found there.
enum class Surface {
  kAll,
  kApi,    // without admin API, dashboard and metrics, which have an address of their own
  kAdmin,  // those alone, and the search that the dashboard shows
};

struct ProxyOptions {
  std::uint64_t max_request_bytes = 25U << 20;  // of a body that is gathered whole
  std::string via;                              // "1.1 larder-1f2e3d4c": this server's own
  std::string upstream;  // for the records of requests that had no choice of upstreams
  CacheMode mode = CacheMode::kOn;
  CorsOptions cors;
  Surface surface = Surface::kAll;
};

class Proxy final : public HttpHandler {
 public:
  // The handlers a request may go to. All outlive the proxy.
  struct Handlers {
    EmbeddingsService& embeddings_service;  // the first handler's, for the fast lane
    EmbeddingsHandler& embeddings;
    ResponsesHandler& responses;
    PassThroughHandler& pass_through;
    TunnelHandler& tunnel;
    SearchHandler& search;
    CollectionHandler& collections;
    VectorStoreHandler& vector_stores;
    VectorizeHandler& vectorize;
    AdminHandler& admin;
  };
  // Told of every finished request; called on a front's thread, must be quick.
  using Observer = std::function<void(const RequestRecord&)>;

  Proxy(Handlers handlers, const Callers& callers, const Clock& clock, ProxyOptions options,
        Observer observer);

  RequestPlan Plan(const Request& head) const override;
  Response Handle(Request request) override;
  Response RenderFrontError(int status, std::string_view message) const override;
  std::unique_ptr<FastLane> NewFastLane() override;

 private:
  // As RouteOf, but kNotFound for what this address does not serve.
  Route RouteFor(const Request& request) const;
  Response HandleApi(Request& request, const Route& route, RequestContext& context);
  std::optional<Response> Limit(const Request& request, const Route& route,
                                RequestContext& context) const;
  Response Dispatch(const Request& request, const Route& route, RequestContext& context);
  void Finish(const Request& request, const RequestContext& context, Response& response) const;
  void Observe(const Request& request, const RequestContext& context, Response& response) const;

  Handlers handlers_;
  const Callers& callers_;
  const Clock& clock_;
  const ProxyOptions options_;
  const CorsRules cors_;
  const Observer observer_;
};

}  // namespace larder

#include "proxy/admin/stats_endpoint.h"

#include "proxy/admin/stats_query.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

// On a worker: a month is hundreds of roll-ups, some milliseconds.
RequestPlan OnWorker() {
  RequestPlan plan;
  plan.max_body_bytes = 64UL * 1024;
  return plan;
}

}  // namespace

RequestPlan StatsEndpoint::plan() const {
  return OnWorker();
}

Response StatsEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  const auto query = ParseStatsQuery(request.query());
  if (!query.ok()) return RenderError(query.error());
  return JsonResponse(200, telemetry_.RenderStats(*query));
}

RequestPlan TimeseriesEndpoint::plan() const {
  return OnWorker();
}

Response TimeseriesEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  auto query = ParseStatsQuery(request.query());
  if (!query.ok()) return RenderError(query.error());
  if (query->window == std::chrono::seconds(0)) query->window = std::chrono::hours(1);
  return JsonResponse(200, telemetry_.RenderTimeseries(*query));
}

}  // namespace larder

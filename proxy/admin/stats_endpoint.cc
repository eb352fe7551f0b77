#include "proxy/admin/stats_endpoint.h"

#include <charconv>

#include "proxy/openai/errors.h"

namespace larder {
namespace {

// "90s", "15m", "1h", "30d" or plain seconds; nullopt for anything else.
std::optional<std::chrono::seconds> ParseWindow(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0 || value > 100'000'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty() || unit == "s") return std::chrono::seconds(value);
  if (unit == "m") return std::chrono::minutes(value);
  if (unit == "h") return std::chrono::hours(value);
  if (unit == "d") return std::chrono::hours(24 * value);
  return std::nullopt;
}

// The query's window, or `otherwise` without one. Errors: kInvalidArgument.
Result<std::chrono::seconds> WindowOf(const Request& request, std::chrono::seconds otherwise) {
  const auto text = QueryParameter(request.query(), "window");
  if (!text) return otherwise;
  if (const auto window = ParseWindow(*text)) return *window;
  return InvalidArgument("window must be a number of seconds, or end in s, m, h or d", "window");
}

RequestPlan OnLoop() {
  RequestPlan plan;
  plan.on_loop = true;
  plan.max_body_bytes = 64UL * 1024;
  return plan;
}

}  // namespace

RequestPlan StatsEndpoint::plan() const {
  return OnLoop();
}

Response StatsEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  const auto window = WindowOf(request, std::chrono::seconds(0));
  if (!window.ok()) return RenderError(window.error());
  return JsonResponse(200, telemetry_.RenderStats(*window));
}

RequestPlan TimeseriesEndpoint::plan() const {
  return OnLoop();
}

Response TimeseriesEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  const auto window = WindowOf(request, std::chrono::hours(1));
  if (!window.ok()) return RenderError(window.error());
  return JsonResponse(200, telemetry_.RenderTimeseries(*window));
}

}  // namespace larder

#include "proxy/admin/admin_handler.h"

#include <charconv>

#include "proxy/dashboard/assets.h"
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

bool IsRead(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Response NotKept(Response response) {
  response.headers.Set("cache-control", "private, no-store");
  return response;
}

Response MethodNotAllowed() {
  Response response = RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                                        "only GET and HEAD are served here"});
  response.headers.Set("allow", "GET, HEAD");
  return response;
}

}  // namespace

Response AdminHandler::Handle(const Request& request, RouteKind kind) const {
  if (!IsRead(request)) return MethodNotAllowed();
  if (kind == RouteKind::kHealth) return HandleHealth(request);
  if (kind == RouteKind::kMetrics) {
    Response response;
    response.headers.Add("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = telemetry_.RenderMetrics();
    return response;
  }
  if (const Status host = access_.CheckHost(request); !host.ok()) return RenderError(host.error());
  return kind == RouteKind::kDashboard ? HandleDashboard(request) : HandleAdmin(request);
}

Response AdminHandler::HandleHealth(const Request& request) const {
  const Health health = health_();
  const bool live_only = request.path() == "/livez";
  const bool ok = live_only || health.ready;
  std::string body = std::string("{\"status\":\"") + (ok ? "ok" : "unavailable") + "\"";
  if (!live_only && !health.detail.empty()) body += "," + health.detail;
  return JsonResponse(ok ? 200 : 503, body + "}");
}

Response AdminHandler::HandleDashboard(const Request& request) const {
  if (request.path() == "/" || request.path() == "/dashboard") {
    Response redirect;
    redirect.status = 302;
    redirect.headers.Add("location", "/dashboard/");
    return redirect;
  }
  const Asset* asset = FindAsset(request.path().substr(std::string_view("/dashboard/").size()));
  if (asset == nullptr) {
    return RenderError(
        Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "the dashboard has no such file"});
  }
  Response response;
  response.headers.Add("etag", std::string(asset->etag));
  response.headers.Add("cache-control", "no-cache");  // asked again each time, by its ETag
  response.headers.Add("content-security-policy", std::string(kDashboardCsp));
  response.headers.Add("x-content-type-options", "nosniff");
  response.headers.Add("referrer-policy", "no-referrer");
  if (request.headers.Find("if-none-match") == asset->etag) {
    response.status = 304;
    return response;
  }
  response.headers.Add("content-type", std::string(asset->content_type));
  response.body = asset->bytes;
  return response;
}

Response AdminHandler::HandleAdmin(const Request& request) const {
  if (const Status token = access_.CheckToken(request); !token.ok()) {
    Response refused = RenderError(token.error());
    refused.headers.Set("www-authenticate", "Bearer realm=\"larder admin\"");
    return refused;
  }
  const auto window_text = QueryParameter(request.query(), "window");
  const auto window = ParseWindow(window_text.value_or("0"));
  if (!window) {
    return RenderError(
        InvalidArgument("window must be a number of seconds, or end in s, m, h or d", "window"));
  }
  if (request.path() == "/admin/v1/stats") {
    return NotKept(JsonResponse(200, telemetry_.RenderStats(*window)));
  }
  if (request.path() == "/admin/v1/timeseries") {
    return NotKept(JsonResponse(
        200, telemetry_.RenderTimeseries(window_text ? *window : std::chrono::hours(1))));
  }
  return RenderError(
      Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "the admin API has no such path"});
}

}  // namespace larder

#include "proxy/admin/admin_handler.h"

#include "proxy/admin/security_headers.h"
#include "proxy/dashboard/assets.h"
#include "proxy/http/accept_encoding.h"
#include "proxy/openai/errors.h"

namespace larder {
namespace {

// Of a request whose body nobody reads: enough for the connection to go on.
constexpr std::uint64_t kMaxUnreadBody = 64UL * 1024;

bool IsRead(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Response NotKept(Response response) {
  response.headers.Set("cache-control", "private, no-store");
  return response;
}

Response MethodNotAllowed(std::string_view allowed) {
  Response response = RenderError(Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                                        "only " + std::string(allowed) + " is served here"});
  response.headers.Set("allow", std::string(allowed));
  return response;
}

// Methods are case-sensitive (RFC 9110, section 9.1).
bool Allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const std::string_view one = methods.substr(0, methods.find(','));
    if (TrimOws(one) == method) return true;
    methods.remove_prefix(std::min(methods.size(), one.size() + 1));
  }
  return false;
}

// What a page of another origin can send without being asked for leave is no JSON (Fetch, section
// 4.9): a form must not purge a cache.
Status CheckBodyType(const Request& request) {
  if (IsRead(request) || (request.body_size.value_or(0) == 0 && request.body.empty())) return {};
  const auto type = request.headers.Find("content-type").value_or("");
  const std::string_view media = TrimOws(type.substr(0, type.find(';')));
  if (EqualsIgnoreCase(media, "application/json")) return {};
  if (EqualsIgnoreCase(media, "application/x-ndjson")) return {};
  return Error{ErrorCode::kInvalidArgument, ErrorOrigin::kDownstream,
               "the admin API takes Content-Type: application/json (or application/x-ndjson)"};
}

}  // namespace

Response AdminHandler::Handle(const Request& request, RouteKind kind) const {
  const bool login = kind == RouteKind::kDashboard && LoginHandler::Serves(request.path());
  if (kind != RouteKind::kAdmin && !login && !IsRead(request)) {
    return MethodNotAllowed("GET, HEAD");
  }
  if (kind == RouteKind::kHealth) return HandleHealth(request);
  Response response = HandleOwn(request, kind);
  AddSecurityHeaders(access_.tls(), response.headers);
  return response;
}

Response AdminHandler::HandleOwn(const Request& request, RouteKind kind) const {
  if (kind == RouteKind::kMetrics) {
    Response response;
    response.headers.Add("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = telemetry_.RenderMetrics();
    return response;
  }
  if (const Status host = access_.CheckHost(request); !host.ok()) return RenderError(host.error());
  if (kind == RouteKind::kAdmin) return HandleAdmin(request);
  if (LoginHandler::Serves(request.path())) return login_.Handle(request);
  return HandleDashboard(request);
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
  const std::string_view name = request.path().substr(std::string_view("/dashboard/").size());
  // The page itself is for whoever may in; what it is made of tells nothing.
  if (name.empty() && !access_.Admit(request).ok()) return LoginHandler::LeadToLogin(request);
  const Asset* asset = FindAsset(name);
  if (asset == nullptr) {
    return RenderError(
        Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "the dashboard has no such file"});
  }
  const bool gzip = AcceptsGzip(request.headers);
  const std::string_view etag = gzip ? asset->gzip_etag : asset->etag;
  Response response;
  response.headers.Add("etag", std::string(etag));
  response.headers.Add("vary", "Accept-Encoding");
  response.headers.Add("cache-control", "no-cache");  // asked again each time, by its ETag
  response.headers.Add("content-security-policy", std::string(kDashboardCsp));
  if (request.headers.Find("if-none-match") == etag) {
    response.status = 304;
    return response;
  }
  response.headers.Add("content-type", std::string(asset->content_type));
  if (gzip) response.headers.Add("content-encoding", "gzip");
  response.body = gzip ? asset->gzip_bytes : asset->bytes;
  return response;
}

Response AdminHandler::HandleAdmin(const Request& request) const {
  const auto caller = access_.Admit(request);
  if (!caller.ok()) {
    Response refused = RenderError(caller.error());
    if (refused.status == 401) {
      refused.headers.Set("www-authenticate", "Bearer realm=\"larder admin\"");
    }
    return refused;
  }
  if (!IsRead(request)) {
    if (const Status meant = access_.CheckChange(request, *caller); !meant.ok()) {
      return RenderError(meant.error());
    }
  }
  const Target target = TargetOf(request);
  if (target.endpoint == nullptr) {
    return RenderError(
        Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream, "the admin API has no such path"});
  }
  if (!Allows(target.endpoint->methods(), request.method)) {
    return MethodNotAllowed(target.endpoint->methods());
  }
  if (const Status type = CheckBodyType(request); !type.ok()) return RenderError(type.error());
  return NotKept(target.endpoint->Handle(request, target.below));
}

AdminHandler::Target AdminHandler::TargetOf(const Request& request) const {
  constexpr std::string_view kPrefix = "/admin/v1/";
  std::string_view path = request.path();
  if (!path.starts_with(kPrefix)) return {};
  path.remove_prefix(kPrefix.size());
  const std::string_view name = path.substr(0, path.find('/'));
  const auto found = endpoints_.find(name);
  if (found == endpoints_.end()) return {};
  path.remove_prefix(name.size());
  if (path.empty()) return {found->second, {}};
  path.remove_prefix(1);
  if (path.empty() || !found->second->has_below()) return {};
  return {found->second, PercentDecode(path)};
}

RequestPlan AdminHandler::Plan(const Request& head, RouteKind kind) const {
  RequestPlan at_once;
  at_once.on_loop = true;
  at_once.max_body_bytes = kMaxUnreadBody;
  if (kind == RouteKind::kDashboard && LoginHandler::Serves(head.path())) {
    return access_.CheckHost(head).ok() ? LoginHandler::Plan(head) : at_once;
  }
  if (kind != RouteKind::kAdmin) return at_once;
  const Target target = TargetOf(head);
  const auto may = [&] {
    // A body that is too large for whoever may not ask is refused ahead of Handle: such a guess
    // counts here.
    const bool guess = head.body_size.value_or(kMaxUnreadBody + 1) > kMaxUnreadBody;
    const auto caller = guess ? access_.Admit(head) : access_.Identify(head);
    return caller.ok() && (IsRead(head) || access_.CheckChange(head, *caller).ok());
  };
  // Whoever may not ask is told so before a body is read.
  if (target.endpoint != nullptr && access_.CheckHost(head).ok() && may() &&
      Allows(target.endpoint->methods(), head.method)) {
    return target.endpoint->plan();
  }
  return at_once;
}

}  // namespace larder

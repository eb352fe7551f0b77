#include "proxy/route.h"

#include "proxy/http/message.h"

namespace larder {
namespace {

// The rest of `path` behind `prefix` when `prefix` is a whole number of its segments.
std::optional<std::string_view> Below(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = path.substr(prefix.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return rest;
}

RouteKind KindOf(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kEmbeddings:
      return RouteKind::kEmbeddings;
    case Endpoint::kOther:
      return RouteKind::kPassThrough;
    default:
      return RouteKind::kResponses;
  }
}

Route ApiRoute(std::string_view method, std::string_view path) {
  Route route;
  route.endpoint = EndpointOf(method, path);
  route.kind = KindOf(route.endpoint);
  route.label = route.endpoint == Endpoint::kOther ? "passthrough" : EndpointName(route.endpoint);
  route.api_path = path;
  constexpr std::string_view kResponses = "/responses/";
  if (method == "DELETE" && path.starts_with(kResponses) &&
      path.find('/', kResponses.size()) == std::string_view::npos) {
    route.deletes_response = PercentDecode(path.substr(kResponses.size()));
  }
  return route;
}

}  // namespace

Route RouteOf(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(path.size());
  Route route;
  if (path == "/livez" || path == "/readyz" || path == "/healthz") {
    route.kind = RouteKind::kHealth;
    route.label = "health";
  } else if (path == "/metrics") {
    route.kind = RouteKind::kMetrics;
    route.label = "metrics";
  } else if (path == "/" || Below(path, "/dashboard")) {
    route.kind = RouteKind::kDashboard;
    route.label = "dashboard";
  } else if (Below(path, "/admin")) {
    route.kind = RouteKind::kAdmin;
    route.label = "admin";
  } else if (path == "/v1/search") {
    route.kind = RouteKind::kSearch;
    route.label = "search";
  } else if (const auto below = Below(path, "/v1")) {
    route = ApiRoute(method, *below);
    route.upstream_path = std::string(*below) + std::string(query);
    if (below->empty()) route.upstream_path.insert(0, "/");
  } else if (const auto azure = Below(path, "/openai")) {
    std::string_view rest = *azure;
    if (const auto deployment = Below(rest, "/deployments"); deployment && deployment->size() > 1) {
      const std::string_view name = deployment->substr(1, deployment->find('/', 1) - 1);
      rest = deployment->substr(1 + name.size());
      route = ApiRoute(method, rest);
      route.model_in_path = PercentDecode(name);
    } else {
      // Azure's "v1" API keeps OpenAI's paths below /openai/v1.
      route = ApiRoute(method, Below(rest, "/v1").value_or(rest));
    }
    route.from_origin = true;
    route.upstream_path = target;
  } else {
    route.label = "unknown";
  }
  return route;
}

}  // namespace larder

#include "proxy/route.h"

#include <optional>

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

// "/a/b%20c" is "a", "b c"; a slash at the end adds nothing.
std::vector<std::string> SegmentsOf(std::string_view path) {
  std::vector<std::string> segments;
  while (path.size() > 1) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    segments.push_back(PercentDecode(segment));
    path.remove_prefix(segment.size());
  }
  return segments;
}

// The path below the indexes of whatever account.
std::optional<std::string_view> BelowVectorize(std::string_view path) {
  const auto account = Below(path, "/client/v4/accounts");
  if (!account || account->size() < 2) return std::nullopt;
  const std::size_t end = account->find('/', 1);
  if (end == std::string_view::npos || end == 1) return std::nullopt;
  return Below(account->substr(end), "/vectorize/v2/indexes");
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
  } else if (const auto collections = Below(path, "/v1/collections")) {
    route.kind = RouteKind::kCollections;
    route.label = "collections";
    route.segments = SegmentsOf(*collections);
  } else if (const auto indexes = BelowVectorize(path)) {
    route.kind = RouteKind::kVectorize;
    route.label = "vectorize";
    route.segments = SegmentsOf(*indexes);
  } else if (const auto below = Below(path, "/v1")) {
    route = ApiRoute(method, *below);
    const auto stores = Below(*below, "/vector_stores");
    auto segments = stores && method == "POST" ? SegmentsOf(*stores) : std::vector<std::string>();
    if (segments.size() == 2 && segments[1] == "search") {
      route.kind = RouteKind::kVectorStore;
      route.segments = {std::move(segments[0])};
    }
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

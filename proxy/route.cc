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

// A path as servers read it: many decode it, and take several slashes for one and none at the end.
std::string AsRead(std::string_view path) {
  std::string read;
  for (const char c : PercentDecode(path)) {
    if (c != '/' || !read.ends_with('/')) read += c;
  }
  if (read.size() > 1 && read.ends_with('/')) read.pop_back();
  return read;
}

// What `path`, below `prefix`, is for. A path that only means a cached endpoint goes upstream as
// that endpoint's own, so that what is said of it (a limit, an upstream's patterns) holds; others
// go as they came.
Route ApiRoute(std::string_view method, std::string_view prefix, std::string_view path,
               std::string_view query) {
  Route route;
  route.api_path = AsRead(path);
  route.endpoint = EndpointOf(method, route.api_path);
  route.kind = KindOf(route.endpoint);
  route.label = route.endpoint == Endpoint::kOther ? "passthrough" : EndpointName(route.endpoint);
  const bool has_names = route.endpoint == Endpoint::kOther || route.endpoint == Endpoint::kModels;
  route.upstream_path = prefix;
  route.upstream_path += has_names ? path : route.api_path;
  if (route.upstream_path.empty()) route.upstream_path = "/";
  route.upstream_path += query;
  constexpr std::string_view kResponses = "/responses/";
  if (method == "DELETE" && route.api_path.starts_with(kResponses) &&
      route.api_path.find('/', kResponses.size()) == std::string_view::npos) {
    route.deletes_response = route.api_path.substr(kResponses.size());
  }
  return route;
}

// Azure's: the deployments, and OpenAI's own paths below /openai/v1. `path` is below /openai.
Route AzureRoute(std::string_view method, std::string_view path, std::string_view query) {
  const auto route_of = [&](std::string_view rest) {
    const std::string prefix = "/openai" + std::string(path.substr(0, path.size() - rest.size()));
    Route route = ApiRoute(method, prefix, rest, query);
    route.from_origin = true;
    return route;
  };
  if (const auto deployment = Below(path, "/deployments"); deployment && deployment->size() > 1) {
    const std::string_view name = deployment->substr(1, deployment->find('/', 1) - 1);
    Route route = route_of(deployment->substr(1 + name.size()));
    route.model_in_path = PercentDecode(name);
    return route;
  }
  return route_of(Below(path, "/v1").value_or(path));
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
    route = ApiRoute(method, "", *below, query);
    const auto stores = Below(*below, "/vector_stores");
    auto segments = stores && method == "POST" ? SegmentsOf(*stores) : std::vector<std::string>();
    if (segments.size() == 2 && segments[1] == "search") {
      route.kind = RouteKind::kVectorStore;
      route.segments = {std::move(segments[0])};
    }
  } else if (const auto azure = Below(path, "/openai")) {
    route = AzureRoute(method, *azure, query);
  } else {
    route.label = "unknown";
  }
  return route;
}

}  // namespace larder

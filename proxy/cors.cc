#include "proxy/cors.h"

#include <algorithm>

#include "proxy/openai/errors.h"

namespace larder {
namespace {

constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
// What clients read of an answer beside the fields that every page may.
constexpr std::string_view kExposed =
    "Age, Cache-Status, cf-aig-cache-status, x-larder-billed-tokens, x-request-id, Server-Timing, "
    "Retry-After, retry-after-ms, x-should-retry, x-ratelimit-limit-requests, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-requests, x-ratelimit-remaining-tokens, "
    "x-ratelimit-reset-requests, x-ratelimit-reset-tokens, openai-processing-ms";

}  // namespace

bool CorsRules::IsPreflight(const Request& request) {
  return request.method == "OPTIONS" && request.headers.Has("origin") &&
         request.headers.Has("access-control-request-method");
}

bool CorsRules::Allows(std::string_view origin) const {
  return std::any_of(
      options_.origins.begin(), options_.origins.end(),
      [&](const std::string& allowed) { return allowed == "*" || allowed == origin; });
}

bool CorsRules::MayAsk(const Request& request) const {
  const auto origin = request.headers.Find("origin");
  if (!origin || Allows(*origin)) return true;
  if (const auto site = request.headers.Find("sec-fetch-site");
      site && (*site == "same-origin" || *site == "none")) {
    return true;
  }
  const std::size_t end = origin->find("://");
  const std::string_view scheme = origin->substr(0, end);
  if (!EqualsIgnoreCase(scheme, "http") && !EqualsIgnoreCase(scheme, "https")) {
    return !EqualsIgnoreCase(*origin, "null");
  }
  const auto host = request.headers.Find("host");
  return end != std::string_view::npos && host && EqualsIgnoreCase(origin->substr(end + 3), *host);
}

Response CorsRules::Refuse() {
  Response refused = RenderError(
      Error{ErrorCode::kForbidden, ErrorOrigin::kDownstream,
            "web pages of this origin may not call the API; add it to server.cors_origins"});
  refused.headers.Add("vary", "Origin");
  return refused;
}

Response CorsRules::AnswerPreflight(const Request& request) const {
  if (!Allows(*request.headers.Find("origin"))) return Refuse();
  Response response;
  response.status = 204;
  Decorate(request, response.headers);
  response.headers.Remove("access-control-expose-headers");
  response.headers.Set("access-control-allow-methods", std::string(kMethods));
  if (request.headers.Has("access-control-request-headers")) {
    response.headers.Set("access-control-allow-headers",
                         request.headers.Joined("access-control-request-headers"));
  }
  // Private Network Access, as browsers ask for it on the way to a loopback address.
  if (const auto wanted = request.headers.Find("access-control-request-private-network");
      wanted && EqualsIgnoreCase(*wanted, "true")) {
    response.headers.Set("access-control-allow-private-network", "true");
  }
  response.headers.Set("access-control-max-age",
                       std::to_string(options_.preflight_max_age.count()));
  return response;
}

void CorsRules::Decorate(const Request& request, Headers& headers) const {
  for (const std::string_view name :
       {"access-control-allow-origin", "access-control-allow-credentials",
        "access-control-allow-methods", "access-control-allow-headers",
        "access-control-expose-headers", "access-control-max-age"}) {
    headers.Remove(name);
  }
  if (options_.origins.empty()) return;
  if (!headers.ListsToken("vary", "origin")) headers.Add("vary", "Origin");
  const auto origin = request.headers.Find("origin");
  if (!origin || !Allows(*origin)) return;
  headers.Set("access-control-allow-origin", std::string(*origin));
  headers.Set("access-control-expose-headers", std::string(kExposed));
}

}  // namespace larder

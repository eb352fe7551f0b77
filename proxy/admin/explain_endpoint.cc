#include "proxy/admin/explain_endpoint.h"

#include <array>

#include "proxy/access/permissions.h"
#include "proxy/admin/explanation_json.h"
#include "proxy/credential_fields.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/json/canonical_json.h"
#include "proxy/openai/errors.h"
#include "proxy/route.h"
#include "proxy/search/request_json.h"

namespace larder {
namespace {

constexpr std::array<std::string_view, 5> kMembers = {"method", "path", "headers", "body",
                                                      "partition"};

Result<Headers> ReadHeaders(JsonElement root) {
  Headers headers;
  const auto given = GivenMember(root, "headers");
  if (!given) return headers;
  JsonObject members;
  if (given->get(members) != simdjson::SUCCESS) {
    return InvalidArgument("headers must be an object of strings", "headers");
  }
  for (const auto [name, value] : members) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
      return InvalidArgument("headers must be an object of strings", "headers");
    }
    headers.Add(std::string(name), std::string(text));
  }
  return headers;
}

}  // namespace

Result<Request> ExplainEndpoint::Read(const Request& request,
                                      std::optional<Partition>& partition) const {
  LARDER_ASSIGN_OR_RETURN(const JsonDocument document, ParseRequestObject(request.body, kMembers));
  const JsonElement root = document.root();
  Request asked;
  LARDER_ASSIGN_OR_RETURN(asked.method, TextMember(root, "method"));
  LARDER_ASSIGN_OR_RETURN(asked.target, TextMember(root, "path"));
  LARDER_ASSIGN_OR_RETURN(std::string named, TextMember(root, "partition"));
  if (!named.empty()) partition = Partition(std::move(named));
  LARDER_ASSIGN_OR_RETURN(asked.headers, ReadHeaders(root));
  const auto body = GivenMember(root, "body");
  if (body) {
    std::string_view text;
    asked.body = body->get(text) == simdjson::SUCCESS ? std::string(text) : CanonicalJson(*body);
  }
  if (asked.method.empty()) asked.method = asked.body.empty() ? "GET" : "POST";
  if (!asked.target.starts_with('/')) {
    return InvalidArgument("path must begin with /, as in /v1/embeddings", "path");
  }
  return asked;
}

Response ExplainEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  std::optional<Partition> partition;
  auto asked = Read(request, partition);
  if (!asked.ok()) return RenderError(asked.error());
  Route route = RouteOf(asked->method, asked->target);
  RemoveListedInConnection(asked->headers);
  auto directives = ParseCacheDirectives(asked->headers);
  if (!directives.ok()) return RenderError(directives.error());

  std::shared_ptr<const ClientKey> key;
  if (!partition) {
    auto caller = parts_.callers.Admit(asked->headers, asked->query());
    if (!caller.ok()) return RenderError(caller.error());
    partition = std::move(caller->partition);
    if (caller->key != nullptr) route.upstream_path = WithoutCredentials(route.upstream_path);
    key = std::move(caller->key);
  }
  RequestContext context{"", std::move(*partition)};
  context.key = std::move(key);
  context.directives = std::move(directives).value();
  ApplyMode(parts_.mode, context.directives);
  context.endpoint = route.upstream_path;
  context.from_origin = route.from_origin;
  context.api_path = route.api_path;
  context.model_in_path = route.model_in_path;
  context.route = route.label;

  const WallTime now = parts_.clock.Now();
  if (route.kind == RouteKind::kEmbeddings) {
    const auto parsed = ParseEmbeddingsRequest(asked->body, context.model_in_path);
    if (!parsed.ok()) return RenderError(parsed.error());
    context.model = parsed->model;
    const auto explanation = parts_.embeddings.Explain(*parsed, asked->headers, context);
    return JsonResponse(200, RenderExplanation(context, explanation, now, kMaxInputs));
  }
  if (route.kind == RouteKind::kResponses) {
    const auto explanation = parts_.responses.Explain(*asked, route.endpoint, context);
    if (!explanation.ok()) return RenderError(explanation.error());
    return JsonResponse(200, RenderExplanation(context, *explanation, now));
  }
  if (route.kind == RouteKind::kPassThrough) {
    const Status unread = CheckUnread(context, asked->method);
    return JsonResponse(200, RenderPassThrough(context, "passed through",
                                               unread.ok() ? "" : unread.error().message));
  }
  return JsonResponse(200, RenderPassThrough(context, "answered by Larder itself"));
}

}  // namespace larder

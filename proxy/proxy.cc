#include "proxy/proxy.h"

#include <algorithm>

#include "proxy/access/limited_path.h"
#include "proxy/access/rate_fields.h"
#include "proxy/credential_fields.h"
#include "proxy/forwarding.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/websocket.h"
#include "proxy/openai/errors.h"
#include "proxy/request_id.h"
#include "proxy/search/vectorize_reply.h"
#include "proxy/server_timing.h"
#include "proxy/trace_context.h"

namespace larder {
namespace {

constexpr std::uint64_t kMaxFiberBody = 64UL * 1024;
// More often than any chain of servers decodes a path.
constexpr int kMostDecodings = 4;
// A request may bring thousands of vectors. Vectorize's limit of an upload.
constexpr std::uint64_t kMaxPointsBody = 100U << 20;

bool IsAdminKind(RouteKind kind) {
  return kind == RouteKind::kHealth || kind == RouteKind::kMetrics ||
         kind == RouteKind::kDashboard || kind == RouteKind::kAdmin;
}

bool IsServed(Surface surface, RouteKind kind) {
  if (surface == Surface::kAll || kind == RouteKind::kHealth) return true;
  const bool of_admin = IsAdminKind(kind) || kind == RouteKind::kSearch;
  return surface == Surface::kAdmin ? of_admin : !IsAdminKind(kind);
}

// Whether a segment of the path is "." or "..", however often it is percent-encoded: it could lead
// out of the upstream's base path, and past the patterns that chose the upstream. Some servers take
// an encoded slash or a backslash for a slash, and drop what stands behind a ';'.
bool HasDotSegment(std::string_view target) {
  std::string path(target);
  for (int i = 0; i < kMostDecodings && path.find('%') != std::string::npos; ++i) {
    path = PercentDecode(path);
  }
  std::string_view rest = path;
  while (!rest.empty()) {
    std::string_view segment = rest.substr(0, rest.find_first_of("/\\"));
    rest.remove_prefix(std::min(rest.size(), segment.size() + 1));
    segment = segment.substr(0, segment.find(';'));
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

// Why the request is never passed on.
Status CheckPassable(const Request& request) {
  // RFC 9110, section 9.3.8: what TRACE returns may hold a credential that Larder added.
  if (request.method == "TRACE" || request.method == "CONNECT") {
    return Error{ErrorCode::kMethodNotAllowed, ErrorOrigin::kDownstream,
                 request.method + " is not passed on"};
  }
  if (HasDotSegment(request.path())) {
    return InvalidArgument("the path must not have a segment \".\" or \"..\"");
  }
  return {};
}

// Upstream's part of the trace hangs below Larder's. What is no traceparent goes on as it came.
void JoinTrace(Headers& headers, RequestContext& context) {
  const auto traceparent = headers.Find("traceparent");
  if (!traceparent) return;
  context.trace_id = TraceIdOf(*traceparent);
  if (!context.trace_id.empty()) headers.Set("traceparent", NextTraceparent(*traceparent));
}

std::string LimitedPathOf(const Route& route, const Request& request) {
  if (!route.api_path.empty()) return LimitedPath(route.api_path);
  const std::string_view path = request.path();
  constexpr std::string_view kBase = "/v1/";
  return LimitedPath(path.starts_with(kBase) ? path.substr(kBase.size() - 1) : path);
}

bool IsCoded(const Request& request) {
  const auto coding = request.headers.Find("content-encoding");
  return coding && !coding->empty() && !EqualsIgnoreCase(*coding, "identity");
}

}  // namespace

Proxy::Proxy(Handlers handlers, const Callers& callers, const Clock& clock, ProxyOptions options,
             Observer observer)
    : handlers_(handlers),
      callers_(callers),
      clock_(clock),
      options_(std::move(options)),
      cors_(options_.cors),
      observer_(std::move(observer)) {}

Route Proxy::RouteFor(const Request& request) const {
  Route route = RouteOf(request.method, request.target);
  if (IsServed(options_.surface, route.kind)) return route;
  route = Route();
  route.label = "unknown";
  return route;
}

RequestPlan Proxy::Plan(const Request& head) const {
  const RouteKind kind = RouteFor(head).kind;
  RequestPlan plan;
  if (IsAdminKind(kind)) return handlers_.admin.Plan(head, kind);
  plan.on_loop = kind == RouteKind::kNotFound;
  plan.tunnel = !plan.on_loop && !IsSearchKind(kind) && AsksForWebsocket(head);
  plan.whole_body = kind != RouteKind::kPassThrough && !plan.tunnel;
  plan.max_body_bytes = plan.whole_body ? options_.max_request_bytes : 0;
  if (kind == RouteKind::kCollections || kind == RouteKind::kVectorize) {
    plan.max_body_bytes = std::max(plan.max_body_bytes, kMaxPointsBody);
  }
  // What waits for upstream, mostly. A search computes, and so does a large body.
  plan.on_fiber = !plan.tunnel && !IsSearchKind(kind) &&
                  (!plan.whole_body || head.body_size.value_or(kMaxFiberBody + 1) <= kMaxFiberBody);
  return plan;
}

std::unique_ptr<FastLane> Proxy::NewFastLane() {
  // In the other modes the ordinary way bends what a request asks for.
  if (options_.mode != CacheMode::kOn || options_.surface == Surface::kAdmin) return nullptr;
  return std::make_unique<HitLane>(HitLane::Parts{handlers_.embeddings_service, handlers_.responses,
                                                  callers_, clock_, observer_, options_.upstream,
                                                  !options_.cors.origins.empty()});
}

Response Proxy::Handle(Request request) {
  const Route route = RouteFor(request);
  RequestContext context{NewRequestId(), Partition("")};
  context.route = route.label;
  Response response;
  if (IsAdminKind(route.kind)) {
    response = handlers_.admin.Handle(request, route.kind);
  } else if (route.kind == RouteKind::kNotFound) {
    response = RenderError(Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
                                 options_.surface == Surface::kAdmin
                                     ? "there is no such path; this address has the admin API and "
                                       "the dashboard, the API is at another"
                                     : "there is no such path; the API is below /v1"});
  } else if (CorsRules::IsPreflight(request)) {
    response = cors_.AnswerPreflight(request);
  } else {
    JoinTrace(request.headers, context);
    response = HandleApi(request, route, context);
    if (route.kind == RouteKind::kVectorize && response.status >= 400) {
      response = AsVectorizeError(std::move(response));
    }
    cors_.Decorate(request, response.headers);
    AddCacheHeaders(context.status, response.headers);
    if (context.meter != nullptr) SetRateFields(context.meter->State(), response.headers);
    // What a stream will have cost is not known at its head.
    if (response.stream != nullptr && !context.status.collapsed) {
      response.headers.Remove("x-larder-billed-tokens");
    }
  }
  Finish(request, context, response);
  Observe(request, context, response);
  return response;
}

Response Proxy::HandleApi(Request& request, const Route& route, RequestContext& context) {
  if (const Status loop = CheckLoop(request.headers, options_.via); !loop.ok()) {
    return RenderError(loop.error());
  }
  if (const Status passable = CheckPassable(request); !passable.ok()) {
    return RenderError(passable.error());
  }
  if (!cors_.MayAsk(request)) return CorsRules::Refuse();
  // Before anything is made of them: what will not reach upstream must not count for a key.
  RemoveListedInConnection(request.headers);
  auto directives = ParseCacheDirectives(request.headers);
  if (!directives.ok()) return RenderError(directives.error());
  context.directives = std::move(directives).value();
  ApplyMode(options_.mode, context.directives);
  auto caller = callers_.Admit(request.headers, request.query());
  if (!caller.ok()) return RenderError(caller.error());
  context.partition = std::move(caller->partition);
  context.endpoint =
      caller->key != nullptr ? WithoutCredentials(route.upstream_path) : route.upstream_path;
  context.key = std::move(caller->key);
  context.from_origin = route.from_origin;
  context.api_path = route.api_path;
  context.model_in_path = route.model_in_path;
  if (auto refused = Limit(request, route, context)) return std::move(*refused);
  Response response = Dispatch(request, route, context);
  // What no handler has given a reason for is of a kind that is never cached.
  CacheStatus& status = context.status;
  if (!IsSearchKind(route.kind) && status.outcome == CacheOutcome::kBypass &&
      status.why == MissReason::kNone) {
    status.why = MissReason::kUncacheable;
  }
  if (!route.deletes_response.empty()) {
    // Whatever upstream said of it: what may be gone must not be answered any more.
    const Status forgotten = handlers_.responses.Forget(context, route.deletes_response);
    if (!forgotten.ok()) context.status.store_failed = true;
  }
  return response;
}

// Counts the request; the answer when it is refused.
std::optional<Response> Proxy::Limit(const Request& request, const Route& route,
                                     RequestContext& context) const {
  Limiter& limiter = callers_.limiter();
  const std::string path = LimitedPathOf(route, request);
  auto begun = limiter.Begin(context.key, context.partition, path);
  context.meter = std::move(begun.meter);
  if (!begun.admission.admitted) {
    limiter.CountRefusal(begun.admission.refused_by);
    context.status.reason = "rate-limited";
    return RenderRefused(begun.admission, path);
  }
  // Upstream may well understand what would be passed on unread here, and not be counted.
  const bool matters = context.key != nullptr || context.meter != nullptr;
  if (matters && !request.tunnel && EndpointOf(request.method, path) != route.endpoint &&
      !IsSearchKind(route.kind)) {
    return RenderError(InvalidArgument("write this path plainly, as " + path));
  }
  return std::nullopt;
}

Response Proxy::Dispatch(const Request& request, const Route& route, RequestContext& context) {
  if (request.tunnel) {
    context.route = "websocket";
    return handlers_.tunnel.Handle(request, context);
  }
  const bool cached = route.kind == RouteKind::kEmbeddings || route.kind == RouteKind::kResponses;
  if (cached && IsCoded(request)) {  // a body that is not read here cannot be a key
    context.status.reason = "content-encoding";
    return handlers_.pass_through.Handle(request, context);
  }
  switch (route.kind) {
    case RouteKind::kEmbeddings:
      return handlers_.embeddings.Handle(request, context);
    case RouteKind::kResponses:
      return handlers_.responses.Handle(request, route.endpoint, context);
    case RouteKind::kSearch:
      if (request.method != "POST") return RefuseMethod("POST");
      return handlers_.search.Handle(request, context);
    case RouteKind::kCollections:
      return handlers_.collections.Handle(request, route.segments, context);
    case RouteKind::kVectorStore:
      return handlers_.vector_stores.Handle(request, route.segments[0], context);
    case RouteKind::kVectorize:
      return handlers_.vectorize.Handle(request, route.segments, context);
    default:
      return handlers_.pass_through.Handle(request, context);
  }
}

// What every answer says, whoever made it.
void Proxy::Finish(const Request& request, const RequestContext& context,
                   Response& response) const {
  if (!response.headers.Has("x-request-id"))
    response.headers.Add("x-request-id", context.request_id);
  const auto total =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.Monotonic() - request.received);
  std::string timing;
  AppendServerTiming(context.times, total, timing);
  response.headers.Set("server-timing", std::move(timing));
  if (!response.headers.Has("cache-control")) {
    response.headers.Add("cache-control", "private, no-store");
  }
}

void Proxy::Observe(const Request& request, const RequestContext& context,
                    Response& response) const {
  if (!observer_) return;
  RequestRecord record;
  record.request_id = response.headers.Find("x-request-id").value_or("");
  record.trace_id = context.trace_id;
  record.method = request.method;
  record.path = request.path();
  record.route = context.route;
  record.model = context.model;
  record.partition = context.partition.id().substr(0, 8);
  record.upstream = context.status.upstream.empty() ? options_.upstream : context.status.upstream;
  record.status = response.status;
  record.cache = context.status;
  record.times = context.times;
  response.on_sent = [this, record = std::move(record), stream = context.stream_outcome,
                      received = request.received](const SendOutcome& outcome) mutable {
    if (stream != nullptr) {
      record.cache.billed_tokens = stream->billed_tokens;
      record.cache.billed_completion = stream->billed_completion;
      record.cache.stored = stream->stored;
    }
    record.finished_at = clock_.Now();
    record.bytes_out = outcome.body_bytes;
    record.complete = outcome.complete;
    const MonoTime now = clock_.Monotonic();
    record.total = std::chrono::duration_cast<std::chrono::microseconds>(now - received);
    record.to_first_byte =
        outcome.first_byte == MonoTime{}
            ? record.total
            : std::chrono::duration_cast<std::chrono::microseconds>(outcome.first_byte - received);
    observer_(record);
  };
}

Response Proxy::RenderFrontError(int status, std::string_view message) const {
  const char* type = status >= 500 ? "server_error" : "invalid_request_error";
  Response response = RenderError(status, message, type);
  response.headers.Set("x-request-id", NewRequestId());
  response.headers.Set("cache-control", "private, no-store");
  return response;
}

}  // namespace larder

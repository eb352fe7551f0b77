#include "proxy/openai/pass_through_handler.h"

#include <charconv>

#include "proxy/access/limiter.h"
#include "proxy/access/permissions.h"
#include "proxy/forwarding.h"
#include "proxy/json/json_edit.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"
#include "proxy/openai/usage_watch.h"

namespace larder {
namespace {

// Whether the answer is read for what it has cost.
bool CountsTokens(const Request& request, const RequestContext& context) {
  return context.meter != nullptr && context.meter->counts_tokens() && request.method == "POST";
}

// Audio and files have no usage in them.
bool MayTellUsage(const UpstreamReply& reply, Endpoint endpoint) {
  if (reply.status != 200) return false;
  const std::string_view type = reply.headers.Find("content-type").value_or("");
  return endpoint != Endpoint::kOther || IsEventStream(reply.headers) ||
         type.find("json") != std::string_view::npos;
}

}  // namespace

Response RelayReply(UpstreamReply reply) {
  Response response;
  response.status = reply.status;
  if (const auto length = reply.headers.Find("content-length")) {
    std::uint64_t size = 0;
    const auto [end, error] =
        std::from_chars(length->data(), length->data() + length->size(), size);
    if (error == std::errc() && end == length->data() + length->size()) response.stream_size = size;
  }
  response.headers = DownstreamHeaders(reply.headers);
  if (response.stream_size)
    response.headers.Add("content-length", std::to_string(*response.stream_size));
  response.stream = std::move(reply.body);
  return response;
}

Result<UpstreamReply> PassThroughHandler::Send(const Request& request, RequestContext& context,
                                               const Candidate& candidate) {
  UpstreamRequest upstream_request;
  upstream_request.method = request.method;
  upstream_request.path_and_query = context.endpoint;
  upstream_request.from_origin = context.from_origin;
  // What is to be read on its way must not be in a coding.
  upstream_request.headers = UpstreamHeaders(request.headers, via_, CountsTokens(request, context));
  upstream_request.body = request.body;
  if (candidate.model != context.model) {
    if (auto renamed = ReplaceMember(request.body, "model", JsonString(candidate.model))) {
      upstream_request.body = std::move(*renamed);
    }
  }
  upstream_request.body_source = request.body_source;
  upstream_request.body_size = request.body_size;
  if (candidate.model != context.model) upstream_request.body_size = upstream_request.body.size();
  PhaseTimer timer(clock_, context.times.upstream);
  return candidate.upstream->Send(std::move(upstream_request));
}

// A model that is known has been checked by whoever has read the request.
Status PassThroughHandler::Check(const Request& request, const RequestContext& context) {
  if (context.model.empty()) return CheckUnread(context, request.method);
  return CheckPriced(context, context.model);
}

Response PassThroughHandler::Handle(const Request& request, RequestContext& context) {
  if (context.directives.only_if_cached) {
    return RenderError(Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                             "only what is cached was asked for, and this is never cached"});
  }
  if (const Status allowed = Check(request, context); !allowed.ok()) {
    context.status.reason = "forbidden";
    return RenderError(allowed.error());
  }
  const auto candidates =
      upstreams_.Choose(context.model, context.api_path, AllowedUpstreams(context));
  if (candidates.empty()) {
    context.status.reason = "forbidden";
    return RenderError(NoUpstreamAllowed(context));
  }
  const bool repeatable = !context.model.empty() && request.body_source == nullptr;
  for (std::size_t i = 0;; ++i) {
    if (upstreams_.size() > 1) context.status.upstream = candidates[i].upstream->label();
    auto reply = Send(request, context, candidates[i]);
    if (IsFailover(reply) && repeatable && i + 1 < candidates.size()) continue;
    if (!reply.ok()) return RenderError(reply.error());
    context.status.forward_status = reply->status;
    const Endpoint endpoint = EndpointOf(request.method, context.api_path);
    if (CountsTokens(request, context) && MayTellUsage(*reply, endpoint)) {
      reply->body = std::make_shared<MeteredBody>(
          std::move(reply->body),
          std::make_unique<UsageWatch>(context.meter, context.model, endpoint,
                                       IsEventStream(reply->headers), request.body.size()));
    }
    return RelayReply(std::move(reply).value());
  }
}

}  // namespace larder

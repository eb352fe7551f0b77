#include "proxy/openai/pass_through_handler.h"

#include <charconv>

#include "proxy/forwarding.h"
#include "proxy/json/json_edit.h"
#include "proxy/json/json_writer.h"
#include "proxy/openai/errors.h"

namespace larder {

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
  upstream_request.headers = UpstreamHeaders(request.headers, via_, false);
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

Response PassThroughHandler::Handle(const Request& request, RequestContext& context) {
  if (context.directives.only_if_cached) {
    return RenderError(Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                             "only what is cached was asked for, and this is never cached"});
  }
  const auto candidates = upstreams_.Choose(context.model, context.api_path);
  const bool repeatable = !context.model.empty() && request.body_source == nullptr;
  for (std::size_t i = 0;; ++i) {
    if (upstreams_.size() > 1) context.status.upstream = candidates[i].upstream->label();
    auto reply = Send(request, context, candidates[i]);
    if (IsFailover(reply) && repeatable && i + 1 < candidates.size()) continue;
    if (!reply.ok()) return RenderError(reply.error());
    context.status.forward_status = reply->status;
    return RelayReply(std::move(reply).value());
  }
}

}  // namespace larder

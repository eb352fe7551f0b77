#include "proxy/openai/pass_through_handler.h"

#include <charconv>

#include "proxy/forwarding.h"
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

Response PassThroughHandler::Handle(const Request& request, RequestContext& context,
                                    bool identity) {
  if (context.directives.only_if_cached) {
    return RenderError(Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                             "only-if-cached was asked for, and this is never cached"});
  }
  UpstreamRequest upstream_request;
  upstream_request.method = request.method;
  upstream_request.path_and_query = context.endpoint;
  upstream_request.from_origin = context.from_origin;
  upstream_request.headers = UpstreamHeaders(request.headers, via_, identity);
  upstream_request.body = request.body;
  upstream_request.body_source = request.body_source;
  upstream_request.body_size = request.body_size;
  upstream_request.first_byte_timeout = options_.upstream_timeout;
  upstream_request.idle_timeout = options_.upstream_timeout;
  auto reply = [&] {
    PhaseTimer timer(clock_, context.times.upstream);
    return upstream_.Send(std::move(upstream_request));
  }();
  if (!reply.ok()) return RenderError(reply.error());
  context.status.forward_status = reply->status;
  return RelayReply(std::move(reply).value());
}

}  // namespace larder

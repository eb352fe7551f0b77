#include "proxy/openai/tunnel_handler.h"

#include "proxy/forwarding.h"
#include "proxy/openai/errors.h"
#include "proxy/openai/pass_through_handler.h"

namespace larder {

Response TunnelHandler::Handle(const Request& request, RequestContext& context) {
  context.status.reason = "websocket";
  if (context.directives.only_if_cached) {
    return RenderError(Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                             "only-if-cached was asked for, and a websocket is never cached"});
  }
  UpstreamRequest upstream_request;
  upstream_request.method = request.method;
  upstream_request.path_and_query = context.endpoint;
  upstream_request.from_origin = context.from_origin;
  upstream_request.headers = UpstreamHeaders(request.headers, via_, false);
  upstream_request.body_source = request.body_source;
  context.model = QueryParameter(request.query(), "model").value_or("");
  Upstream& upstream = *upstreams_.Choose(context.model, context.api_path).front().upstream;
  if (upstreams_.size() > 1) context.status.upstream = upstream.label();
  auto reply = [&] {
    PhaseTimer timer(clock_, context.times.upstream);
    return upstream.OpenTunnel(std::move(upstream_request));
  }();
  if (!reply.ok()) return RenderError(reply.error());
  context.status.forward_status = reply->status;
  return RelayReply(std::move(reply).value());
}

}  // namespace larder

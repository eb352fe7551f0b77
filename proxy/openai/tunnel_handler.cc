#include "proxy/openai/tunnel_handler.h"

#include <algorithm>

#include "proxy/access/permissions.h"
#include "proxy/forwarding.h"
#include "proxy/openai/errors.h"
#include "proxy/openai/pass_through_handler.h"

namespace larder {
namespace {

// Every model that the query names: who reads it behind Larder may take another one than the first,
// and Azure's deployments are models, too.
std::vector<std::string> ModelsIn(std::string_view query) {
  std::vector<std::string> models;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = PercentDecode(pair.substr(0, equals), true);
    if (name != "model" && name != "deployment") continue;
    models.push_back(PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true));
  }
  return models;
}

// Elsewhere than at /realtime it is the messages that name a model.
Status Check(const Request& request, const RequestContext& context) {
  const auto models = ModelsIn(request.query());
  const bool named = !models.empty() || !context.model_in_path.empty();
  if (context.api_path != "/realtime" || !named) return CheckUnread(context, "websocket");
  for (const std::string& model : models) LARDER_RETURN_IF_ERROR(CheckModel(context, model));
  return models.empty() ? CheckModel(context, context.model_in_path) : Status();
}

}  // namespace

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
  if (const Status allowed = Check(request, context); !allowed.ok()) {
    return RenderError(allowed.error());
  }
  const auto first =
      upstreams_.ChooseFirst(context.model, context.api_path, AllowedUpstreams(context));
  if (first.upstream == nullptr) return RenderError(NoUpstreamAllowed(context));
  Upstream& upstream = *first.upstream;
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

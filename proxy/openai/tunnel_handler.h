// Websockets: a request that asks for one is taken to upstream, and when upstream agrees the two
// ends speak to each other, whatever they say. Nothing of it is kept. Thread-safe.
#pragma once

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

class TunnelHandler {
 public:
  // All outlive the handler. `via` is this server's Via value.
  TunnelHandler(const UpstreamSet& upstreams, const Clock& clock, std::string via)
      : upstreams_(upstreams), clock_(clock), via_(std::move(via)) {}

  // The upstream is chosen by the path and by the query's "model" (/v1/realtime?model=NAME), which
  // goes there as it stands. Returns when upstream has answered, with 101 and a stream or with what
  // it said instead. Precondition: request.tunnel.
  Response Handle(const Request& request, RequestContext& context);

 private:
  const UpstreamSet& upstreams_;
  const Clock& clock_;
  const std::string via_;
};

}  // namespace larder

// Websockets: a request that asks for one is taken to upstream, and when upstream agrees the two
// ends speak to each other, whatever they say. Nothing of it is kept. Thread-safe.
#pragma once

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/upstream/upstream.h"

namespace larder {

struct TunnelOptions {
  std::chrono::milliseconds upstream_timeout{600'000};  // for upstream's answer to the handshake
};

class TunnelHandler {
 public:
  // All outlive the handler. `via` is this server's Via value.
  TunnelHandler(Upstream& upstream, const Clock& clock, std::string via, TunnelOptions options)
      : upstream_(upstream), clock_(clock), via_(std::move(via)), options_(options) {}

  // Returns when upstream has answered, with 101 and a stream or with what it said instead.
  // Precondition: request.tunnel.
  Response Handle(const Request& request, RequestContext& context);

 private:
  Upstream& upstream_;
  const Clock& clock_;
  const std::string via_;
  const TunnelOptions options_;
};

}  // namespace larder

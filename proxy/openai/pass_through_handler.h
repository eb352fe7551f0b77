// Everything Larder does not cache: relayed unchanged, bodies streamed in both directions.
// Thread-safe.
#pragma once

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/upstream/upstream.h"

namespace larder {

struct PassThroughOptions {
  std::chrono::milliseconds upstream_timeout{
      600'000};  // for the head, and between pieces of the body
};

class PassThroughHandler {
 public:
  // All outlive the handler. `via` is this server's Via value.
  PassThroughHandler(Upstream& upstream, const Clock& clock, std::string via,
                     PassThroughOptions options)
      : upstream_(upstream), clock_(clock), via_(std::move(via)), options_(options) {}

  // `request` may hold its body whole or as a source. `identity`: see UpstreamHeaders.
  Response Handle(const Request& request, RequestContext& context, bool identity = false);

 private:
  Upstream& upstream_;
  const Clock& clock_;
  const std::string via_;
  const PassThroughOptions options_;
};

// A response that relays `reply` to the client.
Response RelayReply(UpstreamReply reply);

}  // namespace larder

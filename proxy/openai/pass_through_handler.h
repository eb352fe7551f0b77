// Everything Larder does not cache: relayed unchanged, bodies streamed in both directions.
// Thread-safe.
#pragma once

#include "proxy/http/message.h"
#include "proxy/request_context.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

class PassThroughHandler {
 public:
  // All outlive the handler. `via` is this server's Via value.
  PassThroughHandler(const UpstreamSet& upstreams, const Clock& clock, std::string via)
      : upstreams_(upstreams), clock_(clock), via_(std::move(via)) {}

  // `request` may hold its body whole or as a source. A call of a model (context.model is set, the
  // body is whole) goes to that model's upstream under the model's name there, and to the next one
  // when that fails; anything else to the first for its path, whose files and jobs it may be about.
  // 403 when the caller may ask none of them.
  Response Handle(const Request& request, RequestContext& context);

 private:
  static Status Check(const Request& request, const RequestContext& context);
  Result<UpstreamReply> Send(const Request& request, RequestContext& context,
                             const Candidate& candidate);

  const UpstreamSet& upstreams_;
  const Clock& clock_;
  const std::string via_;
};

// A response that relays `reply` to the client.
Response RelayReply(UpstreamReply reply);

}  // namespace larder

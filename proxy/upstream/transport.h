// Transport: how a request reaches a URL and its answer comes back. Seam: CurlEngine, PlainEngine.
// Thread-safety: every method may be called from any thread, many at once.
#pragma once

#include <string>

#include "proxy/upstream/upstream.h"

namespace larder {

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends `request` to `url` (its path_and_query is in it already) and waits for the response head;
  // see Upstream::Send. Also kCancelled: the transport was ended.
  virtual Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) = 0;

  // Opens a websocket at `url`; see Upstream::OpenTunnel. kNotFound where there are none.
  // NOLINTBEGIN(performance-unnecessary-value-param): those that override it take it
  virtual Result<UpstreamReply> OpenTunnel(const std::string& /*url*/,
                                           UpstreamRequest /*request*/) {
    // NOLINTEND(performance-unnecessary-value-param)
    return Error{ErrorCode::kNotFound, ErrorOrigin::kUpstream, "this transport has no websockets"};
  }

  // Requests that wait for a connection now.
  virtual std::size_t queued() const = 0;

  // Fails every exchange and tunnel under way and each later one (kCancelled).
  virtual void Abort() = 0;
};

}  // namespace larder

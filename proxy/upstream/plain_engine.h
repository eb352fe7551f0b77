// PlainEngine: HTTP/1.1 exchanges with http:// upstreams on the event loop of whoever asks. A fiber
// on a loop (base/fiber.h) has its request sent and its answer read by that very loop: no other
// thread takes part, and an exchange on a pooled connection is one send, one wake-up and one recv.
// Callers on other threads share a loop that the engine runs for them.
//
// Connections are pooled by loop and authority and bounded over all loops together
// (connection_permits.h). A request whose pooled connection turns out to be dead is sent once more
// on a new one, unseen, whatever its method: only when not one byte of an answer has come and
// nothing of a streamed body was taken (RFC 9112, section 9.3.1, which would have idempotent ones
// only; a server that idles out looks just so). Else: kUnavailable.
//
// No redirects, no decoding, no proxies, no TLS, no websockets.
// Thread-safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "proxy/upstream/transport.h"

namespace larder {

struct PlainEngineOptions {
  std::size_t max_connections = 64;  // at once; further requests wait their turn
  std::size_t max_queue = 1024;      // requests that wait for a connection; the next is refused
  std::chrono::milliseconds queue_timeout{30'000};  // longest wait for a connection to come free
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t body_window_bytes = 256 * 1024;  // received and not yet read, per exchange
};

class PlainEngine final : public Transport {
 public:
  // `clock` outlives the engine.
  PlainEngine(const PlainEngineOptions& options, const Clock& clock);
  // Fails every exchange under way (kCancelled). Bodies handed out may outlive the engine, it may
  // outlive the loops it has worked on, and they it.
  ~PlainEngine() override;

  // Sends `request` to `url`, which begins with "http://", and waits for the response head; see
  // Upstream::Send. Also kOverloaded: at once when max_queue requests wait, else after
  // queue_timeout (or the first-byte timeout where that is shorter) without a connection. The
  // first-byte timeout is counted from then on, the total timeout from the call. Kept to about
  // the tick of the loop. kCancelled also when the loop stops before the answer is here. kIo: no
  // descriptors for a loop of its own.
  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override;

  std::size_t queued() const override;
  void Abort() override;

 private:
  class Impl;
  // Shared with what it keeps on loops, which may outlive it.
  std::shared_ptr<Impl> impl_;
};

}  // namespace larder

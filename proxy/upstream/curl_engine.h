// CurlEngine: HTTP exchanges on one event loop, over libcurl's multi interface: pooled connections,
// HTTP/2 where TLS offers it, no redirects, no decoding, certificates always verified.
//
// A request whose pooled connection turns out to be dead is sent once more on another by libcurl,
// unseen, whatever its method: only when the connection had served before and not one byte of an
// answer has come (RFC 9112, section 9.3.1, which would have idempotent ones only; a server that
// idles out looks just so). A streamed body of which a part was sent is not: kUnavailable.
//
// The one header that HttpUpstream needs; libcurl itself is included by curl_engine.cc,
// curl_exchange and curl_tunnel alone. Thread-safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "proxy/http/event_loop.h"
#include "proxy/upstream/transport.h"

namespace larder {

struct CurlEngineOptions {
  std::size_t max_connections = 64;  // at once; further requests wait their turn
  std::size_t max_queue = 1024;      // requests that wait for a connection; the next is refused
  std::chrono::milliseconds queue_timeout{30'000};  // longest wait for a connection to come free
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t body_window_bytes = 256 * 1024;  // received and not yet read, per exchange
  std::size_t max_tunnels = 256;               // websockets open at a time, beside max_connections
  std::string ca_file;                         // PEM; empty = the system's
};

class CurlExchange;

class CurlEngine final : public Transport {
 public:
  // `clock` outlives the engine. Errors: kIo (no descriptors), kInternal (libcurl refused).
  static Result<std::unique_ptr<CurlEngine>> Start(CurlEngineOptions options, const Clock& clock);
  // Fails every exchange under way. Bodies handed out may outlive the engine.
  ~CurlEngine() override;

  // Sends `request` to `url` and waits for the response head; see Upstream::Send. Also kOverloaded:
  // at once when max_queue requests wait, else after queue_timeout (or the first-byte timeout where
  // that is shorter) without a connection. The first-byte timeout is counted from then on, the
  // total timeout from the call. Kept to about 100 ms.
  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override;

  // Opens a websocket at `url`; see Upstream::OpenTunnel.
  Result<UpstreamReply> OpenTunnel(const std::string& url, UpstreamRequest request) override;

  std::size_t queued() const override;
  void Abort() override;

 private:
  class Impl;
  explicit CurlEngine(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  // Shared with the bodies handed out, which cancel through it.
  std::shared_ptr<Impl> impl_;
};

}  // namespace larder

// CurlTunnels: the websocket connections of one CurlEngine. Each has a connection of its own,
// outside the engine's pool. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>

#include "base/mutex.h"
#include "proxy/http/event_loop.h"
#include "proxy/upstream/curl_engine.h"

namespace larder {

class CurlTunnel;

class CurlTunnels {
 public:
  // `loop` is shared with the engine; `clock` outlives Stop, which must come before the end of
  // this.
  CurlTunnels(CurlEngineOptions options, std::shared_ptr<EventLoop> loop, const Clock& clock);

  // Blocks the caller until the answer's head, or all of a refusal, has arrived: see
  // Upstream::OpenTunnel.
  Result<UpstreamReply> Open(const std::string& url, UpstreamRequest request);

  // On the loop, now and then: ends handshakes that take too long.
  void OnTick();
  // Ends every tunnel and refuses each later one (kCancelled).
  void Abort();
  // The same at once, after the loop has stopped.
  void Stop();

 private:
  using Set = std::unordered_set<std::shared_ptr<CurlTunnel>>;

  Status Add(const std::shared_ptr<CurlTunnel>& tunnel);
  void Remove(const std::shared_ptr<CurlTunnel>& tunnel);
  void EndAll();

  const CurlEngineOptions options_;
  const std::shared_ptr<EventLoop> loop_;
  const Clock& clock_;
  std::atomic<bool> aborted_{false};
  Mutex mutex_;
  bool closed_ LARDER_GUARDED_BY(mutex_) = false;
  // Those under way; shared with the callers of Open, the bodies handed out and the loop's tasks.
  Set tunnels_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

// LiveTail: requests as they finish, as a stream of server-sent events (HTML, section 9.2). A
// stream costs no thread and no request waits for one: it reads, now and then, what the shards
// keep. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/mutex.h"
#include "proxy/admin/telemetry_shards.h"
#include "proxy/http/body.h"

namespace larder {

class LiveTail {
 public:
  static constexpr std::chrono::seconds kHeartbeat{15};
  // A stream reads no more often than this, and sends at most so many of the newest each time: a
  // reader that wants them all has the access log. What it misses it is told.
  static constexpr std::chrono::milliseconds kPause{40};
  static constexpr std::size_t kMostAtOnce = 100;

  // Both outlive it, and it outlives the streams. At most `max_streams` are open at a time.
  LiveTail(const TelemetryShards& shards, const Clock& clock, std::size_t max_streams)
      : shards_(shards), clock_(clock), max_streams_(max_streams) {}

  // First the newest `recent` requests that match, or those behind `last_seen`, then each as it
  // finishes: "event: request" with AppendRequestJson's object. "event: dropped" tells how many
  // were left out, matching or not. A comment every kHeartbeat. Null: there are max_streams.
  std::shared_ptr<BodySource> Open(const EventFilter& filter, std::size_t recent,
                                   std::optional<std::uint64_t> last_seen);

  // Wakes the streams that have something to send. Called every 50 ms or so. Cost without streams:
  // nothing to speak of.
  void Tick();
  // Ends every stream, those that are opened later too.
  void Close();

  std::size_t open() const { return open_.load(); }

 private:
  class Stream;

  const TelemetryShards& shards_;
  const Clock& clock_;
  const std::size_t max_streams_;
  std::atomic<std::size_t> open_{0};
  std::atomic<bool> closed_{false};
  Mutex mutex_;
  std::set<Stream*> streams_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

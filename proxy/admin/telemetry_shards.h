// TelemetryShards: all shards, of which each thread has one while there are no more threads than
// cores. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "proxy/admin/price_table.h"
#include "proxy/admin/telemetry_shard.h"

namespace larder {

class TelemetryShards {
 public:
  // `prices` and `log` outlive it. Nothing is counted or shown unless `count`; no lines are made
  // when `log` is null. `many_lines` is called, from any thread and quickly, when WriteLines had
  // better be called soon.
  TelemetryShards(const PriceTable& prices, bool count, Log* log, std::function<void()> many_lines);

  void Record(const RequestRecord& record);

  // Whether lines are made; they are at first.
  void set_lines(bool wanted) { lines_ = wanted; }

  // Calls `merge` with what each shard has counted since the last call.
  void Collect(const std::function<void(const TelemetryShard::Taken&)>& merge);
  // Writes the lines that wait: those of one thread in their order, at once.
  void WriteLines();

  // The number of the next request: every smaller one has been given.
  std::uint64_t next_seq() const { return next_seq_.load(std::memory_order_acquire); }
  // Puts copies of the requests with after < seq < before that match into `out`, the newest `most`
  // of them, oldest first. Returns how many of that range are still there, matching or not.
  // Precondition: before <= next_seq().
  std::size_t CopyRecent(std::uint64_t after, std::uint64_t before, const EventFilter& filter,
                         std::size_t most, std::vector<RecentRequest>& out) const;

 private:
  Log* const log_;
  const std::function<void()> many_lines_;
  RouteLabels routes_;
  std::atomic<std::uint64_t> next_seq_{1};
  std::atomic<bool> lines_{true};
  std::vector<std::unique_ptr<TelemetryShard>> shards_;
  Mutex write_mutex_;  // orders writers, so that lines of one thread stay in order
  TextBuffer spare_ LARDER_GUARDED_BY(write_mutex_);
};

}  // namespace larder

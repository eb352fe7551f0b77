// TelemetryShard: the share of telemetry that one thread fills, so that requests on different
// threads never wait for one another: counts, the last requests for the live tail, lines of the
// access log. A run of requests of the same model, partition and route needs no look-up.
// Thread-safe; meant for one thread that records and others that take now and then.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "proxy/admin/price_table.h"
#include "proxy/admin/recent_requests.h"
#include "proxy/admin/request_record.h"
#include "proxy/admin/request_tally.h"
#include "proxy/admin/request_text.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/route_labels.h"
#include "proxy/admin/text_buffer.h"

namespace larder {

class alignas(64) TelemetryShard {
 public:
  // Once so many bytes of lines wait, they are to be taken.
  static constexpr std::size_t kManyLineBytes = std::size_t{256} * 1024;
  // Lines beyond are dropped.
  static constexpr std::size_t kMostLineBytes = std::size_t{4} * 1024 * 1024;

  // All outlive the shard.
  struct Parts {
    RouteLabels& routes;
    const PriceTable& prices;
    std::atomic<std::uint64_t>& next_seq;  // of all shards
    const std::atomic<bool>& lines;        // whether any are wanted now
    bool count;                            // false: nothing but lines
    const Log* log;                        // of the access log; null: no lines
  };
  explicit TelemetryShard(const Parts& parts) : parts_(parts) {}

  // True when many lines wait, at the first request that makes them many.
  bool Record(const RequestRecord& record);

  // What was recorded since the last call.
  struct Taken {
    std::vector<std::pair<std::int64_t, Rollup>> minutes;  // since 1970-01-01 UTC
    RequestTally tally;
  };
  Taken Take();

  // Puts the lines that wait into `lines`, which is empty; its memory is used for the next ones.
  // Returns how many have been dropped since the last call.
  std::uint64_t TakeLines(TextBuffer& lines);

  // As RecentRequests::Copy.
  std::size_t CopyRecent(std::uint64_t after, std::uint64_t before, const EventFilter& filter,
                         std::size_t most, std::vector<RecentRequest>& out) const;

 private:
  // Minutes that may wait to be taken; what is of yet another one counts in the last of them.
  static constexpr std::size_t kMinutes = 8;

  // Whatever the last request was counted in: the next is often of the same.
  struct Last {
    std::int64_t minute_begin = 0;  // Unix milliseconds
    std::string model;              // as they came
    std::string partition;
    std::string route;
    RollupRow* row = nullptr;  // null: not counted
    RouteCounts* counts = nullptr;
    const Price* price = nullptr;
    bool own = false;
  };
  bool IsLikeLast(const RequestRecord& record) const LARDER_REQUIRES(mutex_);
  void Select(const RequestRecord& record) LARDER_REQUIRES(mutex_);
  RequestCost Count(const RequestRecord& record) LARDER_REQUIRES(mutex_);
  bool AddLine(const ShownRequest& request) LARDER_REQUIRES(mutex_);

  const Parts parts_;
  mutable Mutex mutex_;
  Taken taken_ LARDER_GUARDED_BY(mutex_);
  Last last_ LARDER_GUARDED_BY(mutex_);
  bool last_is_set_ LARDER_GUARDED_BY(mutex_) = false;
  RecentRequests recent_ LARDER_GUARDED_BY(mutex_);
  RequestText text_ LARDER_GUARDED_BY(mutex_);
  TextBuffer lines_ LARDER_GUARDED_BY(mutex_);
  std::uint64_t dropped_ LARDER_GUARDED_BY(mutex_) = 0;
};

}  // namespace larder

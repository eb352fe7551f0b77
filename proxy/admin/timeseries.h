// Timeseries: what happened in each step of a window, and its JSON: GET /admin/v1/timeseries.
// Thread-safety: none; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/admin/history.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/traffic_sum.h"

namespace larder {

class Timeseries {
 public:
  // Of the last `window` (at least a second), in steps of a minute up to 6 h, of 5 minutes up to
  // 24 h, of an hour beyond. Steps begin on multiples of their length; the current one is the last.
  Timeseries(const History& history, std::chrono::seconds window, const TrafficFilter& filter);

  // Points are oldest first, empty ones included; "t" is a step's beginning in Unix seconds, and
  // times are null where nothing was timed.
  std::string Json() const;

 private:
  struct Point {
    RollupCounts counts;
    LatencyHistogram hits;
    LatencyHistogram misses;
  };

  std::int64_t step_ = 1;   // in minutes
  std::int64_t first_ = 0;  // minute
  std::vector<Point> points_;
};

}  // namespace larder

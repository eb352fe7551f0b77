// RequestTally: what the metrics tell beyond a roll-up: times in the buckets of Prometheus, and how
// upstream answered. Larder's own routes are not in it. Thread-safety: a value.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "proxy/admin/request_record.h"
#include "proxy/admin/rollup.h"

namespace larder {

// Times in fixed buckets, from 50 us to a minute.
struct TimeBuckets {
  // Upper bounds in microseconds, inclusive; one more bucket takes the rest.
  static constexpr std::array<std::int64_t, 19> kBounds = {
      50,     100,    250,    500,     1000,    2500,    5000,     10000,    25000,   50000,
      100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};

  std::array<std::uint64_t, kBounds.size() + 1> buckets{};
  std::uint64_t sum_micros = 0;

  void Add(std::chrono::microseconds time);
  void Merge(const TimeBuckets& other);
};

struct RequestTally {
  std::array<TimeBuckets, kAllOutcomes.size()> duration;
  std::array<TimeBuckets, kAllOutcomes.size()> overhead;
  TimeBuckets upstream;
  std::array<std::uint64_t, kStatusClasses> upstream_requests{};
  std::uint64_t store_failed = 0;
  std::uint64_t stale_revalidated = 0;
  std::uint64_t stale_on_error = 0;

  void Add(const RequestRecord& record);
  void Merge(const RequestTally& other);
};

}  // namespace larder

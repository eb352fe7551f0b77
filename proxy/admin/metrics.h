// Metrics: what finished requests add up to since the start, as Prometheus reads it. Names are
// larder_*, units are in the names, and every label has few values: model, key and path are no
// labels. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/telemetry.h"

namespace larder {

class Metrics {
 public:
  // `route` is the record's, bounded.
  void Add(const RequestRecord& record, std::string_view route);

  // Text exposition 0.0.4. Source: prometheus.io/docs/instrumenting/exposition_formats.
  std::string Render(const TelemetryInfo& info, WallTime started, const Gauges& gauges) const;

  Rollup Totals() const;

 private:
  // "1xx" to "5xx", then "none": no answer was sent, or none came.
  static constexpr std::size_t kStatusClasses = 6;
  // Upper bounds in microseconds, inclusive; one more bucket takes the rest.
  static constexpr std::array<std::int64_t, 19> kBounds = {
      50,     100,    250,    500,     1000,    2500,    5000,     10000,    25000,   50000,
      100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};

  struct Histogram {
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    std::uint64_t sum_micros = 0;
    void Add(std::chrono::microseconds time);
  };
  using ByStatusClass = std::array<std::uint64_t, kStatusClasses>;
  using ByOutcome = std::array<ByStatusClass, kAllOutcomes.size()>;
  struct State {
    Rollup totals;
    std::map<std::string, ByOutcome, std::less<>> requests;  // by route
    ByStatusClass upstream_requests{};
    std::array<Histogram, kAllOutcomes.size()> duration;
    std::array<Histogram, kAllOutcomes.size()> overhead;
    Histogram upstream;
    std::uint64_t store_failed = 0;
    std::uint64_t stale_revalidated = 0;
    std::uint64_t stale_on_error = 0;
  };
  class Families;

  static std::size_t StatusClass(int status);

  mutable Mutex mutex_;
  State state_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

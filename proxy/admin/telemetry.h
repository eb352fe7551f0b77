// Telemetry: counts every finished request once, for /metrics, the stats and the dashboard; keeps
// roll-ups by the minute and by the hour, which survive a restart. Larder's own routes ("admin",
// "dashboard", "health", "metrics") count in larder_requests_total and requests.by_route only:
// whoever watches must not move what is watched. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "cache/store.h"
#include "proxy/admin/gauges.h"
#include "proxy/admin/request_record.h"
#include "proxy/admin/stats_query.h"
#include "proxy/admin/telemetry_options.h"

namespace larder {

struct TelemetryInfo {
  std::string version;
  std::string upstream;  // Upstream::name()
  std::string data_dir;
};

// Where a line for each finished request goes, in the log's own format; those of Larder's own
// routes at the level debug.
struct AccessLog {
  Log* log = nullptr;  // outlives the telemetry; null: no lines
  bool wanted = true;  // until set_access_log
  // Called, from any thread and quickly, when Tick had better come soon.
  std::function<void()> many_lines = {};
};

class LiveTail;

class Telemetry {
 public:
  // `store` and `clock` outlive it. Loads the roll-ups that Family::kHistory has; what cannot be
  // read is left out. `gauges` is called at each rendering, without a lock held.
  Telemetry(Store& store, const Clock& clock, TelemetryInfo info, std::function<Gauges()> gauges,
            TelemetryOptions options = {}, AccessLog access_log = {});
  ~Telemetry();

  // Counts in the minute of finished_at, keeps it for the live tail, and makes its line. A route
  // that is not [a-z0-9_-]{1,32}, or the 33rd one and after, counts as "other". Cost: some hundred
  // nanoseconds. Waits for no other thread that records, nor for I/O.
  void Record(const RequestRecord& record);

  // Whether finished requests get their lines.
  void set_access_log(bool wanted);

  // Writes the lines that wait, and wakes the live tails. Called every 50 ms or so, and at the end.
  void Tick();
  LiveTail& tail();

  // Writes what happened since the last call. Called every few seconds and at the end. Errors: kIo;
  // then it is written next time.
  Status Flush();

  // Prometheus text exposition 0.0.4. Cost: below a millisecond.
  std::string RenderMetrics() const;
  // The JSON of GET /admin/v1/stats for the last `window`, rounded up to whole minutes of the clock
  // (the current one is the last of them), at most 30 days; beyond two days, whose minutes are
  // kept, it begins with a whole hour. The totals since the start when `window` is zero. Cost: some
  // milliseconds for a month.
  std::string RenderStats(const StatsQuery& query) const;
  std::string RenderStats(std::chrono::seconds window) const { return RenderStats({window, {}}); }
  // The JSON of GET /admin/v1/timeseries, see Timeseries.
  std::string RenderTimeseries(const StatsQuery& query) const;
  std::string RenderTimeseries(std::chrono::seconds window) const {
    return RenderTimeseries({window, {}});
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder

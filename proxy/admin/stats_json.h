// The two JSON documents of the dashboard: GET /admin/v1/stats and GET /admin/v1/timeseries.
// Rates are null when nothing was asked, times when nothing was timed. Thread-safety: pure
// functions.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proxy/admin/history.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/telemetry.h"

namespace larder {

struct StatsView {
  const TelemetryInfo& info;
  WallTime started;
  WallTime now;
  std::chrono::seconds uptime;
  std::chrono::seconds window;  // zero: since the start
  const Rollup& rollup;
  const Gauges& gauges;
};

// embeddings.hit_rate is per input, responses.hit_rate per request: hits / (hits + misses + stale +
// request). Bypassed requests are in neither.
std::string RenderStatsJson(const StatsView& view);

// "t" is the minute's beginning in Unix seconds.
std::string RenderTimeseriesJson(const std::vector<History::Point>& points);

}  // namespace larder

// The JSON document of GET /admin/v1/stats, and how numbers stand in it. Rates are null when
// nothing was asked, times when nothing was timed. Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/admin/gauges.h"
#include "proxy/admin/telemetry.h"
#include "proxy/admin/traffic_sum.h"
#include "proxy/json/json_writer.h"

namespace larder {

struct StatsView {
  const TelemetryInfo& info;
  std::string_view currency;
  WallTime started;
  WallTime now;
  std::chrono::seconds uptime;
  std::chrono::seconds window;  // zero: since the start
  const TrafficSum& traffic;
  const Gauges& gauges;
};

// embeddings.hit_rate is per input, responses.hit_rate per request: hits / (hits + misses + stale +
// request). Bypassed requests are in neither.
std::string RenderStatsJson(const StatsView& view);

// Requests that could have been hits: misses, stale ones, and those that asked for a fresh answer.
std::uint64_t MissesOf(const RollupCounts& counts);
// A member with an amount of money, as a number of the currency.
void WriteAmount(std::string_view key, std::uint64_t nano, JsonWriter& json);
// A member {"p50","p95","p99"} in milliseconds, or null.
void WriteQuantiles(std::string_view key, const LatencyHistogram& times, JsonWriter& json);

}  // namespace larder

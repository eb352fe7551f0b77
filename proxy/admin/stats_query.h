// What the queries of the stats, the timeseries and the live tail have in common: a window and
// filters. Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "proxy/admin/traffic_filter.h"

namespace larder {

inline constexpr std::chrono::seconds kMaxStatsWindow = std::chrono::hours(30 * 24);

struct StatsQuery {
  std::chrono::seconds window{0};  // zero: none was given
  TrafficFilter filter = {};
};

// Errors: kInvalidArgument naming the parameter when the query has one that is none of `allowed`,
// or the same twice.
Status CheckParameters(std::string_view query, std::initializer_list<std::string_view> allowed);

// "90s", "15m", "1h", "30d" or plain seconds; nullopt for anything else, and beyond
// kMaxStatsWindow.
std::optional<std::chrono::seconds> ParseWindow(std::string_view text);

// `model`, `partition` (8 or more hexadecimal digits) and `route`. Errors: kInvalidArgument.
Result<TrafficFilter> ParseTrafficFilter(std::string_view query);
// Those and `window`; nothing else may be there. Errors: kInvalidArgument.
Result<StatsQuery> ParseStatsQuery(std::string_view query);

}  // namespace larder

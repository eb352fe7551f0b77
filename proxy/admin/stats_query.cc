#include "proxy/admin/stats_query.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/duration_text.h"
#include "base/utf8.h"
#include "proxy/admin/rollup.h"
#include "proxy/http/message.h"

namespace larder {
namespace {

constexpr std::size_t kPartitionDigits = 8;

}  // namespace

Status CheckParameters(std::string_view query, std::initializer_list<std::string_view> allowed) {
  std::set<std::string> seen;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::string name = PercentDecode(pair.substr(0, pair.find('=')), true);
    if (std::ranges::find(allowed, name) == allowed.end()) {
      std::string known;
      for (const std::string_view one : allowed) (known += known.empty() ? "" : ", ") += one;
      return InvalidArgument("there is no such parameter here; known are: " + known,
                             CleanName(name, 64));
    }
    if (!seen.insert(name).second) {
      return InvalidArgument("the parameter is given more than once", name);
    }
  }
  return {};
}

std::optional<std::chrono::seconds> ParseWindow(std::string_view text) {
  const auto window = ParseDuration(text);
  return window && *window <= kMaxStatsWindow ? window : std::nullopt;
}

Result<TrafficFilter> ParseTrafficFilter(std::string_view query) {
  TrafficFilter filter;
  // As rows name it.
  filter.model = CleanName(QueryParameter(query, "model").value_or(""), Rollup::kModelBytes);
  filter.route = QueryParameter(query, "route").value_or("");
  if (const auto partition = QueryParameter(query, "partition"); partition && !partition->empty()) {
    const bool digits = std::ranges::all_of(
        *partition, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (*partition != kOtherRow &&
        (!digits || partition->size() < kPartitionDigits || partition->size() > 32)) {
      return InvalidArgument("partition must be 8 to 32 hexadecimal digits", "partition");
    }
    filter.partition = digits ? partition->substr(0, kPartitionDigits) : *partition;
  }
  return filter;
}

Result<StatsQuery> ParseStatsQuery(std::string_view query) {
  LARDER_RETURN_IF_ERROR(CheckParameters(query, {"window", "model", "partition", "route"}));
  StatsQuery parsed;
  LARDER_ASSIGN_OR_RETURN(parsed.filter, ParseTrafficFilter(query));
  if (const auto text = QueryParameter(query, "window")) {
    const auto window = ParseWindow(*text);
    if (!window) {
      return InvalidArgument(
          "window must be a number of seconds, or end in s, m, h or d, and be no longer than 30d",
          "window");
    }
    parsed.window = *window;
  }
  return parsed;
}

}  // namespace larder

// LimitRule, Budget: how much a caller may ask for. A rule limits requests, or tokens that upstream
// billed, in a sliding minute and in an hour of the clock (UTC); a budget limits money and tokens
// in a longer period. Thread-safety: values; pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// What a request was refused for.
enum class LimitKind : std::uint8_t {
  kRequestsMinute,
  kRequestsHour,
  kTokensMinute,
  kTokensHour,
  kBudget,
};
inline constexpr std::array<std::string_view, 5> kLimitNames = {
    "requests_minute", "requests_hour", "tokens_minute", "tokens_hour", "budget"};

// 0: no such limit.
struct RateLimits {
  std::int64_t requests_per_minute = 0;
  std::int64_t requests_per_hour = 0;
  std::int64_t tokens_per_minute = 0;
  std::int64_t tokens_per_hour = 0;

  bool counts_requests() const { return requests_per_minute > 0 || requests_per_hour > 0; }
  bool counts_tokens() const { return tokens_per_minute > 0 || tokens_per_hour > 0; }
  bool any() const { return counts_requests() || counts_tokens(); }
};

// Patterns as in proxy/pattern.h; a rule without patterns of a kind matches whatever stands there.
// Each caller and each rule has a counter of its own.
struct LimitRule {
  // Of a key of Larder's own: its name or its tenant. Of another credential: its partition.
  std::vector<std::string> callers;
  std::vector<std::string> paths;  // of the path below /v1: "/chat/completions"
  RateLimits limits;

  bool MatchesPath(std::string_view path) const;
  // The same over restarts for the same patterns, whatever the limits are: a limit that is changed
  // keeps what was counted.
  std::uint64_t Id() const;
};

enum class BudgetPeriod : std::uint8_t {
  kDay,
  kWeek,  // from Monday
  kMonth,
  kTotal,  // for ever
};
inline constexpr std::array<std::string_view, 4> kBudgetPeriodNames = {"day", "week", "month",
                                                                       "total"};

struct Budget {
  std::uint64_t money_nano = 0;  // billionths of the currency; 0: no limit
  std::int64_t tokens = 0;       // 0: no limit
  BudgetPeriod period = BudgetPeriod::kMonth;

  bool any() const { return money_nano > 0 || tokens > 0; }
};

}  // namespace larder

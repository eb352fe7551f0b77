#include "proxy/upstream/retry_policy.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "proxy/http/http_date.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

bool IsRetryable(const Result<UpstreamReply>& outcome) {
  if (!outcome.ok()) {
    return outcome.error().code == ErrorCode::kUnavailable ||
           outcome.error().code == ErrorCode::kInvalidReply;
  }
  const int status = outcome->status;
  if (status >= 400) {
    const auto wish = outcome->headers.Find("x-should-retry");
    if (wish == "true") return true;
    if (wish == "false") return false;
  }
  return IsUpstreamFailure(status) || status == 408 || status == 409 || status == 429;
}

// A number that is not negative, of `unit`s; beyond what a duration holds: the most it holds.
std::optional<milliseconds> ParseDuration(std::string_view text, milliseconds unit) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return milliseconds::max();
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      std::signbit(value)) {
    return std::nullopt;
  }
  const double millis = std::ceil(value * static_cast<double>(unit.count()));
  if (millis >= 1e15) return milliseconds::max();
  return milliseconds(static_cast<std::int64_t>(millis));
}

}  // namespace

std::optional<milliseconds> PauseAskedFor(const Headers& headers, WallTime now) {
  if (const auto field = headers.Find("retry-after-ms")) {
    if (const auto pause = ParseDuration(*field, milliseconds(1))) return pause;
  }
  const auto field = headers.Find("retry-after");
  if (!field) return std::nullopt;
  if (const auto pause = ParseDuration(*field, milliseconds(1000))) return pause;
  if (const auto date = ParseHttpDate(*field)) return std::max(milliseconds(0), *date - now);
  return std::nullopt;
}

std::optional<milliseconds> RetryPolicy::Pause(int attempts, const Result<UpstreamReply>& outcome,
                                               bool repeatable, double random, WallTime now) const {
  if (!repeatable || attempts >= max_attempts() || !IsRetryable(outcome)) return std::nullopt;
  if (outcome.ok()) {
    if (const auto asked = PauseAskedFor(outcome->headers, now)) {
      if (*asked > options_.max_retry_after) return std::nullopt;
      return asked;
    }
  }
  const double doubled = std::ldexp(static_cast<double>(options_.backoff.count()), attempts - 1);
  const double pause = std::min(doubled, static_cast<double>(options_.max_backoff.count()));
  return milliseconds(static_cast<std::int64_t>(pause - random * pause / 2));
}

}  // namespace larder

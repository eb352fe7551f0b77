// Freshness (RFC 9111, section 4.2): how old an entry is and whether it may still answer. Pure
// policy.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "cache/record.h"

namespace larder {

// How far in the future a stored-at may lie before the entry counts as stale: a clock that was
// stepped back must not make entries immortal.
inline constexpr std::chrono::seconds kClockSkewTolerance{60};

enum class Freshness {
  kFresh,    // it may answer
  kStale,    // past its lifetime
  kRefused,  // within it, but the request asks for a younger one, or for one that lasts longer
};

// What an entry is held against.
struct FreshnessLimits {
  std::chrono::seconds lifetime;  // the configured one; the entry's own counts when it is less
  std::optional<std::chrono::seconds> max_age = std::nullopt;    // of the request
  std::chrono::seconds min_fresh{0};                             // of the request
  std::optional<std::chrono::seconds> max_stale = std::nullopt;  // of the request
  bool any_age = false;                                          // everything is fresh
};

// Whole seconds since the entry was stored; 0 when the clock stands before that.
inline std::chrono::seconds AgeOf(const RecordStamp& stamp, WallTime now) {
  return std::max(std::chrono::seconds{0},
                  std::chrono::floor<std::chrono::seconds>(now - stamp.stored_at));
}

// How far the entry is past its lifetime; negative while it is fresh, 0 exactly at it.
inline std::chrono::milliseconds StalenessOf(const RecordStamp& stamp, WallTime now,
                                             std::chrono::seconds configured) {
  if (stamp.stored_at > now + kClockSkewTolerance) return stamp.stored_at - now;
  const auto age = std::max(std::chrono::milliseconds{0}, now - stamp.stored_at);
  return age - std::chrono::milliseconds(std::min(stamp.lifetime, configured));
}

// Fresh until the entry's own lifetime or the configured one has passed, stale exactly at it. A
// request's max-age is reached in the same way; its max-stale lets a stale entry pass for fresh.
inline Freshness FreshnessOf(const RecordStamp& stamp, WallTime now,
                             const FreshnessLimits& limits) {
  if (limits.any_age) return Freshness::kFresh;
  const bool too_old = limits.max_age && AgeOf(stamp, now) >= *limits.max_age;
  const auto staleness = StalenessOf(stamp, now, limits.lifetime);
  if (staleness.count() >= 0) {
    // Compared in seconds: the greatest number of them is no number of milliseconds.
    const bool allowed =
        limits.max_stale && std::chrono::ceil<std::chrono::seconds>(staleness) <= *limits.max_stale;
    return allowed && !too_old ? Freshness::kFresh : Freshness::kStale;
  }
  return too_old || -staleness < limits.min_fresh ? Freshness::kRefused : Freshness::kFresh;
}

// Seconds for which the entry stays fresh, begun ones included; 0 or less once stale.
inline std::chrono::seconds TtlOf(const RecordStamp& stamp, WallTime now,
                                  std::chrono::seconds configured) {
  const auto ahead = std::chrono::floor<std::chrono::seconds>(stamp.stored_at - now);
  if (stamp.stored_at > now + kClockSkewTolerance) return -ahead;
  return std::min(stamp.lifetime, configured) - AgeOf(stamp, now);
}

}  // namespace larder

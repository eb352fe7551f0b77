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

enum class Freshness { kFresh, kStale };

// Whole seconds since the entry was stored; 0 when the clock stands before that.
inline std::chrono::seconds AgeOf(const RecordStamp& stamp, WallTime now) {
  return std::max(std::chrono::seconds{0},
                  std::chrono::floor<std::chrono::seconds>(now - stamp.stored_at));
}

// Fresh until the entry's own lifetime, the configured one and the request's limit (max-age),
// whichever is least, has passed; stale exactly at it.
inline Freshness FreshnessOf(const RecordStamp& stamp, WallTime now,
                             std::chrono::seconds configured,
                             std::optional<std::chrono::seconds> request_limit = std::nullopt) {
  if (stamp.stored_at > now + kClockSkewTolerance) return Freshness::kStale;
  auto lifetime = std::min(stamp.lifetime, configured);
  if (request_limit) lifetime = std::min(lifetime, *request_limit);
  const auto age = std::max(std::chrono::milliseconds{0}, now - stamp.stored_at);
  return age < lifetime ? Freshness::kFresh : Freshness::kStale;
}

// Seconds for which the entry stays fresh, begun ones included; 0 or less once stale.
inline std::chrono::seconds TtlOf(const RecordStamp& stamp, WallTime now,
                                  std::chrono::seconds configured) {
  const auto ahead = std::chrono::floor<std::chrono::seconds>(stamp.stored_at - now);
  if (stamp.stored_at > now + kClockSkewTolerance) return -ahead;
  return std::min(stamp.lifetime, configured) - AgeOf(stamp, now);
}

}  // namespace larder

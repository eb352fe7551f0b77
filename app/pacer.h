// Pacer: spreads work evenly, so many units a second. Thread-safety: none; the caller locks.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"

namespace larder {

class Pacer {
 public:
  // Absent: as fast as it comes. > 0.
  explicit Pacer(std::optional<double> units_per_second) : rate_(units_per_second) {}

  // When `units` may go that are ready `now`: at once after a rest, else when those before have had
  // their time. A rest earns nothing: what follows is not sent in a burst. Each call counts.
  MonoTime Reserve(double units, MonoTime now) {
    if (!rate_) return now;
    const MonoTime at = std::max(next_, now);
    next_ = at + std::chrono::duration_cast<MonoTime::duration>(
                     std::chrono::duration<double>(units / *rate_));
    return at;
  }

 private:
  const std::optional<double> rate_;
  MonoTime next_ = MonoTime::min();
};

}  // namespace larder

// What was used within a time: the last minute, or a period of the calendar. Policy without I/O.
//
// A minute slides on the monotonic clock, which nobody can set. A period of the calendar (an hour,
// a day, ...) ends when the wall clock enters the next one. When the wall clock was set back, what
// was counted goes on counting, at most for the period's own length: a step never frees and never
// locks for ever. Thread-safety: none; values.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "proxy/access/limit_rule.h"

namespace larder {

// One moment by both clocks.
struct Moment {
  WallTime wall;
  MonoTime mono;
};
inline Moment MomentOf(const Clock& clock) {
  return {clock.Now(), clock.Monotonic()};
}

// In any sixty seconds there is never more than was asked about: what is added counts for a minute,
// and at most a second longer beside others of the same second. Memory: at most 62 parts, none when
// it is idle.
class SlidingMinute {
 public:
  static constexpr std::chrono::milliseconds kLength{60'000};

  void Add(std::int64_t amount, MonoTime now);
  std::int64_t Used(MonoTime now);
  // How long until less than `limit` is used; zero when it is so.
  std::chrono::milliseconds UntilBelow(std::int64_t limit, MonoTime now);
  // How long until nothing is.
  std::chrono::milliseconds UntilEmpty(MonoTime now);

  // For the disk: how long ago, at most kLength plus a second.
  struct Part {
    std::uint32_t first_age_ms = 0;
    std::uint32_t last_age_ms = 0;
    std::int64_t amount = 0;
  };
  std::vector<Part> Parts(MonoTime now);
  // What was there `away` ago, oldest first; in place of what is.
  void Restore(const std::vector<Part>& parts, std::chrono::milliseconds away, MonoTime now);

 private:
  struct Slot {
    std::int64_t first_ms;
    std::int64_t last_ms;
    std::int64_t amount;
  };
  void Expire(std::int64_t now_ms);

  std::vector<Slot> slots_;  // oldest first
  std::int64_t used_ = 0;
};

// Which period of the calendar (UTC) a moment is in: a number that grows, its begin and its end.
struct CalendarPeriod {
  std::int64_t index = 0;
  WallTime ends;                     // WallTime::max() of what has no end
  std::chrono::milliseconds length;  // of the longest of its kind
};
CalendarPeriod HourOf(WallTime now);
CalendarPeriod PeriodOf(BudgetPeriod kind, WallTime now);

// The period that is being counted in.
class FixedWindow {
 public:
  // Begins anew when the period is over. True when it did.
  bool Roll(const CalendarPeriod& period, MonoTime now);
  // How long until it begins anew, at least a millisecond; after a Roll with the same.
  std::chrono::milliseconds UntilReset(const CalendarPeriod& period, const Moment& now) const;

  std::int64_t index() const { return index_; }
  std::chrono::milliseconds Age(MonoTime now) const;
  // As it was `away` ago.
  void Restore(std::int64_t index, std::chrono::milliseconds age, MonoTime now);

 private:
  bool begun_ = false;
  std::int64_t index_ = 0;
  MonoTime begin_{};
};

}  // namespace larder

// Timers: who is to be looked at when, on one loop. A wheel of slots a tick wide: adding costs a
// push, a tick costs what is due in it. There is no removing: a subject whose deadline has moved on
// is found when its old slot comes up, and adds itself again. So a connection that is used all the
// time is looked at once in its timeout, and an idle one likewise.
//
// Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 6.
// Thread-safety: none; its loop's thread.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace larder {

template <typename Subject>
class Timers {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  explicit Timers(MonoTime now) : current_(TickOf(now)) {}

  // Has Advance visit `subject`, if it still lives, with `when`, at the first tick behind it (at
  // the last of the wheel, 102 s ahead, when it is later than that).
  void Add(std::weak_ptr<Subject> subject, MonoTime when) {
    // One behind, so that it is not visited too early.
    const std::int64_t tick = std::clamp(TickOf(when) + 1, current_ + 1, current_ + kLast);
    SlotOf(tick).push_back({std::move(subject), when});
  }

  // Calls visit(*subject, when) for each that was due up to `now`. It may add.
  template <typename Visit>
  void Advance(MonoTime now, const Visit& visit) {
    const std::int64_t until = TickOf(now);
    // After a long pause each slot is visited once.
    if (until - current_ > kLast) current_ = until - kLast;
    while (current_ < until) {
      ++current_;
      std::vector<Entry> due;
      due.swap(SlotOf(current_));
      for (const Entry& entry : due) {
        if (const auto subject = entry.subject.lock()) visit(*subject, entry.when);
      }
    }
  }

 private:
  struct Entry {
    std::weak_ptr<Subject> subject;
    MonoTime when;
  };
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::int64_t kLast = kSlots - 1;

  static std::int64_t TickOf(MonoTime time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()) / kTick;
  }
  std::vector<Entry>& SlotOf(std::int64_t tick) {
    return slots_[static_cast<std::size_t>(tick) % kSlots];
  }

  std::int64_t current_;
  std::array<std::vector<Entry>, kSlots> slots_;
};

}  // namespace larder

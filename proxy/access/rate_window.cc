#include "proxy/access/rate_window.h"

#include <algorithm>

namespace larder {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;

constexpr std::int64_t kSlotMs = 1000;
// Sums stay far from overflow.
constexpr std::int64_t kMostAmount = std::int64_t{1} << 56;

std::int64_t MillisOf(MonoTime time) {
  return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  return std::min(kMostAmount, a + std::clamp<std::int64_t>(b, 0, kMostAmount));
}

}  // namespace

void SlidingMinute::Expire(std::int64_t now_ms) {
  const auto first_left = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return slot.last_ms + kLength.count() > now_ms;
  });
  if (first_left == slots_.begin()) return;
  slots_.erase(slots_.begin(), first_left);
  used_ = 0;
  for (const Slot& slot : slots_) used_ = Sum(used_, slot.amount);
  if (slots_.empty()) slots_.shrink_to_fit();
}

void SlidingMinute::Add(std::int64_t amount, MonoTime now) {
  const std::int64_t now_ms = MillisOf(now);
  Expire(now_ms);
  if (amount <= 0) return;
  if (!slots_.empty() && now_ms - slots_.back().first_ms < kSlotMs) {
    Slot& slot = slots_.back();
    slot.amount = Sum(slot.amount, amount);
    slot.last_ms = std::max(slot.last_ms, now_ms);
  } else {
    slots_.push_back({now_ms, now_ms, Sum(0, amount)});
  }
  used_ = Sum(used_, amount);
}

std::int64_t SlidingMinute::Used(MonoTime now) {
  Expire(MillisOf(now));
  return used_;
}

milliseconds SlidingMinute::UntilBelow(std::int64_t limit, MonoTime now) {
  const std::int64_t now_ms = MillisOf(now);
  Expire(now_ms);
  std::int64_t left = used_;
  std::int64_t until = now_ms;
  for (const Slot& slot : slots_) {
    if (left < limit) break;
    left -= slot.amount;
    until = slot.last_ms + kLength.count();
  }
  return milliseconds(until - now_ms);
}

milliseconds SlidingMinute::UntilEmpty(MonoTime now) {
  const std::int64_t now_ms = MillisOf(now);
  Expire(now_ms);
  if (slots_.empty()) return milliseconds(0);
  return milliseconds(slots_.back().last_ms + kLength.count() - now_ms);
}

std::vector<SlidingMinute::Part> SlidingMinute::Parts(MonoTime now) {
  const std::int64_t now_ms = MillisOf(now);
  Expire(now_ms);
  std::vector<Part> parts;
  for (const Slot& slot : slots_) {
    parts.push_back({static_cast<std::uint32_t>(now_ms - slot.first_ms),
                     static_cast<std::uint32_t>(now_ms - slot.last_ms), slot.amount});
  }
  return parts;
}

void SlidingMinute::Restore(const std::vector<Part>& parts, milliseconds away, MonoTime now) {
  const std::int64_t then_ms = MillisOf(now) - std::max<std::int64_t>(away.count(), 0);
  slots_.clear();
  used_ = 0;
  for (const Part& part : parts) {
    slots_.push_back({then_ms - part.first_age_ms, then_ms - part.last_age_ms, part.amount});
    used_ = Sum(used_, part.amount);
  }
  Expire(MillisOf(now));
}

CalendarPeriod HourOf(WallTime now) {
  const auto hour = std::chrono::floor<std::chrono::hours>(now);
  return {hour.time_since_epoch().count(), hour + std::chrono::hours(1), std::chrono::hours(1)};
}

CalendarPeriod PeriodOf(BudgetPeriod kind, WallTime now) {
  const auto day = std::chrono::floor<days>(now);
  const std::int64_t count = day.time_since_epoch().count();
  switch (kind) {
    case BudgetPeriod::kDay:
      return {count, day + days(1), days(1)};
    case BudgetPeriod::kWeek: {
      // 1970-01-01 was a Thursday.
      const std::int64_t week = (count + 3 - ((count + 3) % 7 + 7) % 7) / 7;
      return {week, WallTime(days((week + 1) * 7 - 3)), days(7)};
    }
    case BudgetPeriod::kMonth: {
      const std::chrono::year_month_day date(day);
      const auto month = date.year() / date.month();
      const auto next = month + std::chrono::months(1);
      return {static_cast<int>(date.year()) * std::int64_t{12} +
                  static_cast<unsigned>(date.month()) - 1,
              std::chrono::sys_days(next / 1), days(31)};
    }
    case BudgetPeriod::kTotal:
      break;
  }
  return {0, WallTime::max(), milliseconds::max()};
}

bool FixedWindow::Roll(const CalendarPeriod& period, MonoTime now) {
  const bool set_back = begun_ && period.index < index_;
  if (begun_ && period.index == index_) return false;
  if (set_back && Age(now) < period.length) return false;
  begun_ = true;
  index_ = period.index;
  begin_ = now;
  return true;
}

milliseconds FixedWindow::UntilReset(const CalendarPeriod& period, const Moment& now) const {
  if (period.ends == WallTime::max()) return milliseconds::max();
  // Of one that is held although the clock was set back, its own length is what ends it.
  const milliseconds until =
      period.index == index_ ? period.ends - now.wall : period.length - Age(now.mono);
  return std::max(until, milliseconds(1));
}

milliseconds FixedWindow::Age(MonoTime now) const {
  return std::chrono::floor<milliseconds>(now - begin_);
}

void FixedWindow::Restore(std::int64_t index, milliseconds age, MonoTime now) {
  begun_ = true;
  index_ = index;
  begin_ = now - age;
}

}  // namespace larder

#include "proxy/access/rate_window.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class SlidingMinuteTest : public testing::Test {
 protected:
  void Add(std::int64_t amount) { window_.Add(amount, clock_.Monotonic()); }
  std::int64_t Used() { return window_.Used(clock_.Monotonic()); }
  milliseconds UntilBelow(std::int64_t limit) {
    return window_.UntilBelow(limit, clock_.Monotonic());
  }

  ManualClock clock_;
  SlidingMinute window_;
};

TEST_F(SlidingMinuteTest, CountsForExactlySixtySeconds) {
  Add(3);
  clock_.Advance(milliseconds(59'999));
  EXPECT_EQ(Used(), 3);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(Used(), 0);
}

TEST_F(SlidingMinuteTest, FreesWhatIsOldestFirst) {
  Add(1);
  clock_.Advance(seconds(20));
  Add(2);
  EXPECT_EQ(UntilBelow(3), seconds(40));
  EXPECT_EQ(UntilBelow(2), seconds(60));
  EXPECT_EQ(UntilBelow(4), seconds(0));
  EXPECT_EQ(window_.UntilEmpty(clock_.Monotonic()), seconds(60));
  clock_.Advance(seconds(40));
  EXPECT_EQ(Used(), 2);
}

TEST_F(SlidingMinuteTest, AStepOfTheWallClockChangesNothing) {
  Add(5);
  clock_.StepWall(hours(24));
  EXPECT_EQ(Used(), 5);
  clock_.StepWall(-hours(48));
  EXPECT_EQ(Used(), 5);
  clock_.Advance(seconds(60));
  EXPECT_EQ(Used(), 0);
}

TEST_F(SlidingMinuteTest, IsWhatItWasWhenItIsRestored) {
  Add(1);
  clock_.Advance(seconds(10));
  Add(2);
  const auto parts = window_.Parts(clock_.Monotonic());
  ManualClock later;  // of another process, whose monotonic clock knows nothing of this one
  SlidingMinute again;
  again.Restore(parts, seconds(30), later.Monotonic());
  EXPECT_EQ(again.Used(later.Monotonic()), 3);
  EXPECT_EQ(again.UntilBelow(3, later.Monotonic()), seconds(20));
  later.Advance(seconds(20));
  EXPECT_EQ(again.Used(later.Monotonic()), 2);
  later.Advance(seconds(10));
  EXPECT_EQ(again.Used(later.Monotonic()), 0);
}

TEST_F(SlidingMinuteTest, HoldsFewPartsHoweverMuchIsAdded) {
  for (int i = 0; i < 100'000; ++i) {
    Add(1);
    clock_.Advance(milliseconds(3));
  }
  EXPECT_LE(window_.Parts(clock_.Monotonic()).size(), 62U);
}

// In no sixty seconds there is more than the limit; and nothing is held longer than a second beyond
// its minute. The reference keeps every single event.
TEST_F(SlidingMinuteTest, AtRandomNeverAdmitsMoreThanItsLimitInAnySixtySeconds) {
  constexpr std::int64_t kLimit = 20;
  std::mt19937 random(7);
  std::deque<std::int64_t> admitted;  // milliseconds
  std::int64_t now = 0;
  int refused = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::int64_t step = random() % 50 == 0 ? random() % 70'000 : random() % 900;
    clock_.Advance(milliseconds(step));
    now += step;
    while (!admitted.empty() && admitted.front() <= now - 60'000) admitted.pop_front();
    const auto in_minute = static_cast<std::int64_t>(admitted.size());
    ASSERT_GE(Used(), in_minute);
    if (Used() >= kLimit) {
      ++refused;
      const auto wait = UntilBelow(kLimit).count();
      ASSERT_GT(wait, 0);
      ASSERT_LE(wait, 60'000);
      // A second later than the reference at most.
      ASSERT_LE(now + wait, admitted[0] + 61'000);
    } else {
      ASSERT_LT(in_minute, kLimit);
      Add(1);
      admitted.push_back(now);
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(SlidingMinuteAmountTest, SumsWithoutOverflow) {
  ManualClock clock;
  SlidingMinute window;
  for (int i = 0; i < 100; ++i) {
    window.Add(std::numeric_limits<std::int64_t>::max(), clock.Monotonic());
  }
  EXPECT_GT(window.Used(clock.Monotonic()), std::int64_t{1} << 50);
  window.Add(-5, clock.Monotonic());
  EXPECT_GT(window.Used(clock.Monotonic()), std::int64_t{1} << 50);
}

WallTime At(int year, unsigned month, unsigned day, int hour = 0) {
  return std::chrono::sys_days(std::chrono::year(year) / month / day) + hours(hour);
}

TEST(CalendarPeriodTest, EndsWhereTheCalendarSays) {
  EXPECT_EQ(HourOf(At(2026, 1, 1, 5) + seconds(3599)).ends, At(2026, 1, 1, 6));
  EXPECT_EQ(PeriodOf(BudgetPeriod::kDay, At(2026, 2, 28, 23)).ends, At(2026, 3, 1));
  // 2026-01-01 is a Thursday.
  EXPECT_EQ(PeriodOf(BudgetPeriod::kWeek, At(2026, 1, 1)).ends, At(2026, 1, 5));
  EXPECT_EQ(PeriodOf(BudgetPeriod::kWeek, At(2026, 1, 4, 23)).ends, At(2026, 1, 5));
  EXPECT_EQ(PeriodOf(BudgetPeriod::kWeek, At(2026, 1, 5)).ends, At(2026, 1, 12));
  EXPECT_EQ(PeriodOf(BudgetPeriod::kMonth, At(2028, 2, 29)).ends, At(2028, 3, 1));
  EXPECT_EQ(PeriodOf(BudgetPeriod::kMonth, At(2026, 12, 31, 23)).ends, At(2027, 1, 1));
  EXPECT_EQ(PeriodOf(BudgetPeriod::kTotal, At(2026, 1, 1)).ends, WallTime::max());
}

TEST(CalendarPeriodTest, NumbersOfPeriodsGrowByOne) {
  for (const BudgetPeriod kind : {BudgetPeriod::kDay, BudgetPeriod::kWeek, BudgetPeriod::kMonth}) {
    WallTime now = At(1969, 12, 1);
    for (int i = 0; i < 1000; ++i) {
      const CalendarPeriod period = PeriodOf(kind, now);
      EXPECT_EQ(PeriodOf(kind, period.ends - milliseconds(1)).index, period.index);
      EXPECT_EQ(PeriodOf(kind, period.ends).index, period.index + 1);
      EXPECT_LE(period.ends - now, period.length);
      now = period.ends;
    }
  }
}

class FixedWindowTest : public testing::Test {
 protected:
  bool Roll() { return window_.Roll(HourOf(clock_.Now()), clock_.Monotonic()); }
  milliseconds UntilReset() { return window_.UntilReset(HourOf(clock_.Now()), MomentOf(clock_)); }

  ManualClock clock_;
  FixedWindow window_;
};

TEST_F(FixedWindowTest, BeginsAnewWithTheHour) {
  clock_.Advance(std::chrono::minutes(50));
  EXPECT_TRUE(Roll());
  EXPECT_EQ(UntilReset(), std::chrono::minutes(10));
  clock_.Advance(std::chrono::minutes(10) - milliseconds(1));
  EXPECT_FALSE(Roll());
  clock_.Advance(milliseconds(1));
  EXPECT_TRUE(Roll());
}

TEST_F(FixedWindowTest, AClockThatIsSetBackNeitherFreesNorLocksForLongerThanAnHour) {
  Roll();
  clock_.StepWall(-hours(24 * 365));
  EXPECT_FALSE(Roll());
  EXPECT_EQ(UntilReset(), hours(1));
  clock_.Advance(hours(1) - milliseconds(1));
  EXPECT_FALSE(Roll());
  clock_.Advance(milliseconds(1));
  EXPECT_TRUE(Roll());
  EXPECT_LE(UntilReset(), hours(1));
}

TEST_F(FixedWindowTest, AClockThatWasWronglyFarAheadDoesNotLock) {
  clock_.StepWall(hours(24 * 365 * 70));
  Roll();
  clock_.StepWall(-hours(24 * 365 * 70));
  EXPECT_FALSE(Roll());
  clock_.Advance(hours(1));
  EXPECT_TRUE(Roll());
}

TEST_F(FixedWindowTest, WhatHasNoEndNeverBeginsAnew) {
  const auto total = [&] { return PeriodOf(BudgetPeriod::kTotal, clock_.Now()); };
  EXPECT_TRUE(window_.Roll(total(), clock_.Monotonic()));
  clock_.Advance(hours(24 * 365 * 10));
  EXPECT_FALSE(window_.Roll(total(), clock_.Monotonic()));
  EXPECT_EQ(window_.UntilReset(total(), MomentOf(clock_)), milliseconds::max());
}

}  // namespace
}  // namespace larder

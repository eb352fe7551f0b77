#include <gtest/gtest.h>

#include <memory>

#include "base/clock.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

template <typename T>
class ClockContractTest : public testing::Test {
 protected:
  T clock_;
};
using Clocks = testing::Types<SystemClock, ManualClock>;
TYPED_TEST_SUITE(ClockContractTest, Clocks);

TYPED_TEST(ClockContractTest, MonotonicTimeNeverGoesBack) {
  MonoTime last = this->clock_.Monotonic();
  for (int i = 0; i < 1000; ++i) {
    const MonoTime now = this->clock_.Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TYPED_TEST(ClockContractTest, WallTimeIsAfterThisProjectBegan) {
  EXPECT_GE(ToUnixMillis(this->clock_.Now()), 1767225600000);  // 2026-01-01
}

TYPED_TEST(ClockContractTest, WallTimeSurvivesItsStoredForm) {
  const WallTime now = this->clock_.Now();
  EXPECT_EQ(FromUnixMillis(ToUnixMillis(now)), now);
}

TEST(ManualClockTest, MovesOnlyWhenTold) {
  ManualClock clock;
  const WallTime wall = clock.Now();
  const MonoTime mono = clock.Monotonic();
  clock.Advance(std::chrono::seconds(5));
  EXPECT_EQ(clock.Now() - wall, std::chrono::seconds(5));
  EXPECT_EQ(clock.Monotonic() - mono, std::chrono::seconds(5));
  clock.StepWall(std::chrono::hours(-1));
  EXPECT_LT(clock.Now(), wall);
  EXPECT_EQ(clock.Monotonic() - mono, std::chrono::seconds(5));
}

}  // namespace
}  // namespace larder

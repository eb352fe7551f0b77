#include <gtest/gtest.h>

#include "app/pacer.h"
#include "app/retry_pause.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

TEST(PacerTest, SpreadsUnitsEvenly) {
  ManualClock clock;
  Pacer pacer(10.0);
  const MonoTime begin = clock.Monotonic();
  EXPECT_EQ(pacer.Reserve(5, begin), begin);
  EXPECT_EQ(pacer.Reserve(5, begin), begin + milliseconds(500));
  EXPECT_EQ(pacer.Reserve(1, begin), begin + milliseconds(1000));
  EXPECT_EQ(pacer.Reserve(1, begin), begin + milliseconds(1100));
}

TEST(PacerTest, ARestEarnsNoBurst) {
  ManualClock clock;
  Pacer pacer(2.0);
  EXPECT_EQ(pacer.Reserve(1, clock.Monotonic()), clock.Monotonic());
  clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(pacer.Reserve(1, clock.Monotonic()), clock.Monotonic());
  EXPECT_EQ(pacer.Reserve(1, clock.Monotonic()), clock.Monotonic() + milliseconds(500));
}

TEST(PacerTest, WithoutARateEverythingGoesAtOnce) {
  ManualClock clock;
  Pacer pacer(std::nullopt);
  for (int at = 0; at < 3; ++at) {
    EXPECT_EQ(pacer.Reserve(1e9, clock.Monotonic()), clock.Monotonic());
  }
}

TEST(RetryPauseTest, RepeatsWhatMaySucceedLaterAndNothingElse) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(IsWorthRepeating(status)) << status;
  }
  for (const int status : {200, 400, 401, 403, 404, 413, 422, 501, 505}) {
    EXPECT_FALSE(IsWorthRepeating(status)) << status;
  }
}

TEST(RetryPauseTest, TakesMillisecondsBeforeSecondsAndAMinuteAtMost) {
  EXPECT_EQ(PauseAskedFor({{"Retry-After", "2"}}), milliseconds(2000));
  EXPECT_EQ(PauseAskedFor({{"Retry-After", "2"}, {"retry-after-ms", "150"}}), milliseconds(150));
  EXPECT_EQ(PauseAskedFor({{"Retry-After", " 0.5 "}}), milliseconds(500));
  EXPECT_EQ(PauseAskedFor({{"Retry-After", "86400"}}), milliseconds(60'000));
}

TEST(RetryPauseTest, WhatIsNotUnderstoodAsksForNothing) {
  for (const char* value : {"", "soon", "-1", "nan", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
    EXPECT_EQ(PauseAskedFor({{"Retry-After", value}}), std::nullopt) << value;
  }
  EXPECT_EQ(PauseAskedFor({}), std::nullopt);
}

TEST(RetryPauseTest, DoublesUpToHalfAMinute) {
  EXPECT_EQ(PauseBefore(1, 0), milliseconds(500));
  EXPECT_EQ(PauseBefore(2, 0), milliseconds(1000));
  EXPECT_EQ(PauseBefore(7, 0), milliseconds(30'000));
  EXPECT_EQ(PauseBefore(1000, 0), milliseconds(30'000));
  EXPECT_EQ(PauseBefore(1, 0.5), milliseconds(438));  // less an eighth
}

}  // namespace
}  // namespace larder

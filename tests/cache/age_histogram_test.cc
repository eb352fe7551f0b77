#include "cache/age_histogram.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

WallTime At(std::int64_t seconds) {
  return FromUnixMillis(1'700'000'000'000 + 1000 * seconds);
}

TEST(AgeHistogramTest, TheOldestBytesAreThoseStoredFirst) {
  AgeHistogram ages;
  for (int i = 0; i < 10; ++i) ages.Add(At(9 - i), 100);
  EXPECT_EQ(ages.bytes(), 1000U);
  const auto oldest = ages.OldestOf(250);
  EXPECT_EQ(oldest.all_before, At(2));
  EXPECT_EQ(oldest.some_before, At(3));
  EXPECT_EQ(oldest.rest_bytes, 50U);
}

TEST(AgeHistogramTest, OfEntriesStoredTogetherOnlySomeAreTheOldest) {
  AgeHistogram ages;
  for (int i = 0; i < 1000; ++i) ages.Add(At(5), 10);
  const auto oldest = ages.OldestOf(300);
  EXPECT_EQ(oldest.all_before, At(5));
  EXPECT_EQ(oldest.some_before, At(6));
  EXPECT_EQ(oldest.rest_bytes, 300U);
}

TEST(AgeHistogramTest, MoreThanThereIsIsEverything) {
  AgeHistogram ages;
  ages.Add(At(1), 10);
  ages.Add(At(2), 10);
  const auto oldest = ages.OldestOf(1000);
  EXPECT_GT(oldest.all_before, At(2));
  EXPECT_EQ(oldest.rest_bytes, 0U);
}

TEST(AgeHistogramTest, ManyAgesTakeWiderStepsAndLoseNoByte) {
  AgeHistogram ages;
  constexpr int kAges = 100'000;
  for (int i = 0; i < kAges; ++i) ages.Add(At(i), 1);
  EXPECT_EQ(ages.bytes(), static_cast<std::uint64_t>(kAges));
  const auto oldest = ages.OldestOf(kAges / 2);
  // Sixteen seconds a step: 100,000 ages in at most 8192 of them.
  EXPECT_LE(oldest.some_before - oldest.all_before, std::chrono::seconds(16));
  EXPECT_LE(oldest.all_before, At(kAges / 2));
  EXPECT_GE(oldest.some_before, At(kAges / 2 - 1));
}

TEST(AgeHistogramTest, AnAgeBefore1970SortsBeforeIt) {
  AgeHistogram ages;
  ages.Add(FromUnixMillis(-1), 10);
  ages.Add(FromUnixMillis(1), 10);
  EXPECT_EQ(ages.OldestOf(10).some_before, FromUnixMillis(0));
}

}  // namespace
}  // namespace larder

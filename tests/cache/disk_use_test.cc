#include "cache/disk_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace larder {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1U << 20;

DiskUse Sizes(std::uint64_t used_mib, std::uint64_t limit_mib) {
  return {
      .used_bytes = used_mib * kMiB, .limit_bytes = limit_mib * kMiB, .min_free_bytes = 256 * kMiB};
}

TEST(DiskUseTest, IsOkWithRoomAndBelowItsLimit) {
  const DiskUse use = Judge(Sizes(500, 1000), 5000 * kMiB);
  EXPECT_EQ(use.state, DiskState::kOk);
  EXPECT_EQ(use.message, "");
  EXPECT_EQ(ExcessOf(use), 0U);
}

TEST(DiskUseTest, WarnsWhileThereIsLessThanFourTimesWhatIsKeptFree) {
  EXPECT_EQ(Judge(Sizes(500, 1000), 1024 * kMiB).state, DiskState::kOk);
  const DiskUse use = Judge(Sizes(500, 1000), 1023 * kMiB);
  EXPECT_EQ(use.state, DiskState::kWarning);
  EXPECT_EQ(use.message,
            "1023 MiB free on the disk of the data directory, caching stops at 256 MiB: free space "
            "on it, or lower cache.store.max_bytes");
}

TEST(DiskUseTest, IsFullOnceNothingNewIsStored) {
  const DiskUse use = Judge(Sizes(500, 1000), 255 * kMiB);
  EXPECT_EQ(use.state, DiskState::kFull);
  EXPECT_THAT(use.message, HasSubstr("nothing new is cached: free space"));
}

TEST(DiskUseTest, WarnsAboveItsLimit) {
  const DiskUse use = Judge(Sizes(1001, 1000), 5000 * kMiB);
  EXPECT_EQ(use.state, DiskState::kWarning);
  EXPECT_THAT(use.message, HasSubstr("cache.store.max_bytes"));
}

TEST(DiskUseTest, AnUnknownRoomIsNoReasonToWarn) {
  const DiskUse use = Judge(Sizes(500, 1000), std::nullopt);
  EXPECT_EQ(use.state, DiskState::kOk);
  EXPECT_EQ(ExcessOf(use), 0U);
}

TEST(DiskUseTest, WhatIsAboveTheLimitGoesDownToNineTenthsOfIt) {
  EXPECT_EQ(ExcessOf(Judge(Sizes(1000, 1000), 5000 * kMiB)), 0U);
  EXPECT_EQ(ExcessOf(Judge(Sizes(1001, 1000), 5000 * kMiB)), 101 * kMiB);
  EXPECT_EQ(ExcessOf(Judge(Sizes(9000, 0), 5000 * kMiB)), 0U);
}

TEST(DiskUseTest, ALowDiskMakesOldEntriesGo) {
  // Up to 1.25 times 1024 MiB free.
  EXPECT_EQ(ExcessOf(Judge(Sizes(9000, 0), 1000 * kMiB)), 280 * kMiB);
}

TEST(DiskUseTest, ADiskThatOthersFillDoesNotTakeTheWholeCache) {
  EXPECT_EQ(ExcessOf(Judge(Sizes(1100, 0), 100 * kMiB)), 76 * kMiB);
  EXPECT_EQ(ExcessOf(Judge(Sizes(900, 0), 100 * kMiB)), 0U);
}

TEST(DiskUseTest, TellsTheRoomOfARealDisk) {
  EXPECT_GT(FreeBytesOf(std::filesystem::temp_directory_path()).value_or(0), 0U);
  EXPECT_EQ(FreeBytesOf("/no/such/place"), std::nullopt);
}

TEST(DiskUseTest, ShowsBytesAsPeopleSayThem) {
  EXPECT_EQ(ShowBytes(0), "0 bytes");
  EXPECT_EQ(ShowBytes(1023), "1023 bytes");
  EXPECT_EQ(ShowBytes(1024), "1 KiB");
  EXPECT_EQ(ShowBytes(1288490189), "1.2 GiB");
  EXPECT_EQ(ShowBytes(256 * kMiB), "256 MiB");
  EXPECT_EQ(ShowBytes(std::uint64_t{20} << 30), "20 GiB");
}

}  // namespace
}  // namespace larder

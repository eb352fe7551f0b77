#include "vector/live_bits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace larder {
namespace {

TEST(LiveBitsTest, AreClearUntilTheyAreSet) {
  LiveBits live(130);
  for (std::size_t slot = 0; slot < 130; ++slot) EXPECT_FALSE(live.Test(slot));
  live.Set(0);
  live.Set(63);
  live.Set(64);
  live.Set(129);
  EXPECT_TRUE(live.Test(63));
  EXPECT_FALSE(live.Test(62));
  EXPECT_EQ(live.Word(0), (std::uint64_t{1} << 63) + 1);
  EXPECT_EQ(live.Word(1), 1U);
  EXPECT_EQ(live.Word(2), 2U);
  live.Clear(63);
  live.Clear(63);
  EXPECT_FALSE(live.Test(63));
  EXPECT_TRUE(live.Test(0));
  EXPECT_EQ(live.words()[2], 2U);
}

TEST(LiveBitsTest, AreReadBesideAWriter) {
  LiveBits live(64);
  live.Set(5);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 10'000; ++i) {
      live.Set(6);
      live.Clear(6);
    }
    done = true;
  });
  while (!done) {
    ASSERT_TRUE(live.Test(5));
    ASSERT_FALSE(live.Test(7));
  }
  writer.join();
  EXPECT_EQ(live.Word(0), std::uint64_t{1} << 5);
}

}  // namespace
}  // namespace larder

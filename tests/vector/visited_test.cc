#include "vector/visited.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace larder {
namespace {

TEST(VisitedTest, MarksEachSlotOnce) {
  Visited visited;
  visited.Cover(200);
  for (const std::uint32_t slot : {0U, 63U, 64U, 128U, 199U}) {
    EXPECT_TRUE(visited.Mark(slot)) << slot;
    EXPECT_FALSE(visited.Mark(slot)) << slot;
  }
  EXPECT_TRUE(visited.Mark(1));
}

TEST(VisitedTest, ForgetsEverythingWhenItIsCleared) {
  Visited visited;
  visited.Cover(1000);
  for (std::uint32_t slot = 0; slot < 1000; slot += 3) EXPECT_TRUE(visited.Mark(slot));
  visited.Clear();
  visited.Cover(5000);
  for (std::uint32_t slot = 0; slot < 5000; ++slot) ASSERT_TRUE(visited.Mark(slot)) << slot;
}

TEST(VisitedTest, CoversSlotsUpToAWordsEnd) {
  for (const std::size_t slots : {1, 63, 64, 65, 128}) {
    Visited visited;
    visited.Cover(slots);
    EXPECT_TRUE(visited.Mark(static_cast<std::uint32_t>(slots - 1))) << slots;
  }
}

TEST(VisitedPoolTest, LendsMarksThatAreClean) {
  VisitedPool pool;
  for (int walk = 0; walk < 3; ++walk) {
    VisitedPool::Lease lease(pool, 100);
    for (std::uint32_t slot = 0; slot < 100; ++slot) ASSERT_TRUE((*lease).Mark(slot));
  }
}

TEST(VisitedPoolTest, LendsToManyWalksAtOnce) {
  VisitedPool pool;
  std::atomic<int> marked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int walk = 0; walk < 100; ++walk) {
        VisitedPool::Lease outer(pool, 64);
        VisitedPool::Lease inner(pool, 640);
        if ((*outer).Mark(7) && (*inner).Mark(7)) ++marked;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(marked, 400);
}

}  // namespace
}  // namespace larder

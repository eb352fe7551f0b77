#include "proxy/search/group_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gate.h"

namespace larder {
namespace {

using testing::ElementsAre;

TEST(GroupQueueTest, WhatComesMeanwhileMakesTheNextGroupInItsOrder) {
  WorkerPool pool({2, 16});
  Gate gate;
  std::vector<std::vector<int>> groups;
  GroupQueue<const int> queue(pool, 3, [&](std::span<const int* const> group) {
    gate.Pass();
    auto& numbers = groups.emplace_back();
    for (const int* number : group) numbers.push_back(*number);
  });
  const int numbers[] = {0, 1, 2, 3, 4};
  std::vector<std::thread> callers;
  callers.emplace_back([&] { queue.Run(numbers[0]); });
  gate.WaitUntilHeld();
  for (int i = 1; i < 5; ++i) {
    callers.emplace_back([&, i] { queue.Run(numbers[i]); });
    while (queue.waiting() != static_cast<std::size_t>(i)) std::this_thread::yield();
  }
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(groups, ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3), ElementsAre(4)));
}

TEST(GroupQueueTest, WorksOnItsCallersThreadOnceThePoolIsStopped) {
  WorkerPool pool({2, 16});
  pool.Stop();
  std::thread::id thread;
  GroupQueue<const int> queue(pool, 3, [&](auto) { thread = std::this_thread::get_id(); });
  const int number = 1;
  queue.Run(number);
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(GroupQueueTest, MayBeDestroyedOnceItsLastCallerHasReturned) {
  WorkerPool pool({2, 16});
  for (int round = 0; round < 500; ++round) {
    int sum = 0;
    auto queue = std::make_unique<GroupQueue<const int>>(
        pool, 3, [&](std::span<const int* const> group) { sum += *group[0]; });
    const int number = round;
    queue->Run(number);
    queue.reset();
    ASSERT_EQ(sum, round);
  }
}

}  // namespace
}  // namespace larder

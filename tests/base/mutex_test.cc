#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace larder {
namespace {

TEST(CondVarTest, WaitReturnsHoldingTheMutexOnceNotified) {
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  std::thread other([&] {
    MutexLock lock(mutex);
    while (turn != 1) changed.Wait(mutex);
    turn = 2;
    changed.NotifyAll();
  });
  {
    MutexLock lock(mutex);
    turn = 1;
    changed.NotifyAll();
    while (turn != 2) changed.Wait(mutex);
  }
  other.join();
  EXPECT_EQ(turn, 2);
}

TEST(CondVarTest, WaitUntilIsFalseOnceTheDeadlineHasPassed) {
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  EXPECT_FALSE(never.WaitUntil(mutex, std::chrono::steady_clock::now() - std::chrono::hours(1)));
}

TEST(SharedMutexTest, ReadersStandSideBySideAndAWriterAlone) {
  SharedMutex mutex;
  int value = 0;
  {
    // Two shared holders at once: were the lock exclusive, the second would never get it.
    ReaderLock mine(mutex);
    std::thread([&] { ReaderLock theirs(mutex); }).join();
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        WriterLock lock(mutex);
        ++value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(value, 2000);
}

}  // namespace
}  // namespace larder

#include "vector/fair_shared_mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace larder {
namespace {

// Each of these tests ends because nobody starves: its time limit is its assertion.

TEST(FairSharedMutexTest, AWriterIsServedThoughReadersOverlapWithoutAGap) {
  FairSharedMutex mutex;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> entered{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done.load()) {
        FairReaderLock lock(mutex);
        const std::uint64_t mine = entered.fetch_add(1) + 1;
        // Stays until the next reader is in; only a waiting writer keeps that one out.
        for (int spins = 0; entered.load() == mine && spins < 2000; ++spins) {
          std::this_thread::yield();
        }
      }
    });
  }
  int writes = 0;
  for (; writes < 50; ++writes) {
    const std::uint64_t before = entered.load();
    while (entered.load() < before + 3) std::this_thread::yield();
    FairWriterLock lock(mutex);
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(writes, 50);
}

TEST(FairSharedMutexTest, ReadersAreServedThoughAWriterComesBackAtOnce) {
  FairSharedMutex mutex;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> writes{0};
  int value = 0;
  std::thread writer([&] {
    while (!done.load()) {
      FairWriterLock lock(mutex);
      for (int i = 0; i < 1000; ++i) value = (value + 1) % 1000;
      writes.fetch_add(1);
    }
  });
  for (int reads = 0; reads < 50; ++reads) {
    const std::uint64_t before = writes.load();
    while (writes.load() < before + 3) std::this_thread::yield();
    FairReaderLock lock(mutex);
    EXPECT_EQ(value, 0);
  }
  done.store(true);
  writer.join();
}

}  // namespace
}  // namespace larder

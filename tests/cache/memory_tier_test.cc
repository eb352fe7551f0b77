#include "cache/memory_tier.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <deque>
#include <random>
#include <thread>

#include "tests/cache/entries.h"

namespace larder {
namespace {

using Tier = MemoryTier<int>;

constexpr std::size_t kBytes = 1000;
constexpr std::size_t kCost = kBytes + Tier::kOverheadBytes;
// Room for a thousand entries of kBytes; every shard gets its sixteenth.
constexpr std::size_t kCapacity = 1008 * kCost;

void Put(Tier& tier, int number, std::size_t bytes = kBytes) {
  tier.Put(KeyOf(number), std::make_shared<const int>(number), bytes);
}
int CountFound(Tier& tier, int from, int to) {
  int found = 0;
  for (int i = from; i < to; ++i) found += tier.Find(KeyOf(i)) != nullptr;
  return found;
}

TEST(MemoryTierTest, FindsWhatWasPut) {
  Tier tier(kCapacity);
  EXPECT_EQ(tier.Find(KeyOf(1)), nullptr);
  Put(tier, 1);
  ASSERT_NE(tier.Find(KeyOf(1)), nullptr);
  EXPECT_EQ(*tier.Find(KeyOf(1)), 1);
  EXPECT_EQ(tier.size(), 1U);
  EXPECT_EQ(tier.bytes(), kCost);
}

TEST(MemoryTierTest, PutReplacesAndCountsTheNewBytesAlone) {
  Tier tier(kCapacity);
  tier.Put(KeyOf(1), std::make_shared<const int>(1), 5000);
  tier.Put(KeyOf(1), std::make_shared<const int>(2), 700);
  EXPECT_EQ(*tier.Find(KeyOf(1)), 2);
  EXPECT_EQ(tier.size(), 1U);
  EXPECT_EQ(tier.bytes(), 700 + Tier::kOverheadBytes);
}

TEST(MemoryTierTest, AnEntryIsHotOnceItWasAskedFor) {
  Tier tier(kCapacity);
  EXPECT_FALSE(tier.IsHot(KeyOf(1)));
  Put(tier, 1);
  EXPECT_FALSE(tier.IsHot(KeyOf(1)));
  EXPECT_FALSE(tier.IsHot(KeyOf(1)));  // which is not asking for it
  EXPECT_NE(tier.Find(KeyOf(1)), nullptr);
  EXPECT_TRUE(tier.IsHot(KeyOf(1)));
  tier.Erase(KeyOf(1));
  EXPECT_FALSE(tier.IsHot(KeyOf(1)));
}

TEST(MemoryTierTest, PutIfAbsentDoesNotReplace) {
  Tier tier(kCapacity);
  tier.PutIfAbsent(KeyOf(1), std::make_shared<const int>(1), kBytes);
  tier.PutIfAbsent(KeyOf(1), std::make_shared<const int>(2), kBytes);
  EXPECT_EQ(*tier.Find(KeyOf(1)), 1);
  EXPECT_EQ(tier.bytes(), kCost);
}

TEST(MemoryTierTest, EraseTellsWhetherItWasThere) {
  Tier tier(kCapacity);
  Put(tier, 1);
  EXPECT_TRUE(tier.Erase(KeyOf(1)));
  EXPECT_FALSE(tier.Erase(KeyOf(1)));
  EXPECT_EQ(tier.Find(KeyOf(1)), nullptr);
  EXPECT_EQ(tier.bytes(), 0U);
  EXPECT_EQ(tier.size(), 0U);
}

TEST(MemoryTierTest, KeepsAnEntryOfExactlyAShardAndNoneThatIsLarger) {
  const std::size_t shard = kCapacity / 16;
  Tier tier(kCapacity);
  Put(tier, 1, shard - Tier::kOverheadBytes);
  EXPECT_NE(tier.Find(KeyOf(1)), nullptr);
  Put(tier, 2, shard - Tier::kOverheadBytes + 1);
  EXPECT_EQ(tier.Find(KeyOf(2)), nullptr);
}

TEST(MemoryTierTest, AnEntryTooLargeToKeepStillDisplacesTheOneItReplaces) {
  Tier tier(kCapacity);
  Put(tier, 1);
  tier.Put(KeyOf(1), std::make_shared<const int>(2), kCapacity);
  EXPECT_EQ(tier.Find(KeyOf(1)), nullptr) << "the old answer must not outlive the new one";
  EXPECT_EQ(tier.bytes(), 0U);
}

TEST(MemoryTierTest, KeepsNothingWithoutCapacity) {
  Tier tier(0);
  Put(tier, 1, 0);
  EXPECT_EQ(tier.size(), 0U);
}

TEST(MemoryTierTest, NeverExceedsItsBytesAndForgetsNoneOfThem) {
  constexpr std::size_t kSmallCapacity = 200000;
  constexpr int kKeys = 500;
  Tier tier(kSmallCapacity);
  std::vector<CacheKey> keys;
  for (int i = 0; i < kKeys; ++i) keys.push_back(KeyOf(i));
  std::mt19937 random(11);
  for (int operation = 0; operation < 100000; ++operation) {
    const int number = static_cast<int>(random() % kKeys);
    switch (random() % 8) {
      case 0:
        tier.Erase(keys[number]);
        break;
      case 1:
      case 2:
      case 3:
        (void)tier.Find(keys[number]);
        break;
      case 4:
        tier.PutIfAbsent(keys[number], std::make_shared<const int>(number), random() % 3000);
        break;
      default:
        tier.Put(keys[number], std::make_shared<const int>(number), random() % 6000);
    }
    ASSERT_LE(tier.bytes(), kSmallCapacity) << "after operation " << operation;
  }
  EXPECT_GT(tier.bytes(), kSmallCapacity / 2);
  EXPECT_GT(tier.evictions(), 1000U);
  for (const CacheKey& key : keys) tier.Erase(key);
  EXPECT_EQ(tier.size(), 0U);
  EXPECT_EQ(tier.bytes(), 0U);
}

TEST(MemoryTierTest, AHotSetSurvivesAPassOverFiftyTimesTheCapacity) {
  constexpr int kHot = 500;
  Tier tier(kCapacity);
  for (int i = 0; i < kHot; ++i) Put(tier, i);
  EXPECT_EQ(CountFound(tier, 0, kHot), kHot);
  for (int i = 0; i < 50000; ++i) Put(tier, 1000000 + i);
  EXPECT_GE(CountFound(tier, 0, kHot), kHot * 98 / 100);
}

TEST(MemoryTierTest, WhatIsNoLongerAskedForMakesRoom) {
  Tier tier(kCapacity);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 900; ++i) {
      Put(tier, i);
      (void)tier.Find(KeyOf(i));
    }
  }
  // A new working set, asked for again and again, takes the place of the old one.
  for (int round = 0; round < 10; ++round) {
    for (int i = 2000; i < 2700; ++i) {
      if (tier.Find(KeyOf(i)) == nullptr) Put(tier, i);
    }
  }
  EXPECT_GE(CountFound(tier, 2000, 2700), 690);
}

TEST(MemoryTierTest, WhatIsNewHasATenthOfTheBytesToItself) {
  Tier tier(16 * kCapacity);  // 16,128 entries
  for (int i = 0; i < 14000; ++i) Put(tier, i);
  EXPECT_EQ(CountFound(tier, 0, 14000), 14000);
  for (int i = 0; i < 20000; ++i) Put(tier, 100000 + i);  // the first 14,000 have their place now
  for (int i = 0; i < 1600; ++i) Put(tier, 200000 + i);
  EXPECT_GE(CountFound(tier, 200000, 200900), 800);
  // Those 900 move on, and what comes next pushes out none of the other 700: there is room again.
  for (int i = 0; i < 700; ++i) Put(tier, 300000 + i);
  EXPECT_GE(CountFound(tier, 200900, 201600) + CountFound(tier, 300000, 300700), 1350);
}

TEST(MemoryTierTest, WhatReplacesAHotEntryIsHot) {
  Tier tier(kCapacity);
  Put(tier, 0);
  (void)tier.Find(KeyOf(0));
  for (int i = 0; i < 5000; ++i) Put(tier, 10000 + i);
  tier.Put(KeyOf(0), std::make_shared<const int>(7), kBytes);
  for (int i = 0; i < 5000; ++i) Put(tier, 20000 + i);
  ASSERT_NE(tier.Find(KeyOf(0)), nullptr);
  EXPECT_EQ(*tier.Find(KeyOf(0)), 7);
}

TEST(MemoryTierTest, WhatComesBackSoonAfterEvictionStays) {
  Tier tier(kCapacity);
  Put(tier, 0);
  for (int i = 0; tier.evictions() < 200; ++i) Put(tier, 10000 + i);
  ASSERT_EQ(tier.Find(KeyOf(0)), nullptr);
  Put(tier, 0);
  for (int i = 0; i < 20000; ++i) Put(tier, 100000 + i);
  EXPECT_NE(tier.Find(KeyOf(0)), nullptr) << "though it was never asked for";
}

TEST(MemoryTierTest, AnEvictedEntryLivesAsLongAsItsReader) {
  Tier tier(kCapacity);
  Put(tier, 0);
  const Tier::Pointer held = tier.Find(KeyOf(0));
  const std::weak_ptr<const int> watched = held;
  tier.Erase(KeyOf(0));
  for (int i = 1; i < 5000; ++i) Put(tier, i);
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(watched.use_count(), 1) << "the tier let go of it";
}

// Heap in use stays the same however often `round` runs. Under a sanitizer mallinfo2 says nothing.
template <typename Round>
void ExpectNoGrowth(Round round) {
  for (int i = 0; i < 10000; ++i) round();
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < 400000; ++i) round();
  EXPECT_LT(::mallinfo2().uordblks, before + (1U << 20));
}

TEST(MemoryTierTest, AKeyWrittenOverAndOverLeavesNoMemoryBehind) {
  Tier tier(kCapacity);
  const CacheKey key = KeyOf(1);
  const auto entry = std::make_shared<const int>(1);
  ExpectNoGrowth([&] { tier.Put(key, entry, kBytes); });
}

// Entries that reach the main queue and are erased there leave their places behind.
TEST(MemoryTierTest, ErasedEntriesLeaveNoMemoryBehind) {
  Tier tier(kCapacity);
  std::mt19937_64 random(3);
  const auto entry = std::make_shared<const int>(1);
  std::deque<CacheKey> hot;
  const auto put = [&] {
    CacheKey key{};
    const std::uint64_t number = random();
    std::memcpy(key.data(), &number, sizeof(number));  // one shard alone: the others stay empty
    tier.Put(key, entry, kBytes);
    return key;
  };
  const auto round = [&] {
    put();
    hot.push_back(put());
    (void)tier.Find(hot.back());
    if (hot.size() > 40) {
      tier.Erase(hot.front());
      hot.pop_front();
    }
  };
  ExpectNoGrowth(round);
}

TEST(MemoryTierTest, ThreadsFindTheirEntriesUnderOneBound) {
  Tier tier(kCapacity);
  std::vector<CacheKey> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back(KeyOf(i));
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int operation = 0; operation < 20000; ++operation) {
        const int number = static_cast<int>(random() % keys.size());
        switch (random() % 4) {
          case 0:
            tier.Erase(keys[number]);
            break;
          case 1:
            tier.Put(keys[number], std::make_shared<const int>(number), kBytes);
            break;
          default:
            if (const Tier::Pointer found = tier.Find(keys[number]); found != nullptr) {
              ASSERT_EQ(*found, number);
            }
        }
        if (operation % 100 == 0) {
          ASSERT_LE(tier.bytes(), kCapacity);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tier.bytes(), tier.size() * kCost);
}

}  // namespace
}  // namespace larder

#include "cache/embedding_cache.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "cache/memory_store.h"
#include "cache/rocksdb_store.h"
#include "tests/cache/entries.h"
#include "tests/support/faulty_store.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr EmbeddingCacheOptions kOptions{.lifetime = 30 * 24h, .memory_bytes = 8U << 20};
constexpr FreshnessLimits kLimits{kOptions.lifetime};

class EmbeddingCacheTest : public ::testing::Test {
 protected:
  // A process started anew on the same store.
  std::unique_ptr<EmbeddingCache> NewCache(EmbeddingCacheOptions options = kOptions) {
    return std::make_unique<EmbeddingCache>(store_, clock_, options);
  }
  static EmbeddingCache::Found Find(EmbeddingCache& cache, std::vector<int> numbers,
                                    std::optional<std::chrono::seconds> max_age = {}) {
    std::vector<CacheKey> keys;
    for (const int number : numbers) keys.push_back(KeyOf(number));
    return cache.Find(keys, {kOptions.lifetime, max_age});
  }
  static EmbeddingPointer FindOne(EmbeddingCache& cache, int number,
                                  std::optional<std::chrono::seconds> max_age = {}) {
    return Find(cache, {number}, max_age).entries.at(0);
  }
  Status Put(EmbeddingCache& cache, std::vector<int> numbers) {
    std::vector<NewEmbedding> added;
    for (const int number : numbers) added.push_back(MakeEmbedding(number, Stamp()));
    return cache.Put(added);
  }
  static Status Erase(EmbeddingCache& cache, int number) {
    const std::array<CacheKey, 1> keys = {KeyOf(number)};
    return cache.Erase(keys);
  }
  RecordStamp Stamp() const { return {clock_.Now(), 30 * 24h}; }
  std::optional<std::string> Stored(Family family, int number) const {
    const CacheKey key = KeyOf(number);
    const std::array<std::string_view, 1> keys = {AsBytes(key)};
    return memory_store_.MultiGet(family, keys).value().at(0);
  }
  void StoreRaw(int number, std::string value) {
    WriteBatch batch;
    batch.Put(Family::kEmbeddings, AsBytes(KeyOf(number)), std::move(value));
    ASSERT_TRUE(memory_store_.Apply(batch).ok());
  }

  ManualClock clock_;
  MemoryStore memory_store_;
  FaultyStore store_{memory_store_};
  std::unique_ptr<EmbeddingCache> cache_ = NewCache();
};

TEST_F(EmbeddingCacheTest, FindsNothingWhenNew) {
  const auto found = Find(*cache_, {1, 2});
  EXPECT_EQ(found.entries, (std::vector<EmbeddingPointer>{nullptr, nullptr}));
  EXPECT_FALSE(found.store_failed);
}

TEST_F(EmbeddingCacheTest, AnswersFromMemoryWithoutAskingTheStore) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  ASSERT_NE(FindOne(*cache_, 1), nullptr);
  EXPECT_EQ(FindOne(*cache_, 1)->float32, MakeEmbedding(1).entry->float32);
  ASSERT_NE(cache_->FindInMemory(KeyOf(1), kLimits), nullptr);
  EXPECT_EQ(store_.reads(), 0U);
  EXPECT_EQ(cache_->stats().memory_hits, 3U);
}

TEST_F(EmbeddingCacheTest, AnswersFromTheStoreOnceAndThenFromMemory) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  cache_ = NewCache();
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1), kLimits), nullptr);
  ASSERT_NE(FindOne(*cache_, 1), nullptr);
  ASSERT_NE(FindOne(*cache_, 1), nullptr);
  EXPECT_EQ(store_.reads(), 1U);
  EXPECT_EQ(cache_->stats().store_hits, 1U);
  EXPECT_EQ(cache_->stats().memory_hits, 1U);
}

TEST_F(EmbeddingCacheTest, AnswersABatchInOrderFromBothTiersAtOnce) {
  ASSERT_TRUE(Put(*cache_, {1, 3}).ok());
  cache_ = NewCache();
  ASSERT_TRUE(Put(*cache_, {2}).ok());
  const auto found = Find(*cache_, {3, 9, 2, 1, 3, 9});
  ASSERT_EQ(found.entries.size(), 6U);
  const int expected[] = {3, -1, 2, 1, 3, -1};
  for (std::size_t i = 0; i < 6; ++i) {
    const EmbeddingPointer& entry = found.entries[i];
    EXPECT_EQ(entry == nullptr ? -1 : entry->float32[0], static_cast<float>(expected[i])) << i;
  }
  EXPECT_EQ(store_.reads(), 1U) << "one read for the whole batch";
}

TEST_F(EmbeddingCacheTest, ABatchOfNothingAsksNobody) {
  EXPECT_TRUE(Find(*cache_, {}).entries.empty());
  EXPECT_EQ(store_.reads(), 0U);
}

TEST_F(EmbeddingCacheTest, PersistsThroughRocksDb) {
  const TempDir dir;
  const RocksDbOptions options{dir.path() + "/db"};
  for (int start = 0; start < 2; ++start) {
    const auto store = RocksDbStore::Open(options, clock_);
    ASSERT_TRUE(store.ok());
    EmbeddingCache cache(**store, clock_, kOptions);
    if (start == 0) {
      ASSERT_TRUE(Put(cache, {1, 2, 3}).ok());
    } else {
      for (const int number : {1, 2, 3}) ASSERT_NE(FindOne(cache, number), nullptr);
      EXPECT_EQ(FindOne(cache, 4), nullptr);
    }
  }
}

TEST_F(EmbeddingCacheTest, AnEntryExpiresInBothTiersExactlyAtItsLifetime) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  clock_.Advance(30 * 24h - 1ms);
  EXPECT_NE(FindOne(*cache_, 1), nullptr);
  EXPECT_NE(FindOne(*NewCache(), 1), nullptr);
  clock_.Advance(1ms);
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1), kLimits), nullptr);
  EXPECT_EQ(FindOne(*cache_, 1), nullptr);
  EXPECT_EQ(cache_->stats().expired, 1U);
  EXPECT_EQ(FindOne(*NewCache(), 1), nullptr);
}

TEST_F(EmbeddingCacheTest, AShorterConfiguredLifetimeHoldsForWhatIsStored) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  clock_.Advance(2h);
  const std::array<CacheKey, 1> keys = {KeyOf(1)};
  const auto found = NewCache()->Find(keys, {1h});
  EXPECT_EQ(found.entries[0], nullptr);
  EXPECT_EQ(found.stale, 1U);
  EXPECT_EQ(found.refused, 0U);
}

TEST_F(EmbeddingCacheTest, MaxAgeNarrowsWithoutExpiringTheEntryForOthers) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  clock_.Advance(60s);
  EXPECT_EQ(FindOne(*cache_, 1, 60s), nullptr);
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1), {kOptions.lifetime, 0s}), nullptr);
  EXPECT_EQ(Find(*cache_, {1, 2}, 60s).refused, 1U);
  EXPECT_NE(FindOne(*cache_, 1, 61s), nullptr);
  EXPECT_NE(FindOne(*cache_, 1), nullptr);
}

TEST_F(EmbeddingCacheTest, WhatTheLimitsRefuseIsSoBeforeItIsWrittenToo) {
  ASSERT_TRUE(Put(*cache_, {1, 2}).ok());
  WriteBatch unwritten;  // as a look-up finds the store while the write waits
  unwritten.Delete(Family::kEmbeddings, AsBytes(KeyOf(1)));
  ASSERT_TRUE(memory_store_.Apply(unwritten).ok());
  clock_.Advance(60s);
  EXPECT_EQ(Find(*cache_, {1, 2, 3}, 60s).refused, 2U);
  clock_.Advance(kOptions.lifetime);
  EXPECT_EQ(Find(*cache_, {1, 3}).stale, 1U);
}

TEST_F(EmbeddingCacheTest, AClockSteppedBackMakesNoEntryImmortal) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  clock_.StepWall(-30s);
  EXPECT_NE(FindOne(*cache_, 1), nullptr);
  clock_.StepWall(-1h);
  EXPECT_EQ(FindOne(*cache_, 1), nullptr);
}

TEST_F(EmbeddingCacheTest, PutReplacesInBothTiers) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  NewEmbedding newer = MakeEmbedding(2, Stamp());
  newer.key = KeyOf(1);
  ASSERT_TRUE(cache_->Put({{newer}}).ok());
  EXPECT_EQ(FindOne(*cache_, 1)->float32[0], 2.0F);
  EXPECT_EQ(FindOne(*NewCache(), 1)->float32[0], 2.0F);
}

TEST_F(EmbeddingCacheTest, KeepsFloat64WhereFloat32WouldLoseBits) {
  EmbeddingEntry wide;
  wide.float64 = {0.1, -1.0 / 3, 1e-300};
  wide.stamp = Stamp();
  NewEmbedding added = MakeEmbedding(1);
  added.entry = std::make_shared<const EmbeddingEntry>(wide);
  ASSERT_TRUE(cache_->Put({{added}}).ok());
  const auto restarted = NewCache();
  for (EmbeddingCache* cache : {cache_.get(), restarted.get()}) {
    const EmbeddingPointer found = FindOne(*cache, 1);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->float64, wide.float64);
    EXPECT_TRUE(found->float32.empty());
  }
}

TEST_F(EmbeddingCacheTest, KeepsTheInputBesideTheVector) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  const auto input = DecodeInput(Stored(Family::kInputs, 1).value());
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(input->record.input, "text 1");
  EXPECT_EQ(input->record.partition, "tenant-a");
  EXPECT_EQ(input->stamp.stored_at, Stamp().stored_at);
}

TEST_F(EmbeddingCacheTest, KeepsNoTextWhenToldNotTo) {
  EmbeddingCacheOptions options = kOptions;
  options.store_inputs = false;
  cache_ = NewCache(options);
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  const auto input = DecodeInput(Stored(Family::kInputs, 1).value());
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(input->record.input, "");
  EXPECT_EQ(input->record.partition, "tenant-a") << "listing and purging still need it";
  for (const Family family : kCacheFamilies) {
    const auto bytes = Stored(family, 1);
    EXPECT_EQ(bytes.value_or("").find("text 1"), std::string::npos) << FamilyName(family);
  }
}

TEST_F(EmbeddingCacheTest, TellsTheObserverOnceOfEachStoredEmbedding) {
  std::vector<CacheKey> told;
  cache_->set_observer([&](const NewEmbedding& added) {
    EXPECT_NE(cache_->FindInMemory(added.key, kLimits), nullptr)
        << "it may call back: no lock is held";
    told.push_back(added.key);
  });
  ASSERT_TRUE(Put(*cache_, {1, 2}).ok());
  ASSERT_TRUE(Put(*cache_, {3}).ok());
  (void)Find(*cache_, {1, 2, 3});
  EXPECT_EQ(told, (std::vector<CacheKey>{KeyOf(1), KeyOf(2), KeyOf(3)}));
  EXPECT_EQ(cache_->stats().writes, 3U);
}

TEST_F(EmbeddingCacheTest, ACorruptRecordIsAbsentAndCountedUntilItIsReplaced) {
  std::string record = EncodeEmbedding(*MakeEmbedding(1).entry);
  record.back() ^= 1;
  StoreRaw(1, record);
  StoreRaw(2, "no record");
  ASSERT_TRUE(Put(*NewCache(), {3}).ok());
  const auto found = Find(*cache_, {1, 2, 3});
  EXPECT_EQ(found.entries[0], nullptr);
  EXPECT_EQ(found.entries[1], nullptr);
  EXPECT_NE(found.entries[2], nullptr);
  EXPECT_FALSE(found.store_failed);
  EXPECT_EQ(cache_->stats().corrupt, 2U);
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  EXPECT_NE(FindOne(*NewCache(), 1), nullptr);
}

TEST_F(EmbeddingCacheTest, AStoreThatCannotReadCostsOnlyWhatMemoryLacks) {
  ASSERT_TRUE(Put(*NewCache(), {1}).ok());
  ASSERT_TRUE(Put(*cache_, {2}).ok());
  store_.FailReads(true);
  const auto found = Find(*cache_, {1, 2});
  EXPECT_TRUE(found.store_failed);
  EXPECT_EQ(found.entries[0], nullptr);
  EXPECT_NE(found.entries[1], nullptr);
  EXPECT_EQ(cache_->stats().store_failures, 1U);
  store_.FailReads(false);
  EXPECT_NE(FindOne(*cache_, 1), nullptr);
}

TEST_F(EmbeddingCacheTest, AStoreThatCannotWriteLeavesTheAnswerInMemory) {
  int told = 0;
  cache_->set_observer([&](const NewEmbedding&) { ++told; });
  store_.FailWrites(true);
  const Status status = Put(*cache_, {1, 2});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_NE(FindOne(*cache_, 1), nullptr);
  EXPECT_NE(FindOne(*cache_, 2), nullptr);
  EXPECT_EQ(cache_->stats().store_failures, 1U);
  EXPECT_EQ(cache_->stats().writes, 0U);
  EXPECT_EQ(told, 0) << "search must not list what a restart forgets";
}

TEST_F(EmbeddingCacheTest, EraseForgetsTheVectorAndItsInputInBothTiers) {
  ASSERT_TRUE(Put(*cache_, {1, 2}).ok());
  ASSERT_TRUE(Erase(*cache_, 1).ok());
  EXPECT_EQ(FindOne(*cache_, 1), nullptr);
  EXPECT_EQ(Stored(Family::kEmbeddings, 1), std::nullopt);
  EXPECT_EQ(Stored(Family::kInputs, 1), std::nullopt);
  EXPECT_NE(FindOne(*cache_, 2), nullptr);
}

TEST_F(EmbeddingCacheTest, AnEraseTheStoreRefusesIsCountedAndGoneFromMemory) {
  ASSERT_TRUE(Put(*cache_, {1}).ok());
  store_.FailWrites(true);
  const Status status = Erase(*cache_, 1);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1), kLimits), nullptr);
  EXPECT_EQ(cache_->stats().store_failures, 1U);
}

TEST_F(EmbeddingCacheTest, WhatIsErasedDuringALookUpDoesNotComeBack) {
  ASSERT_TRUE(Put(*NewCache(), {1}).ok());
  store_.OnRead([&] { EXPECT_TRUE(Erase(*cache_, 1).ok()); });
  (void)FindOne(*cache_, 1);
  store_.OnRead(nullptr);
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1), kLimits), nullptr);
  EXPECT_EQ(FindOne(*cache_, 1), nullptr);
}

TEST_F(EmbeddingCacheTest, WhatIsRefreshedDuringALookUpIsNotUndone) {
  ASSERT_TRUE(Put(*NewCache(), {1}).ok());
  NewEmbedding newer = MakeEmbedding(2, Stamp());
  newer.key = KeyOf(1);
  store_.OnRead([&] { EXPECT_TRUE(cache_->Put({{newer}}).ok()); });
  (void)FindOne(*cache_, 1);
  store_.OnRead(nullptr);
  EXPECT_EQ(FindOne(*cache_, 1)->float32[0], 2.0F);
}

TEST_F(EmbeddingCacheTest, ThreadsShareIt) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 300; ++round) {
        const int number = (round * 7 + t) % 40;
        const auto found = Find(*cache_, {number, number + 1});
        for (int i = 0; i < 2; ++i) {
          if (found.entries[i] == nullptr) continue;
          ASSERT_EQ(found.entries[i]->float32[0], static_cast<float>(number + i));
        }
        if (round % 3 == 0) {
          ASSERT_TRUE(Put(*cache_, {number}).ok());
        }
        if (round % 17 == 0) {
          ASSERT_TRUE(Erase(*cache_, number).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace larder

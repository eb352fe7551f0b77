#include "cache/response_cache.h"

#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "cache/rocksdb_store.h"
#include "tests/cache/entries.h"
#include "tests/support/faulty_store.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

constexpr ResponseCacheOptions kOptions{.memory_bytes = 1U << 20};

class ResponseCacheTest : public ::testing::Test {
 protected:
  // A process started anew on the same store.
  std::unique_ptr<ResponseCache> NewCache() {
    return std::make_unique<ResponseCache>(store_, kOptions);
  }
  // The stored body; "(absent)" without an entry.
  static std::string Body(ResponseCache& cache, int key) {
    const auto found = cache.Find(KeyOf(key));
    return found.entry == nullptr ? "(absent)" : found.entry->body;
  }

  MemoryStore memory_store_;
  FaultyStore store_{memory_store_};
  std::unique_ptr<ResponseCache> cache_ = NewCache();
};

TEST_F(ResponseCacheTest, FindsNothingWhenNew) {
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1)), nullptr);
  const auto found = cache_->Find(KeyOf(1));
  EXPECT_EQ(found.entry, nullptr);
  EXPECT_FALSE(found.store_failed);
}

TEST_F(ResponseCacheTest, AnswersFromMemoryWithoutAskingTheStore) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("hello")).ok());
  EXPECT_EQ(Body(*cache_, 1), "hello");
  EXPECT_NE(cache_->FindInMemory(KeyOf(1)), nullptr);
  EXPECT_EQ(store_.reads(), 0U);
  EXPECT_EQ(cache_->stats().memory_hits, 2U);
  EXPECT_EQ(cache_->stats().writes, 1U);
}

TEST_F(ResponseCacheTest, AnswersFromTheStoreOnceAndThenFromMemory) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("hello")).ok());
  cache_ = NewCache();
  EXPECT_EQ(Body(*cache_, 1), "hello");
  EXPECT_EQ(Body(*cache_, 1), "hello");
  EXPECT_EQ(store_.reads(), 1U);
  EXPECT_EQ(cache_->stats().store_hits, 1U);
  EXPECT_EQ(cache_->stats().memory_hits, 1U);
}

TEST_F(ResponseCacheTest, PersistsThroughRocksDb) {
  const TempDir dir;
  const ManualClock clock;
  for (int start = 0; start < 2; ++start) {
    const auto store = RocksDbStore::Open({dir.path() + "/db"}, clock);
    ASSERT_TRUE(store.ok());
    ResponseCache cache(**store, kOptions);
    if (start == 0) {
      ASSERT_TRUE(cache.Put(KeyOf(1), MakeResponse("hello")).ok());
    }
    EXPECT_EQ(Body(cache, 1), "hello");
    EXPECT_EQ(Body(cache, 2), "(absent)");
  }
}

TEST_F(ResponseCacheTest, ServesABodyTooLargeForMemoryFromTheStore) {
  const std::string large(2U << 20, 'x');
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("old")).ok());
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse(large)).ok());
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1)), nullptr) << "the old answer must not outlive the new";
  EXPECT_TRUE(Body(*cache_, 1) == large);
}

TEST_F(ResponseCacheTest, HandsOutStaleEntriesForThePolicyToJudge) {
  const RecordStamp long_ago{FromUnixMillis(0), std::chrono::seconds(1)};
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("hello", long_ago)).ok());
  EXPECT_EQ(Body(*cache_, 1), "hello");
  cache_ = NewCache();
  const auto found = cache_->Find(KeyOf(1));
  ASSERT_NE(found.entry, nullptr);
  EXPECT_EQ(found.entry->stamp.stored_at, long_ago.stored_at);
  EXPECT_EQ(found.entry->stamp.lifetime, long_ago.lifetime);
}

TEST_F(ResponseCacheTest, ACorruptRecordIsAbsentAndCountedUntilItIsReplaced) {
  std::string record = EncodeResponse(*MakeResponse("hello"));
  record.back() ^= 1;
  WriteBatch batch;
  batch.Put(Family::kResponses, AsBytes(KeyOf(1)), record);
  ASSERT_TRUE(memory_store_.Apply(batch).ok());
  const auto found = cache_->Find(KeyOf(1));
  EXPECT_EQ(found.entry, nullptr);
  EXPECT_FALSE(found.store_failed);
  EXPECT_EQ(cache_->stats().corrupt, 1U);
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("again")).ok());
  EXPECT_EQ(Body(*NewCache(), 1), "again");
}

TEST_F(ResponseCacheTest, AStoreThatCannotReadIsToldAndCounted) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("hello")).ok());
  cache_ = NewCache();
  store_.FailReads(true);
  const auto found = cache_->Find(KeyOf(1));
  EXPECT_EQ(found.entry, nullptr);
  EXPECT_TRUE(found.store_failed);
  EXPECT_EQ(cache_->stats().store_failures, 1U);
  store_.FailReads(false);
  EXPECT_EQ(Body(*cache_, 1), "hello");
}

TEST_F(ResponseCacheTest, AStoreThatCannotWriteLeavesTheAnswerInMemory) {
  store_.FailWrites(true);
  const Status status = cache_->Put(KeyOf(1), MakeResponse("hello"));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_EQ(Body(*cache_, 1), "hello");
  EXPECT_EQ(cache_->stats().store_failures, 1U);
  EXPECT_EQ(cache_->stats().writes, 0U);
}

TEST_F(ResponseCacheTest, EraseForgetsInBothTiers) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("hello")).ok());
  ASSERT_TRUE(cache_->Erase(KeyOf(1)).ok());
  EXPECT_EQ(Body(*cache_, 1), "(absent)");
  EXPECT_EQ(Body(*NewCache(), 1), "(absent)");
}

TEST_F(ResponseCacheTest, WhatIsEvictedIsGoneFromBothTiersAndMayBeStoredAnew) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache_->Put(KeyOf(i), MakeResponse("hello")).ok());
  const auto moment = cache_->PutInMemory(KeyOf(1), MakeResponse("again"));
  const std::vector<CacheKey> keys = {KeyOf(0), KeyOf(1)};
  ASSERT_TRUE(cache_->Evict(keys).ok());
  EXPECT_EQ(Body(*cache_, 0), "(absent)");
  EXPECT_EQ(Body(*NewCache(), 0), "(absent)");
  EXPECT_EQ(Body(*cache_, 2), "hello");
  // Nobody asked for it to be forgotten: a write that was under way is not undone.
  ASSERT_TRUE(cache_->PutInStore(KeyOf(1), MakeResponse("again"), moment).ok());
  EXPECT_EQ(Body(*cache_, 1), "again");
}

TEST_F(ResponseCacheTest, AnEraseTheStoreRefusesIsCountedAndGoneFromMemory) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), MakeResponse("hello")).ok());
  store_.FailWrites(true);
  const Status status = cache_->Erase(KeyOf(1));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_EQ(cache_->FindInMemory(KeyOf(1)), nullptr);
  EXPECT_EQ(cache_->stats().store_failures, 1U);
}

TEST_F(ResponseCacheTest, WhatIsErasedDuringALookUpDoesNotComeBack) {
  ASSERT_TRUE(NewCache()->Put(KeyOf(1), MakeResponse("hello")).ok());
  store_.OnRead([&] { EXPECT_TRUE(cache_->Erase(KeyOf(1)).ok()); });
  (void)cache_->Find(KeyOf(1));
  store_.OnRead(nullptr);
  EXPECT_EQ(Body(*cache_, 1), "(absent)");
}

TEST_F(ResponseCacheTest, AWriteThatWaitedDoesNotBringBackWhatWasErasedMeanwhile) {
  const auto entry = MakeResponse("hello");
  const auto put = cache_->PutInMemory(KeyOf(1), entry);
  ASSERT_TRUE(cache_->Erase(KeyOf(1)).ok());
  ASSERT_TRUE(cache_->PutInStore(KeyOf(1), entry, put).ok());
  EXPECT_EQ(Body(*NewCache(), 1), "(absent)");
  ASSERT_TRUE(cache_->Put(KeyOf(1), entry).ok());
  EXPECT_EQ(Body(*NewCache(), 1), "hello") << "only what was put before the erasure is meant";
}

TEST_F(ResponseCacheTest, AnErasureDuringAWriteHolds) {
  const auto entry = MakeResponse("hello");
  const auto put = cache_->PutInMemory(KeyOf(1), entry);
  store_.OnWrite([&] {
    store_.OnWrite(nullptr);
    ASSERT_TRUE(cache_->Erase(KeyOf(1)).ok());
  });
  ASSERT_TRUE(cache_->PutInStore(KeyOf(1), entry, put).ok());
  EXPECT_EQ(Body(*NewCache(), 1), "(absent)");
}

// --- By the id that an answer carries ---

ResponsePointer WithId(std::string id, std::string partition = "tenant-a") {
  ResponseEntry entry = *MakeResponse("hello");
  entry.response_id = std::move(id);
  entry.partition = std::move(partition);
  return std::make_shared<const ResponseEntry>(std::move(entry));
}

TEST_F(ResponseCacheTest, ErasesTheAnswerThatCarriesAnId) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), WithId("resp_1")).ok());
  ASSERT_TRUE(cache_->Put(KeyOf(2), WithId("resp_2")).ok());
  EXPECT_EQ(cache_->EraseById(Partition("tenant-a"), "resp_1").value(), true);
  EXPECT_EQ(Body(*cache_, 1), "(absent)");
  EXPECT_EQ(Body(*cache_, 2), "hello");
  EXPECT_EQ(Body(*NewCache(), 1), "(absent)");
}

TEST_F(ResponseCacheTest, ErasesByIdWhatAnEarlierProcessStored) {
  ASSERT_TRUE(NewCache()->Put(KeyOf(1), WithId("resp_1")).ok());
  EXPECT_EQ(cache_->EraseById(Partition("tenant-a"), "resp_1").value(), true);
  EXPECT_EQ(Body(*NewCache(), 1), "(absent)");
  EXPECT_EQ(NewCache()->EraseById(Partition("tenant-a"), "resp_1").value(), false);
}

TEST_F(ResponseCacheTest, AnIdReachesItsOwnPartitionAlone) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), WithId("resp_1")).ok());
  EXPECT_EQ(cache_->EraseById(Partition("tenant-b"), "resp_1").value(), false);
  EXPECT_EQ(Body(*cache_, 1), "hello");
}

TEST_F(ResponseCacheTest, AnAnswerWhoseIdWasErasedBeforeItsEndIsNotStored) {
  EXPECT_EQ(cache_->EraseById(Partition("tenant-a"), "resp_1").value(), false);
  ASSERT_TRUE(cache_->Put(KeyOf(1), WithId("resp_1")).ok());
  EXPECT_EQ(Body(*cache_, 1), "(absent)");
  EXPECT_EQ(Body(*NewCache(), 1), "(absent)");
}

TEST_F(ResponseCacheTest, AnIdThatIsErasedAgainLeavesTheAnswerThatCameAfterIt) {
  ASSERT_TRUE(cache_->Put(KeyOf(1), WithId("resp_1")).ok());
  EXPECT_EQ(cache_->EraseById(Partition("tenant-a"), "resp_1").value(), true);
  ASSERT_TRUE(cache_->Put(KeyOf(1), WithId("resp_2")).ok());
  EXPECT_EQ(cache_->EraseById(Partition("tenant-a"), "resp_1").value(), false);
  EXPECT_EQ(Body(*cache_, 1), "hello");
}

TEST_F(ResponseCacheTest, AnIdThatTheStoreCannotLookUpIsAnError) {
  ASSERT_TRUE(NewCache()->Put(KeyOf(1), WithId("resp_1")).ok());
  store_.FailReads(true);
  const auto erased = cache_->EraseById(Partition("tenant-a"), "resp_1");
  ASSERT_FALSE(erased.ok());
  EXPECT_EQ(erased.error().code, ErrorCode::kIo);
}

TEST_F(ResponseCacheTest, WhatIsRefreshedDuringALookUpIsNotUndone) {
  ASSERT_TRUE(NewCache()->Put(KeyOf(1), MakeResponse("old")).ok());
  store_.OnRead([&] { EXPECT_TRUE(cache_->Put(KeyOf(1), MakeResponse("new")).ok()); });
  (void)cache_->Find(KeyOf(1));
  store_.OnRead(nullptr);
  EXPECT_EQ(Body(*cache_, 1), "new");
}

TEST(ResponseEntryTest, CountsTheMemoryOfItsBodyAndFields) {
  ResponseEntry entry;
  const std::size_t empty = entry.bytes();
  entry.body.assign(1000, 'x');
  entry.fields = {{"name", "value"}};
  EXPECT_GE(entry.bytes(), empty + 1009);
}

}  // namespace
}  // namespace larder

// What a purge leaves in the two caches, and what it keeps from coming back.
#include <gtest/gtest.h>

#include <array>

#include "cache/embedding_cache.h"
#include "cache/memory_store.h"
#include "tests/cache/entries.h"
#include "tests/support/faulty_store.h"

namespace larder {
namespace {

class CachePurgeTest : public testing::Test {
 protected:
  Status PutEmbedding(int number, std::optional<RecentPurges::Moment> begun = std::nullopt) {
    const NewEmbedding added = MakeEmbedding(number);
    return embeddings_.Put({&added, 1}, begun);
  }
  bool HasEmbedding(int number) {
    const CacheKey key = KeyOf(number);
    return embeddings_.Find({&key, 1}, {std::chrono::hours(24)}).entries[0] != nullptr;
  }
  bool HasResponse(int number) { return responses_.Find(KeyOf(number)).entry != nullptr; }
  std::size_t Stored(Family family) const { return memory_.SizeOf(family).entries; }

  ManualClock clock_;
  MemoryStore memory_;
  FaultyStore store_{memory_};
  EmbeddingCache embeddings_{store_, clock_, {}};
  ResponseCache responses_{store_, {}};
};

TEST_F(CachePurgeTest, NothingThatIsMeantIsStoredWhileAPurgeRuns) {
  EntryFilter filter;
  filter.input = "text 1";
  const auto of_embeddings = embeddings_.purges().Begin(filter);
  const auto of_responses = responses_.purges().Begin({.model = "model-1"});
  EXPECT_TRUE(PutEmbedding(1).ok());
  EXPECT_TRUE(PutEmbedding(2).ok());
  EXPECT_TRUE(responses_.Put(KeyOf(1), MakeResponse("a")).ok());
  EXPECT_FALSE(HasEmbedding(1));
  EXPECT_TRUE(HasEmbedding(2));
  EXPECT_FALSE(HasResponse(1));
  EXPECT_EQ(Stored(Family::kInputs), 1U);
  EXPECT_EQ(Stored(Family::kResponses), 0U);
}

TEST_F(CachePurgeTest, WhatWasAskedForBeforeAPurgeEndedIsNotStoredAfterIt) {
  const auto embedding_begun = embeddings_.purges().Now();
  const auto response_begun = responses_.purges().Now();
  (void)embeddings_.purges().Begin({});
  (void)responses_.purges().Begin({});
  EXPECT_TRUE(PutEmbedding(1, embedding_begun).ok());
  EXPECT_TRUE(responses_.Put(KeyOf(1), MakeResponse("a"), response_begun).ok());
  EXPECT_FALSE(HasEmbedding(1));
  EXPECT_FALSE(HasResponse(1));
  // What is asked for now is.
  EXPECT_TRUE(PutEmbedding(1, embeddings_.purges().Now()).ok());
  EXPECT_TRUE(responses_.Put(KeyOf(1), MakeResponse("a"), responses_.purges().Now()).ok());
  EXPECT_TRUE(HasEmbedding(1));
  EXPECT_TRUE(HasResponse(1));
}

TEST_F(CachePurgeTest, AWriteUnderWayWhenAPurgeBeginsIsUndone) {
  std::optional<RecentPurges::Running> running;
  store_.OnWrite([&] {
    if (!running) running.emplace(embeddings_.purges().Begin({}));
  });
  EXPECT_TRUE(PutEmbedding(1).ok());
  EXPECT_FALSE(HasEmbedding(1));
  EXPECT_EQ(Stored(Family::kEmbeddings), 0U);
  EXPECT_EQ(Stored(Family::kInputs), 0U);
}

TEST_F(CachePurgeTest, AnAnswerThatWaitsForItsWriteWhenAPurgeEndsIsNotWritten) {
  const auto entry = MakeResponse("a");
  const auto put = responses_.PutInMemory(KeyOf(1), entry);
  (void)responses_.purges().Begin({});
  EXPECT_TRUE(responses_.PutInStore(KeyOf(1), entry, put).ok());
  EXPECT_EQ(Stored(Family::kResponses), 0U);
}

TEST_F(CachePurgeTest, ALookUpThatReadBeforeAnErasureDoesNotFillTheMemory) {
  ASSERT_TRUE(responses_.Put(KeyOf(1), MakeResponse("a")).ok());
  ResponseCache restarted(store_, {});
  const std::array<CacheKey, 1> keys = {KeyOf(1)};
  store_.OnRead([&] { ASSERT_TRUE(restarted.EraseAll(keys, {}).ok()); });
  (void)restarted.Find(KeyOf(1));
  EXPECT_EQ(restarted.memory().size(), 0U);
}

TEST_F(CachePurgeTest, ClearTakesMemoryAndStore) {
  for (const int number : {1, 2, 3}) {
    ASSERT_TRUE(PutEmbedding(number).ok());
    ASSERT_TRUE(responses_.Put(KeyOf(number), MakeResponse("a")).ok());
  }
  EXPECT_TRUE(embeddings_.Clear().ok());
  EXPECT_TRUE(responses_.Clear().ok());
  EXPECT_EQ(embeddings_.memory().size(), 0U);
  EXPECT_EQ(embeddings_.memory().bytes(), 0U);
  EXPECT_EQ(responses_.memory().size(), 0U);
  for (const Family family : {Family::kEmbeddings, Family::kInputs, Family::kResponses}) {
    EXPECT_EQ(Stored(family), 0U);
  }
  ASSERT_TRUE(PutEmbedding(1).ok());  // and goes on
  EXPECT_TRUE(HasEmbedding(1));
}

TEST_F(CachePurgeTest, AStoreThatFailsIsToldAndTheMemoryIsEmptiedAllTheSame) {
  ASSERT_TRUE(PutEmbedding(1).ok());
  ASSERT_TRUE(responses_.Put(KeyOf(1), MakeResponse("a")).ok());
  store_.FailWrites(true);
  EXPECT_EQ(embeddings_.Clear().error().code, ErrorCode::kIo);
  EXPECT_EQ(responses_.Clear().error().code, ErrorCode::kIo);
  const std::array<CacheKey, 1> keys = {KeyOf(1)};
  EXPECT_EQ(responses_.EraseAll(keys, {}).error().code, ErrorCode::kIo);
  EXPECT_EQ(embeddings_.memory().size(), 0U);
  EXPECT_EQ(responses_.memory().size(), 0U);
}

TEST_F(CachePurgeTest, StampsTellWhatIsKeptWhereverItStands) {
  ASSERT_TRUE(PutEmbedding(1).ok());
  ASSERT_TRUE(responses_.Put(KeyOf(1), MakeResponse("a")).ok());
  store_.FailWrites(true);
  EXPECT_FALSE(PutEmbedding(2).ok());  // in memory alone
  const std::array<CacheKey, 3> keys = {KeyOf(1), KeyOf(2), KeyOf(3)};
  const auto stamps = embeddings_.StampsOf(keys);
  ASSERT_TRUE(stamps.ok());
  EXPECT_TRUE((*stamps)[0] && (*stamps)[1]);
  EXPECT_FALSE((*stamps)[2]);
  EXPECT_EQ((*stamps)[0]->stored_at, StampForDays().stored_at);
  EXPECT_TRUE((*responses_.StampsOf(keys))[0].has_value());
  store_.FailReads(true);
  EXPECT_FALSE(embeddings_.StampsOf(keys).ok());
  EXPECT_FALSE(responses_.StampsOf(keys).ok());
}

}  // namespace
}  // namespace larder

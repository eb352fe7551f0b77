#include "proxy/search/indexer.h"

#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr seconds kLifetime{30 * 86400};

class IndexerTest : public testing::Test {
 protected:
  IndexerTest() : cache_(store_, clock_, {}) { Restart(); }

  // A new process on the same store; its thread has not started.
  void Restart(IndexerOptions options = {}) {
    indexer_.reset();
    spaces_ = std::make_unique<SpaceSet>(SpaceSet::Options{});
    indexer_ = std::make_unique<Indexer>(store_, clock_, *spaces_, kLifetime, options);
  }

  NewEmbedding Make(const std::string& text, std::vector<float> vector = {1, 2},
                    const std::string& partition = "p") const {
    auto entry = std::make_shared<EmbeddingEntry>();
    entry->float32 = std::move(vector);
    entry->stamp = {clock_.Now(), kLifetime};
    InputRecord input;
    input.partition = partition;
    input.upstream = "u";
    input.model = "m";
    input.dim = static_cast<std::uint32_t>(entry->dim());
    input.input = text;
    return {Sha256Of(text), entry, input};
  }
  void Put(const NewEmbedding& added) { ASSERT_TRUE(cache_.Put({&added, 1}).ok()); }
  static SpaceKey SpaceFor(std::size_t dim = 2, const std::string& partition = "p") {
    return Indexer::SpaceOf(partition, "", "u", "m", dim);
  }

  bool WaitUntilIndexed(std::size_t count) const {
    const MonoTime deadline = SystemClock().Monotonic() + seconds(10);
    while (!indexer_->ready() || indexer_->queued() > 0 || spaces_->size() != count) {
      if (SystemClock().Monotonic() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::optional<CacheKey> Nearest(const SpaceKey& space, std::vector<float> query) const {
    const auto found = spaces_->Search(space, query, {});
    if (!found.ok() || found->neighbours.empty()) return std::nullopt;
    return Indexer::KeyOf(found->neighbours[0].id);
  }

  ManualClock clock_;
  MemoryStore memory_;
  FaultyStore store_{memory_};
  EmbeddingCache cache_;
  std::unique_ptr<SpaceSet> spaces_;
  std::unique_ptr<Indexer> indexer_;
};

TEST_F(IndexerTest, MakesAnEmbeddingFoundByItsKey) {
  indexer_->Start();
  indexer_->Enqueue(Make("a", {1, 0}));
  indexer_->Enqueue(Make("b", {0, 1}));
  ASSERT_TRUE(WaitUntilIndexed(2));
  EXPECT_EQ(Nearest(SpaceFor(), {0, 3}), Sha256Of("b"));
  EXPECT_EQ(Nearest(SpaceFor(), {3, 0}), Sha256Of("a"));
}

TEST_F(IndexerTest, HasOnePlaceForATextHoweverOftenItIsStored) {
  indexer_->Start();
  indexer_->Enqueue(Make("a", {1, 0}));
  indexer_->Enqueue(Make("a", {0, 1}));
  indexer_->Enqueue(Make("b", {-1, 0}));
  ASSERT_TRUE(WaitUntilIndexed(2));
  const auto found = spaces_->Search(SpaceFor(), std::vector<float>{0, 1}, {});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->neighbours.size(), 2U);
  EXPECT_FLOAT_EQ(found->neighbours[0].score, 1);
}

TEST_F(IndexerTest, MovesATextWhoseVectorsChangedTheirLength) {
  indexer_->Start();
  indexer_->Enqueue(Make("a", {1, 0}));
  indexer_->Enqueue(Make("a", {1, 0, 0}));
  indexer_->Enqueue(Make("b", {0, 1, 0}));
  ASSERT_TRUE(WaitUntilIndexed(2));
  EXPECT_EQ(Nearest(SpaceFor(2), {1, 0}), std::nullopt);
  EXPECT_EQ(Nearest(SpaceFor(3), {1, 0, 0}), Sha256Of("a"));
}

TEST_F(IndexerTest, TakesOnlyTextsThatWereEmbeddedForThemselves) {
  NewEmbedding tokens = Make("t");
  tokens.input.kind = InputKind::kTokens;
  NewEmbedding query = Make("q");
  query.input.query_only = true;
  indexer_->Enqueue(tokens);
  indexer_->Enqueue(query);
  EXPECT_EQ(indexer_->queued(), 0U);
  Put(tokens);
  Put(query);
  Put(Make("a"));
  indexer_->Start();
  ASSERT_TRUE(WaitUntilIndexed(1));
  EXPECT_EQ(Nearest(SpaceFor(), {1, 2}), Sha256Of("a"));
}

TEST_F(IndexerTest, IndexesFloat64AsFloat32) {
  NewEmbedding wide = Make("w");
  auto entry = std::make_shared<EmbeddingEntry>(*wide.entry);
  entry->float32.clear();
  entry->float64 = {0.1, 0.2};
  wide.entry = entry;
  indexer_->Start();
  indexer_->Enqueue(wide);
  ASSERT_TRUE(WaitUntilIndexed(1));
  EXPECT_EQ(Nearest(SpaceFor(), {0.1F, 0.2F}), Sha256Of("w"));
}

TEST_F(IndexerTest, RebuildsFromTheStoreAtItsStart) {
  for (int i = 0; i < 600; ++i) {  // more than one batch
    Put(Make("t" + std::to_string(i), {static_cast<float>(i + 1), 1}));
  }
  EXPECT_FALSE(indexer_->ready());
  indexer_->Start();
  ASSERT_TRUE(WaitUntilIndexed(600));
  EXPECT_TRUE(Nearest(SpaceFor(), {1, 1}).has_value());
}

TEST_F(IndexerTest, RebuildLeavesOutWhatHasExpiredOrHasNoText) {
  NewEmbedding without_text = Make("n");
  without_text.input.input.clear();
  Put(without_text);
  Put(Make("old"));
  clock_.Advance(hours(24 * 30));
  Put(Make("young"));
  indexer_->Start();
  ASSERT_TRUE(WaitUntilIndexed(1));
  EXPECT_EQ(Nearest(SpaceFor(), {1, 2}), Sha256Of("young"));
}

TEST_F(IndexerTest, RebuildPassesOverDamagedRecords) {
  Put(Make("a"));
  Put(Make("b"));
  WriteBatch damage;
  damage.Put(Family::kInputs, AsBytes(Sha256Of("a")), "damaged");
  damage.Put(Family::kInputs, "an odd key", "damaged");
  ASSERT_TRUE(memory_.Apply(damage).ok());
  indexer_->Start();
  ASSERT_TRUE(WaitUntilIndexed(1));
}

TEST_F(IndexerTest, IsReadyThoughTheStoreCannotBeRead) {
  Put(Make("a"));
  store_.FailReads(true);
  indexer_->Start();
  ASSERT_TRUE(WaitUntilIndexed(0));
  indexer_->Enqueue(Make("b"));
  EXPECT_TRUE(WaitUntilIndexed(1));
}

TEST_F(IndexerTest, WhatIsStoredDuringTheRebuildIsIndexedOnce) {
  Put(Make("a"));
  indexer_->Enqueue(Make("a"));
  indexer_->Enqueue(Make("b"));
  indexer_->Start();
  EXPECT_TRUE(WaitUntilIndexed(2));
}

TEST_F(IndexerTest, DropsWhatDoesNotFitItsQueueAndCountsIt) {
  Restart({.queue_limit = 2});  // its thread has not started: nothing leaves the queue
  for (const char* text : {"a", "b", "c", "d"}) indexer_->Enqueue(Make(text));
  EXPECT_EQ(indexer_->queued(), 2U);
  EXPECT_EQ(indexer_->dropped(), 2U);
}

TEST_F(IndexerTest, IndexesNothingWhenTurnedOff) {
  Put(Make("a"));
  Restart({.index_cached_inputs = false});
  indexer_->Start();
  indexer_->Enqueue(Make("b"));
  EXPECT_TRUE(indexer_->ready());
  EXPECT_EQ(indexer_->queued(), 0U);
  EXPECT_EQ(spaces_->size(), 0U);
}

TEST_F(IndexerTest, DoesNotIndexWhatWasForgottenWhileItWaited) {
  const NewEmbedding gone = Make("gone", {1, 0});
  const NewEmbedding kept = Make("kept", {0, 1});
  Put(kept);
  indexer_->Enqueue(gone);
  indexer_->Enqueue(kept);
  indexer_->Forget(SpaceFor(), gone.key);  // before the thread has come to it
  indexer_->Start();
  ASSERT_TRUE(WaitUntilIndexed(1));
  EXPECT_EQ(Nearest(SpaceFor(), {1, 0}), kept.key);
}

TEST_F(IndexerTest, ForgetsAllAndTakesTextsAgainLater) {
  indexer_->Start();
  indexer_->Enqueue(Make("a"));
  indexer_->Enqueue(Make("b", {1, 2, 3}));
  ASSERT_TRUE(WaitUntilIndexed(2));
  indexer_->ForgetAll();
  EXPECT_EQ(spaces_->size(), 0U);
  EXPECT_EQ(spaces_->space_count(), 0U);
  const NewEmbedding again = Make("a");
  Put(again);
  indexer_->Enqueue(again);
  ASSERT_TRUE(WaitUntilIndexed(1));
}

TEST_F(IndexerTest, ForgetsATextAndTakesItAgainLater) {
  indexer_->Start();
  indexer_->Enqueue(Make("a"));
  ASSERT_TRUE(WaitUntilIndexed(1));
  indexer_->Forget(SpaceFor(), Sha256Of("a"));
  indexer_->Forget(SpaceFor(), Sha256Of("a"));
  indexer_->Forget(SpaceFor(), Sha256Of("nobody"));
  EXPECT_EQ(spaces_->size(), 0U);
  indexer_->Enqueue(Make("a"));
  ASSERT_TRUE(WaitUntilIndexed(1));
  EXPECT_EQ(Nearest(SpaceFor(), {1, 2}), Sha256Of("a"));
}

// Of a store whose writes wait: a look-up does not see them, a walk through the keys does.
class WaitingStore final : public Store {
 public:
  explicit WaitingStore(Store& inner) : inner_(inner) {}
  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family /*family*/, std::span<const std::string_view> keys) const override {
    return std::vector<std::optional<std::string>>(keys.size());
  }
  Status Apply(const WriteBatch& batch) override { return inner_.Apply(batch); }
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return inner_.ForEach(family, start, visit);
  }
  Size SizeOf(Family family) const override { return inner_.SizeOf(family); }
  Status Flush() override { return inner_.Flush(); }

 private:
  Store& inner_;
};

TEST_F(IndexerTest, ATextWhoseWriteStillWaitsIsNotTakenForGone) {
  Put(Make("a"));
  const WaitingStore waiting(memory_);
  const CacheKey key = Sha256Of("a");
  const auto stored = Indexer::ReadInput(waiting, AsBytes(key));
  ASSERT_TRUE(stored.ok());
  EXPECT_TRUE(stored->has_value());
  const CacheKey other = Sha256Of("b");
  const auto absent = Indexer::ReadInput(waiting, AsBytes(other));
  ASSERT_TRUE(absent.ok());
  EXPECT_FALSE(absent->has_value());
}

TEST_F(IndexerTest, ASweepTakesOutWhatHasExpiredAndWhatHasGone) {
  indexer_->Start();
  for (const char* text : {"old", "gone"}) {
    Put(Make(text));
    indexer_->Enqueue(Make(text));
  }
  ASSERT_TRUE(WaitUntilIndexed(2));
  EXPECT_EQ(indexer_->Sweep(), 0U);
  const CacheKey gone = Sha256Of("gone");
  ASSERT_TRUE(cache_.Erase({&gone, 1}).ok());
  EXPECT_EQ(indexer_->Sweep(), 1U);
  clock_.Advance(hours(24 * 30));
  EXPECT_EQ(indexer_->Sweep(), 1U);
  EXPECT_EQ(spaces_->size(), 0U);
}

TEST_F(IndexerTest, NamesASpaceWithoutEquals) {
  const SpaceKey names[] = {
      Indexer::SpaceOf("p", "n", "u", "m", 2), Indexer::SpaceOf("pn", "", "u", "m", 2),
      Indexer::SpaceOf("p", "nu", "", "m", 2), Indexer::SpaceOf("p", "n", "um", "", 2),
      Indexer::SpaceOf("p", "n", "u", "m", 3), Indexer::SpaceOf("", "pn", "u", "m", 2)};
  for (const SpaceKey& one : names)
    EXPECT_EQ(std::count(std::begin(names), std::end(names), one), 1);
}

TEST_F(IndexerTest, StopsInTheMiddleOfItsQueueAndTwice) {
  for (int i = 0; i < 2000; ++i) indexer_->Enqueue(Make("t" + std::to_string(i)));
  indexer_->Start();
  indexer_->Stop();
  indexer_->Stop();
  EXPECT_LE(spaces_->size(), 2000U);
}

TEST_F(IndexerTest, TakesEmbeddingsFromManyThreadsWhileItIsSearched) {
  indexer_->Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        indexer_->Enqueue(Make(std::to_string(t) + "-" + std::to_string(i),
                               {static_cast<float>(t + 1), static_cast<float>(i + 1)}));
        if (i % 10 == 0) (void)Nearest(SpaceFor(), {1, 1});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(WaitUntilIndexed(400));
}

}  // namespace
}  // namespace larder

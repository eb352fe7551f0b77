#include "cache/disk_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "tests/cache/entries.h"
#include "tests/cache/rocksdb_fixture.h"
#include "tests/support/faulty_store.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1U << 20;

bool GoOn(milliseconds /*time*/) {
  return true;
}

class DiskBudgetTest : public testing::Test {
 protected:
  DiskBudgetTest() { options_.min_free_bytes = 0; }

  // The number says how many seconds after `kFirst` it was stored.
  void Embed(int from, int to, std::size_t dim = 256) {
    for (int i = from; i < to; ++i) {
      NewEmbedding added = MakeEmbedding(i, {kFirst + seconds{i}, kLifetime});
      EmbeddingEntry entry = *added.entry;
      entry.float32.assign(dim, static_cast<float>(i));
      added.entry = std::make_shared<const EmbeddingEntry>(entry);
      added.input.dim = static_cast<std::uint32_t>(dim);
      ASSERT_TRUE(embeddings().Put({&added, 1}).ok());
    }
  }
  void Answer(int from, int to) {
    for (int i = from; i < to; ++i) {
      ResponseEntry entry = *MakeResponse(std::string(1000, static_cast<char>('a' + i % 26)),
                                          {kFirst + seconds{i}, kLifetime});
      entry.response_id = "resp_" + std::to_string(i);
      ASSERT_TRUE(responses().Put(KeyOf(i), std::make_shared<const ResponseEntry>(entry)).ok());
    }
  }
  bool HasEmbedding(int number) {
    const CacheKey key = KeyOf(number);
    return embeddings().Find({&key, 1}, {kLifetime}).entries[0] != nullptr;
  }
  int CountOf(Family family) const { return Count(*store_, family); }

  EmbeddingCache& embeddings() {
    if (!embeddings_)
      embeddings_.emplace(*store_, clock_, EmbeddingCacheOptions{kLifetime, memory_});
    return *embeddings_;
  }
  ResponseCache& responses() {
    if (!responses_) responses_.emplace(*store_, ResponseCacheOptions{memory_});
    return *responses_;
  }
  DiskBudget& budget() {
    if (!budget_) {
      budget_.emplace(
          *store_, embeddings(), responses(), clock_, [this] { return free_; }, options_);
    }
    return *budget_;
  }
  void UseRocksDb() {
    rocksdb_ = MustOpen({dir_.path() + "/db"}, clock_);
    store_ = rocksdb_.get();
  }

  static constexpr seconds kLifetime{30 * 86400};
  static inline const WallTime kFirst = ManualClock().Now() - seconds{10'000};

  TempDir dir_;
  ManualClock clock_;
  MemoryStore memory_store_;
  std::unique_ptr<RocksDbStore> rocksdb_;
  Store* store_ = &memory_store_;
  std::size_t memory_ = 0;
  DiskBudgetOptions options_;
  std::optional<std::uint64_t> free_ = std::uint64_t{1} << 40;
  std::optional<EmbeddingCache> embeddings_;
  std::optional<ResponseCache> responses_;
  std::optional<DiskBudget> budget_;
};

TEST_F(DiskBudgetTest, NothingGoesBelowTheLimit) {
  Embed(0, 100);
  options_.max_bytes = kMiB;
  const auto freed = budget().Evict(GoOn);
  ASSERT_TRUE(freed.ok());
  EXPECT_EQ(freed->entries, 0U);
  EXPECT_EQ(CountOf(Family::kEmbeddings), 100);
}

TEST_F(DiskBudgetTest, TheOldestEntriesMakeRoomDownToNineTenths) {
  Embed(0, 1000);
  options_.max_bytes = budget().Use().used_bytes / 2;
  budget_.reset();
  const auto freed = budget().Evict(GoOn);
  ASSERT_TRUE(freed.ok());
  const int left = CountOf(Family::kEmbeddings);
  EXPECT_EQ(CountOf(Family::kInputs), left);
  EXPECT_NEAR(left, 450, 20);
  EXPECT_EQ(freed->entries, static_cast<std::uint64_t>(1000 - left));
  EXPECT_FALSE(HasEmbedding(0));
  EXPECT_FALSE(HasEmbedding(999 - left));
  EXPECT_TRUE(HasEmbedding(1000 - left));
  EXPECT_TRUE(HasEmbedding(999));
  EXPECT_LE(budget().Use().used_bytes, options_.max_bytes);
  EXPECT_EQ(budget().Use().evicted_entries, freed->entries);
  EXPECT_EQ(budget().Use().evicted_bytes, freed->bytes);
}

TEST_F(DiskBudgetTest, OfEntriesStoredTogetherNoMoreGoThanMust) {
  for (int i = 0; i < 1000; ++i) {
    const NewEmbedding added = MakeEmbedding(i);
    ASSERT_TRUE(embeddings().Put({&added, 1}).ok());
  }
  options_.max_bytes = budget().Use().used_bytes - 1;
  budget_.reset();
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_NEAR(CountOf(Family::kEmbeddings), 900, 30);
}

TEST_F(DiskBudgetTest, BothLayersGoByOneRule) {
  Answer(0, 500);
  Embed(500, 1000, 200);
  options_.max_bytes = budget().Use().used_bytes / 5 * 2;
  budget_.reset();
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_EQ(CountOf(Family::kResponses), 0);
  EXPECT_EQ(CountOf(Family::kResponseIds), 0);
  EXPECT_LT(CountOf(Family::kEmbeddings), 500);
  EXPECT_GT(CountOf(Family::kEmbeddings), 300);
}

TEST_F(DiskBudgetTest, WhatIsEvictedIsNotServedByMemoryEither) {
  memory_ = 64 * kMiB;
  Embed(0, 200);
  Answer(200, 400);
  options_.max_bytes = budget().Use().used_bytes / 4;
  budget_.reset();
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_FALSE(HasEmbedding(0));
  EXPECT_EQ(responses().Find(KeyOf(200)).entry, nullptr);
  EXPECT_NE(responses().Find(KeyOf(399)).entry, nullptr);
}

TEST_F(DiskBudgetTest, AHotEntryIsPassedOverWhileOthersSuffice) {
  memory_ = 64 * kMiB;
  Embed(0, 200);
  ASSERT_TRUE(HasEmbedding(0));  // asked for: hot
  options_.max_bytes = budget().Use().used_bytes / 2;
  budget_.reset();
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_TRUE(HasEmbedding(0));
  EXPECT_FALSE(HasEmbedding(1));
}

TEST_F(DiskBudgetTest, HotEntriesGoTooWhenTheyAreAllThereIs) {
  memory_ = 64 * kMiB;
  Embed(0, 200);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(HasEmbedding(i));
  options_.max_bytes = budget().Use().used_bytes / 2;
  budget_.reset();
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_FALSE(HasEmbedding(0));
  EXPECT_LE(budget().Use().used_bytes, options_.max_bytes);
}

TEST_F(DiskBudgetTest, EveryEvictedKeyIsTold) {
  Embed(0, 100);
  Answer(100, 200);
  options_.max_bytes = budget().Use().used_bytes / 10;
  budget_.reset();
  int embeddings_gone = 0;
  int responses_gone = 0;
  bool first = false;
  budget().set_observer([&](const CacheKey& key, Family layer) {
    ++(layer == Family::kEmbeddings ? embeddings_gone : responses_gone);
    first = first || key == KeyOf(0);
  });
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_EQ(embeddings_gone, 100 - CountOf(Family::kEmbeddings));
  EXPECT_EQ(responses_gone, 100 - CountOf(Family::kResponses));
  EXPECT_TRUE(first);
}

TEST_F(DiskBudgetTest, ALowDiskMakesTheOldestGoWithoutALimit) {
  Embed(0, 1000);
  const std::uint64_t used = budget().Use().used_bytes;
  budget_.reset();
  options_.max_bytes = 0;
  options_.min_free_bytes = used / 16;  // so that up to a quarter of it may go
  free_ = used / 4 - used / 8;
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_LT(CountOf(Family::kEmbeddings), 1000);
  EXPECT_FALSE(HasEmbedding(0));
}

TEST_F(DiskBudgetTest, ALimitMayChangeWhileItRuns) {
  Embed(0, 100);
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_EQ(CountOf(Family::kEmbeddings), 100);
  budget().set_max_bytes(budget().Use().used_bytes / 2);
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_LT(CountOf(Family::kEmbeddings), 60);
}

TEST_F(DiskBudgetTest, EndsEarlyWhenToldTo) {
  Embed(0, 1000);
  options_.max_bytes = budget().Use().used_bytes / 2;
  budget_.reset();
  const auto freed = budget().Evict([](milliseconds) { return false; });
  ASSERT_FALSE(freed.ok());
  EXPECT_EQ(freed.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(CountOf(Family::kEmbeddings), 1000);
}

TEST_F(DiskBudgetTest, ADiskThatRefusesIsAnErrorAndTheNextRunGoesOn) {
  FaultyStore faulty(memory_store_);
  store_ = &faulty;
  Embed(0, 1000);
  options_.max_bytes = budget().Use().used_bytes / 2;
  budget_.reset();
  faulty.FailWrites(true);
  ASSERT_FALSE(budget().Evict(GoOn).ok());
  faulty.FailWrites(false);
  ASSERT_TRUE(budget().Evict(GoOn).ok());
  EXPECT_LE(budget().Use().used_bytes, options_.max_bytes);
}

TEST_F(DiskBudgetTest, TheDatabaseOnDiskShrinksBelowItsLimit) {
  UseRocksDb();
  Embed(0, 4000, 1536);
  Answer(4000, 5000);
  ASSERT_TRUE(store_->Flush().ok());
  ASSERT_GT(budget().Use().used_bytes, 24 * kMiB);
  budget().set_max_bytes(16 * kMiB);
  const auto freed = budget().Evict(GoOn);
  ASSERT_TRUE(freed.ok()) << freed.error().message;
  std::uint64_t on_disk = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir_.path() + "/db")) {
    if (file.path().extension() == ".sst") on_disk += file.file_size();
  }
  EXPECT_LE(on_disk, 16 * kMiB);
  EXPECT_GT(on_disk, 12 * kMiB);
  EXPECT_LE(budget().Use().used_bytes, 16 * kMiB);
  EXPECT_FALSE(HasEmbedding(0));
  EXPECT_TRUE(HasEmbedding(3999));
  EXPECT_EQ(CountOf(Family::kResponses), 1000);
}

TEST_F(DiskBudgetTest, WhatIsPastItsLifetimeGoesBeforeWhatIsNot) {
  UseRocksDb();
  Embed(0, 2000, 512);
  clock_.Advance(kLifetime + options_.keep_past_lifetime - seconds{10'000 - 1001});
  budget().set_max_bytes(3 * kMiB);
  const auto freed = budget().Evict(GoOn);
  ASSERT_TRUE(freed.ok()) << freed.error().message;
  EXPECT_EQ(freed->expired, 1001U);
  EXPECT_EQ(freed->entries, 0U);
  EXPECT_EQ(CountOf(Family::kEmbeddings), 999);
}

TEST_F(DiskBudgetTest, ExpiredEntriesAreDroppedOnceTheyAreWorthIt) {
  UseRocksDb();
  Embed(0, 1000);
  clock_.Advance(kLifetime + options_.keep_past_lifetime - seconds{10'000 - 50});
  const auto kept = budget().DropExpired(0.1, GoOn);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->expired, 0U);
  EXPECT_EQ(CountOf(Family::kEmbeddings), 1000);
  const auto dropped = budget().DropExpired(0, GoOn);
  ASSERT_TRUE(dropped.ok());
  EXPECT_EQ(dropped->expired, 50U);
  EXPECT_EQ(CountOf(Family::kEmbeddings), 950);
  EXPECT_EQ(CountOf(Family::kInputs), 950);
}

}  // namespace
}  // namespace larder

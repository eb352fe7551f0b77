// What RocksDbStore promises beyond the Store contract: what survives, what vanishes, what is
// refused.
#include "cache/rocksdb_store.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

#include "tests/cache/rocksdb_fixture.h"

namespace larder {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

TEST_F(RocksDbStoreTest, SurvivesReopening) {
  {
    const auto store = Open();
    Fill(*store, 0, 50);
    ASSERT_TRUE(store->Flush().ok());
    Fill(*store, 50, 100);
  }
  EXPECT_EQ(Count(*Open()), 100);
}

TEST_F(RocksDbStoreTest, CreatesADirectoryForItsOwnerAlone) {
  options_.path = dir_.path() + "/parent/db";
  const auto store = Open();
  EXPECT_EQ(fs::status(options_.path).permissions(), fs::perms::owner_all);
}

TEST_F(RocksDbStoreTest, APathThatIsAFileIsAnIoError) {
  std::ofstream(options_.path) << "a file";
  const auto opened = RocksDbStore::OpenOrReplace(options_, clock_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
  EXPECT_TRUE(Neighbours().empty());
}

TEST_F(RocksDbStoreTest, ASecondOpenerGetsAnIoErrorAndMovesNothing) {
  const auto first = Open();
  Fill(*first, 0, 10);
  for (const auto& code : {RocksDbStore::Open(options_, clock_).error().code,
                           RocksDbStore::OpenOrReplace(options_, clock_).error().code}) {
    EXPECT_EQ(code, ErrorCode::kIo);
  }
  EXPECT_TRUE(Neighbours().empty());
  Fill(*first, 10, 20);
  EXPECT_EQ(Count(*first), 20);
}

TEST_F(RocksDbStoreTest, CompactionDropsWhatIsPastItsLifetimeAndKept) {
  options_.keep_past_lifetime = 600s;
  const auto put = [](Store& store, Family family, std::string_view key, std::string value) {
    WriteBatch batch;
    batch.Put(family, key, std::move(value));
    ASSERT_TRUE(store.Apply(batch).ok());
  };
  const auto record = [](RecordKind kind, WallTime stored_at, std::chrono::seconds lifetime) {
    return SealRecord(kind, {stored_at, lifetime}, "payload");
  };
  const auto store = Open();
  const WallTime start = clock_.Now();
  put(*store, kFamily, "hour", record(RecordKind::kEmbedding, start, 1h));
  put(*store, kFamily, "day", record(RecordKind::kEmbedding, start, 24h));
  put(*store, kFamily, "no stamp", "a value that is no record, though long enough to be one");
  put(*store, kFamily, "ones", std::string(100, '\1'));
  put(*store, Family::kInputs, "hour", record(RecordKind::kInput, start, 1h));
  put(*store, Family::kResponses, "hour", record(RecordKind::kResponse, start, 1h));
  put(*store, Family::kHistory, "hour", record(RecordKind::kRollup, start, 1h));
  put(*store, Family::kHistory, "year", record(RecordKind::kRollup, start, 8760h));

  const auto keys = [&](Family family) {
    std::vector<std::string> keys;
    EXPECT_TRUE(store->CompactAll().ok());
    EXPECT_TRUE(store
                    ->ForEach(family, "",
                              [&](std::string_view key, auto) {
                                keys.emplace_back(key);
                                return true;
                              })
                    .ok());
    return keys;
  };
  using Keys = std::vector<std::string>;
  clock_.Advance(1h + 600s);
  EXPECT_EQ(keys(kFamily), (Keys{"day", "hour", "no stamp", "ones"})) << "may answer as stale";
  EXPECT_EQ(keys(Family::kResponses), (Keys{"hour"}));
  clock_.Advance(1ms);
  EXPECT_EQ(keys(kFamily), (Keys{"day", "no stamp", "ones"}));
  EXPECT_EQ(keys(Family::kInputs), Keys());
  EXPECT_EQ(keys(Family::kResponses), Keys());
  EXPECT_EQ(keys(Family::kHistory), Keys{"year"});
}

TEST_F(RocksDbStoreTest, AnExpiredRecordDoesNotUncoverTheOneItReplaced) {
  const auto store = Open();
  const auto put = [&](std::chrono::seconds lifetime) {
    WriteBatch batch;
    batch.Put(kFamily, "key", SealRecord(RecordKind::kEmbedding, {clock_.Now(), lifetime}, ""));
    ASSERT_TRUE(store->Apply(batch).ok());
    ASSERT_TRUE(store->Flush().ok());
  };
  put(8760h);
  put(1h);
  clock_.Advance(48h);
  ASSERT_TRUE(store->CompactAll().ok());
  EXPECT_EQ(Count(*store), 0);
}

TEST_F(RocksDbStoreTest, RefusesToFillAFullDiskAndStillDeletes) {
  Fill(*Open(), 0, 10);
  options_.min_free_bytes = std::numeric_limits<std::uint64_t>::max();
  const auto store = Open();
  WriteBatch puts;
  puts.Put(kFamily, "key", "value");
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Status status = store->Apply(puts);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
  }
  WriteBatch deletes;
  deletes.Delete(kFamily, NumberedKey(0));
  EXPECT_TRUE(store->Apply(deletes).ok());
  EXPECT_EQ(Count(*store), 9);
}

TEST_F(RocksDbStoreTest, HoldsAboutAsMuchMemoryAsItWasGiven) {
  options_.block_cache_bytes = 4U << 20;
  options_.write_buffer_bytes = 4U << 20;
  const auto store = Open();
  std::uint64_t most = 0;
  for (int i = 0; i < 64; ++i) {
    Fill(*store, i * 100, i * 100 + 100, 10000);
    (void)Count(*store);
    most = std::max(most, store->MemoryBytes());
  }
  EXPECT_GT(most, 1U << 20);
  EXPECT_LT(most, 24U << 20) << "of 64 MB written with 8 MiB given";
}

// The child runs this test from its start in a process of its own, and finds the directory here.
TEST(RocksDbStoreDeathTest, LosesNothingAcknowledgedWhenKilled) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  constexpr const char* kVariable = "LARDER_TEST_DIRECTORY_OF_THE_KILLED";
  constexpr int kRecords = 2000;
  std::optional<TempDir> dir;
  if (std::getenv(kVariable) == nullptr) {
    dir.emplace();
    ::setenv(kVariable, dir->path().c_str(), 1);
  }
  const RocksDbOptions options{std::string(std::getenv(kVariable)) + "/db"};
  const ManualClock clock;
  EXPECT_EXIT(
      {
        const auto store = MustOpen(options, clock);
        Fill(*store, 0, kRecords / 2);
        if (!store->Flush().ok()) std::exit(1);
        Fill(*store, kRecords / 2, kRecords);
        std::raise(SIGKILL);
      },
      ::testing::KilledBySignal(SIGKILL), "");
  ::unsetenv(kVariable);

  const auto reopened = RocksDbStore::OpenOrReplace(options, clock);
  ASSERT_TRUE(reopened.ok());
  EXPECT_EQ(reopened->moved_aside_to, "");
  EXPECT_EQ(Count(*reopened->store), kRecords);
}

}  // namespace
}  // namespace larder

#include "cache/sealed_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cache/memory_store.h"
#include "cache/record.h"
#include "cache/rocksdb_store.h"
#include "tests/support/directory_scan.h"
#include "tests/support/faulty_store.h"
#include "tests/support/file_bytes.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::IsEmpty;
using testing::Not;

const SecretKey kKey(Sha256Of("a key"));
const SecretKey kNewKey(Sha256Of("a new key"));
constexpr Family kFamily = Family::kResponses;
constexpr std::string_view kText = "the text of a person";

// Over a store that the test keeps beside it.
class SealedStoreTest : public testing::Test {
 protected:
  SealedStoreTest() : store_(Over(memory_, {kKey})) {}

  static std::unique_ptr<SealedStore> Over(Store& inner, const SecretKeys& keys) {
    auto shared = std::make_unique<FaultyStore>(inner);  // hands everything on
    return std::make_unique<SealedStore>(std::move(shared), keys);
  }
  static std::string Record(std::string_view text = kText) {
    return SealRecord(RecordKind::kResponse, {FromUnixMillis(5'000), std::chrono::seconds(7)},
                      text);
  }
  static void Put(Store& store, std::string_view key, std::string value, Family family = kFamily) {
    WriteBatch batch;
    batch.Put(family, key, std::move(value));
    ASSERT_TRUE(store.Apply(batch).ok());
  }
  static std::optional<std::string> Get(const Store& store, std::string_view key,
                                        Family family = kFamily) {
    const auto values = store.MultiGet(family, {&key, 1});
    EXPECT_TRUE(values.ok());
    return values.ok() ? (*values)[0] : std::nullopt;
  }
  // Seals all of the family; how many that were.
  static std::uint64_t SealAll(SealedStore& store, Family family = kFamily) {
    SealedStore::Progress progress;
    while (!progress.done) EXPECT_TRUE(store.SealSome(family, progress).ok());
    return progress.sealed;
  }

  MemoryStore memory_;
  std::unique_ptr<SealedStore> store_;
};

TEST_F(SealedStoreTest, NothingOfAValueIsReadableBelowButARecordsStamp) {
  Put(*store_, "key", Record());
  const std::string stored = Get(memory_, "key").value();
  EXPECT_EQ(stored.find(kText.substr(0, 5)), std::string::npos);
  EXPECT_EQ(stored.size(), Record().size() + MessageSealer::kOverhead);
  const auto stamp = PeekStamp(stored);
  ASSERT_TRUE(stamp.has_value());
  EXPECT_EQ(stamp->stored_at, FromUnixMillis(5'000));
  EXPECT_EQ(stamp->lifetime, std::chrono::seconds(7));
  EXPECT_EQ(Get(*store_, "key"), Record());
}

TEST_F(SealedStoreTest, TheSameValueIsNeverSealedTheSameWay) {
  Put(*store_, "key", Record());
  const auto first = Get(memory_, "key");
  Put(*store_, "key", Record());
  EXPECT_NE(Get(memory_, "key"), first);
}

TEST_F(SealedStoreTest, AValueOpensInItsOwnPlaceAlone) {
  Put(*store_, "key", Record());
  const std::string stored = Get(memory_, "key").value();
  Put(memory_, "other", stored);
  Put(memory_, "key", stored, Family::kHistory);
  EXPECT_EQ(Get(*store_, "other"), "");
  EXPECT_EQ(Get(*store_, "key", Family::kHistory), "");
  EXPECT_EQ(Get(*store_, "key"), Record());
}

TEST_F(SealedStoreTest, AnAlteredValueIsAnEmptyOneWhichIsNoRecord) {
  for (const std::string& value : {Record(), std::string("no record, as long as one is")}) {
    Put(*store_, "key", value);
    const std::string stored = Get(memory_, "key").value();
    store_->RefusePlain();
    for (std::size_t i = 0; i < stored.size(); ++i) {
      Put(memory_, "key", WithFlippedBit(stored, i, 0));
      EXPECT_EQ(Get(*store_, "key"), "") << i;
    }
  }
  EXPECT_FALSE(OpenRecord(RecordKind::kResponse, "").ok());
}

TEST_F(SealedStoreTest, AnotherKeyOpensNothing) {
  Put(*store_, "key", Record());
  const auto other = Over(memory_, {kNewKey});
  other->RefusePlain();
  EXPECT_EQ(Get(*other, "key"), "");
}

TEST_F(SealedStoreTest, PlainValuesAreReadUntilTheyAreRefused) {
  Put(memory_, "key", Record());
  EXPECT_EQ(Get(*store_, "key"), Record());
  store_->RefusePlain();
  EXPECT_EQ(Get(*store_, "key"), "");
}

TEST_F(SealedStoreTest, SealingTheRestLeavesNothingPlainAndChangesNoValue) {
  std::map<std::string, std::string> values;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key " + std::to_string(i);
    values[key] = i % 3 == 0 ? Record(key) : "value of " + key;
    Put(i % 2 == 0 ? static_cast<Store&>(memory_) : *store_, key, values[key]);
  }
  EXPECT_EQ(SealAll(*store_), 500U);
  EXPECT_EQ(SealAll(*store_), 0U);
  store_->RefusePlain();
  for (const auto& [key, value] : values) EXPECT_EQ(Get(*store_, key), value);
}

TEST_F(SealedStoreTest, SealingWritesNoOlderValueOverANewerOne) {
  Put(memory_, "replaced", Record("old"));
  Put(memory_, "deleted", Record("old"));
  FaultyStore faulty(memory_);
  const auto store = Over(faulty, {kKey});
  // Others write while it is about to.
  std::thread other;
  std::atomic<bool> begun{false};
  faulty.OnWrite([&] {
    if (begun.exchange(true)) return;
    other = std::thread([&] {
      WriteBatch batch;
      batch.Put(kFamily, "replaced", Record("new"));
      batch.Delete(kFamily, "deleted");
      EXPECT_TRUE(store->Apply(batch).ok());
    });
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  });
  EXPECT_EQ(SealAll(*store), 2U);
  other.join();
  EXPECT_EQ(Get(*store, "replaced"), Record("new"));
  EXPECT_EQ(Get(*store, "deleted"), std::nullopt);
}

TEST_F(SealedStoreTest, ThePreviousKeyOpensUntilItsValuesAreSealedAnew) {
  Put(*store_, "key", Record());
  const auto rotated = Over(memory_, {kNewKey, kKey});
  rotated->RefusePlain();
  EXPECT_EQ(Get(*rotated, "key"), Record());
  EXPECT_EQ(SealAll(*rotated), 1U);
  const auto later = Over(memory_, {kNewKey});
  later->RefusePlain();
  EXPECT_EQ(Get(*later, "key"), Record());
}

TEST_F(SealedStoreTest, AValueOfThePreviousKeyThatIsDamagedStaysAsItIs) {
  Put(*store_, "key", Record());
  const std::string whole = Get(memory_, "key").value();
  const std::string stored = WithFlippedBit(whole, whole.size() - 1, 0);
  Put(memory_, "key", stored);
  const auto rotated = Over(memory_, {kNewKey, kKey});
  EXPECT_EQ(SealAll(*rotated), 0U);
  EXPECT_EQ(Get(memory_, "key"), stored);
}

TEST_F(SealedStoreTest, AFailedWriteIsTold) {
  FaultyStore faulty(memory_);
  const auto store = Over(faulty, {kKey});
  faulty.FailWrites(true);
  WriteBatch batch;
  batch.Put(kFamily, "key", Record());
  EXPECT_FALSE(store->Apply(batch).ok());
  Put(memory_, "key", Record());
  SealedStore::Progress progress;
  EXPECT_FALSE(store->SealSome(kFamily, progress).ok());
}

class SealedRocksDbTest : public SealedStoreTest {
 protected:
  std::unique_ptr<RocksDbStore> OpenPlain() {
    auto opened = RocksDbStore::Open({.path = dir_.path() + "/db"}, clock_);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  std::string Fresh(std::string_view text = kText) const {
    return SealRecord(RecordKind::kResponse, {clock_.Now(), std::chrono::hours(1)}, text);
  }

  TempDir dir_;
  ManualClock clock_;
};

TEST_F(SealedRocksDbTest, CompactionDropsWhatHasExpiredWithoutTheKey) {
  auto plain = OpenPlain();
  RocksDbStore& disk = *plain;
  SealedStore store(std::move(plain), {kKey});
  const auto record = [&](std::chrono::seconds lifetime) {
    return SealRecord(RecordKind::kResponse, {clock_.Now(), lifetime}, kText);
  };
  Put(store, "short", record(std::chrono::seconds(10)));
  Put(store, "long", record(std::chrono::hours(1000)));
  clock_.Advance(std::chrono::hours(48));
  ASSERT_TRUE(disk.CompactAll().ok());
  EXPECT_EQ(Get(store, "short"), std::nullopt);
  EXPECT_NE(Get(store, "long"), std::nullopt);
}

TEST_F(SealedRocksDbTest, NothingIsLeftOfPlainValuesOnceTheyAreSealedAndCompacted) {
  {
    auto plain = OpenPlain();
    for (int i = 0; i < 300; ++i) Put(*plain, "key " + std::to_string(i), Fresh());
  }
  EXPECT_THAT(FilesWith(dir_.path(), kText), Not(IsEmpty()));
  SealedStore store(OpenPlain(), {kKey});
  EXPECT_EQ(SealAll(store), 300U);
  ASSERT_TRUE(store.Flush().ok());
  ASSERT_TRUE(store.Compact(kFamily, {}, {}, Store::Rewrite::kAll).ok());
  ASSERT_TRUE(store.RemoveObsolete().ok());
  EXPECT_THAT(FilesWith(dir_.path(), kText), IsEmpty());
  EXPECT_EQ(Get(store, "key 7"), Fresh());
}

TEST_F(SealedRocksDbTest, NothingIsLeftOfADeletedValueOnceItIsCompacted) {
  auto store = OpenPlain();
  // In an older file, in a newer one, and in the log.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) Put(*store, "key " + std::to_string(i), Fresh());
    if (round < 2) {
      ASSERT_TRUE(store->Flush().ok());
    }
  }
  WriteBatch batch;
  for (int i = 0; i < 100; ++i) batch.Delete(kFamily, "key " + std::to_string(i));
  batch.Put(kFamily, "kept", Fresh("of another"));
  ASSERT_TRUE(store->Apply(batch).ok());
  EXPECT_THAT(FilesWith(dir_.path(), kText), Not(IsEmpty()));
  ASSERT_TRUE(store->Flush().ok());
  ASSERT_TRUE(store->Compact(kFamily, {}, {}, Store::Rewrite::kAll).ok());
  ASSERT_TRUE(store->RemoveObsolete().ok());
  EXPECT_THAT(FilesWith(dir_.path(), kText), IsEmpty());
  EXPECT_EQ(Get(*store, "kept"), Fresh("of another"));
}

}  // namespace
}  // namespace larder

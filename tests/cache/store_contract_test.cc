// What every Store does, whatever it stands on. A new Store joins the list at the end of the file.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "cache/memory_store.h"
#include "cache/off_loop_store.h"
#include "cache/rocksdb_store.h"
#include "cache/sealed_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using Values = std::vector<std::optional<std::string>>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Store>(const std::string& path, const Clock& clock)> make;
  Database database = Database::kCache;  // whose families are tried
};

class StoreContractTest : public ::testing::TestWithParam<Kind> {
 protected:
  StoreContractTest() : store_(GetParam().make(dir_.path() + "/db", clock_)) {}

  Values Get(Family family, const std::vector<std::string>& keys) const {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    auto values = store_->MultiGet(family, views);
    EXPECT_TRUE(values.ok());
    return values.ok() ? std::move(values).value() : Values();
  }
  void Put(Family family, std::string_view key, std::string value) {
    WriteBatch batch;
    batch.Put(family, key, std::move(value));
    ASSERT_TRUE(store_->Apply(batch).ok());
  }
  Pairs Scan(Family family, std::string_view start = "") const {
    Pairs pairs;
    EXPECT_TRUE(store_
                    ->ForEach(family, start,
                              [&](std::string_view key, std::string_view value) {
                                pairs.emplace_back(key, value);
                                return true;
                              })
                    .ok());
    return pairs;
  }

  const std::span<const Family> families_ = FamiliesOf(GetParam().database);
  const Family family_ = families_[0];
  const Family other_ = families_[1];
  TempDir dir_;
  ManualClock clock_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContractTest, WhatCanBeToldAtOnceIsWhatAReadWouldTell) {
  Put(family_, "a", "1");
  const std::array<std::string_view, 3> keys = {"a", "b", "a"};
  const auto at_once = store_->TryMultiGet(family_, keys);
  ASSERT_TRUE(at_once.has_value());  // it was written just now
  EXPECT_EQ(*at_once, store_->MultiGet(family_, keys).value());
}

TEST_P(StoreContractTest, FindsNothingWhenNew) {
  for (const Family family : families_) {
    EXPECT_EQ(Get(family, {"a"}), Values{std::nullopt});
    EXPECT_TRUE(Scan(family).empty());
  }
}

TEST_P(StoreContractTest, MultiGetAnswersInTheOrderAsked) {
  Put(family_, "a", "1");
  Put(family_, "b", "2");
  Put(family_, "c", "3");
  EXPECT_EQ(Get(family_, {"c", "absent", "a", "b"}), (Values{"3", std::nullopt, "1", "2"}));
}

TEST_P(StoreContractTest, MultiGetAnswersADuplicateKeyEachTime) {
  Put(family_, "a", "1");
  EXPECT_EQ(Get(family_, {"a", "x", "a", "x", "a"}),
            (Values{"1", std::nullopt, "1", std::nullopt, "1"}));
}

TEST_P(StoreContractTest, MultiGetOfNothingIsNothing) {
  EXPECT_EQ(Get(family_, {}), Values());
}

TEST_P(StoreContractTest, MultiGetTakesAFullBatchOf2048) {
  WriteBatch batch;
  std::vector<std::string> keys;
  for (int i = 0; i < 2048; ++i) {
    keys.push_back("key " + std::to_string(i * 7919 % 2048));
    if (i % 3 != 0) batch.Put(family_, keys.back(), "of " + keys.back());
  }
  ASSERT_TRUE(store_->Apply(batch).ok());
  const Values values = Get(family_, keys);
  ASSERT_EQ(values.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(values[i], i % 3 != 0 ? std::optional("of " + keys[i]) : std::nullopt) << i;
  }
}

TEST_P(StoreContractTest, AnEmptyValueIsNotAbsent) {
  Put(family_, "a", "");
  EXPECT_EQ(Get(family_, {"a"}), Values{""});
}

TEST_P(StoreContractTest, ALaterPutReplaces) {
  Put(family_, "a", "old");
  Put(family_, "a", "new");
  EXPECT_EQ(Get(family_, {"a"}), Values{"new"});
}

TEST_P(StoreContractTest, TheLastWriteOfABatchWins) {
  Put(family_, "deleted", "0");
  WriteBatch batch;
  batch.Put(family_, "put", "1");
  batch.Put(family_, "put", "2");
  batch.Put(family_, "deleted", "3");
  batch.Delete(family_, "deleted");
  batch.Delete(family_, "restored");
  batch.Put(family_, "restored", "4");
  ASSERT_TRUE(store_->Apply(batch).ok());
  EXPECT_EQ(Get(family_, {"put", "deleted", "restored"}), (Values{"2", std::nullopt, "4"}));
}

TEST_P(StoreContractTest, DeletingWhatIsAbsentSucceeds) {
  WriteBatch batch;
  batch.Delete(family_, "never there");
  EXPECT_TRUE(store_->Apply(batch).ok());
}

TEST_P(StoreContractTest, AnEmptyBatchSucceeds) {
  EXPECT_TRUE(store_->Apply(WriteBatch()).ok());
}

TEST_P(StoreContractTest, FamiliesStandApart) {
  for (const Family family : families_) Put(family, "key", std::string(FamilyName(family)));
  WriteBatch batch;
  batch.Delete(other_, "key");
  ASSERT_TRUE(store_->Apply(batch).ok());
  for (const Family family : families_) {
    const bool kept = family != other_;
    EXPECT_EQ(Get(family, {"key"}),
              Values{kept ? std::optional(std::string(FamilyName(family))) : std::nullopt});
    EXPECT_EQ(Scan(family).size(), kept ? 1U : 0U);
  }
}

TEST_P(StoreContractTest, KeysAndValuesAreAnyBytes) {
  const std::string zero("\0", 1);
  const std::string zeros("\0\0", 2);
  const std::string high("\xff\xff\0\x80", 4);
  Put(family_, zero, zeros);
  Put(family_, zeros, zero);
  Put(family_, high, high);
  EXPECT_EQ(Get(family_, {zeros, zero, high}), (Values{zero, zeros, high}));
  EXPECT_EQ(Scan(family_), (Pairs{{zero, zeros}, {zeros, zero}, {high, high}}));
}

TEST_P(StoreContractTest, KeepsAValueAsLargeAsTheLargestBody) {
  std::string large(25U << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 2654435761U >> 11);
  Put(other_, "large", large);
  Put(other_, "small", "s");
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_TRUE(Get(other_, {"small", "large"}) == (Values{"s", large}));
}

TEST_P(StoreContractTest, ForEachVisitsInByteOrder) {
  for (const char* key : {"b", "a\xff", "a", "B", "\x80", "ab"}) Put(family_, key, key);
  EXPECT_EQ(
      Scan(family_),
      (Pairs{
          {"B", "B"}, {"a", "a"}, {"ab", "ab"}, {"a\xff", "a\xff"}, {"b", "b"}, {"\x80", "\x80"}}));
}

TEST_P(StoreContractTest, ForEachStartsAtTheFirstKeyNotBelowStart) {
  for (const char* key : {"a", "c", "e"}) Put(family_, key, key);
  EXPECT_EQ(Scan(family_, "c"), (Pairs{{"c", "c"}, {"e", "e"}}));
  EXPECT_EQ(Scan(family_, "d"), (Pairs{{"e", "e"}}));
  EXPECT_EQ(Scan(family_, "f"), Pairs());
}

TEST_P(StoreContractTest, ForEachStopsWhenTold) {
  for (const char* key : {"a", "b", "c"}) Put(family_, key, key);
  int visited = 0;
  EXPECT_TRUE(store_->ForEach(family_, "", [&](auto, auto) { return ++visited < 2; }).ok());
  EXPECT_EQ(visited, 2);
}

TEST_P(StoreContractTest, ForEachSeesOneMomentWhileItsVisitorWrites) {
  for (const char* key : {"a", "c", "e"}) Put(family_, key, "old");
  Pairs seen;
  ASSERT_TRUE(store_
                  ->ForEach(family_, "",
                            [&](std::string_view key, std::string_view value) {
                              if (seen.empty()) {
                                WriteBatch batch;
                                batch.Put(family_, "b", "new");
                                batch.Put(family_, "c", "new");
                                batch.Delete(family_, "e");
                                EXPECT_TRUE(store_->Apply(batch).ok());
                              }
                              seen.emplace_back(key, value);
                              return true;
                            })
                  .ok());
  EXPECT_EQ(seen, (Pairs{{"a", "old"}, {"c", "old"}, {"e", "old"}}));
  EXPECT_EQ(Scan(family_), (Pairs{{"a", "old"}, {"b", "new"}, {"c", "new"}}));
}

TEST_P(StoreContractTest, ClearTakesEverythingOfOneFamily) {
  for (int i = 0; i < 2000; ++i) Put(family_, "key " + std::to_string(i), "v");
  Put(family_, std::string(3, '\xff'), "the last key there is");
  Put(other_, "a", "kept");
  ASSERT_TRUE(store_->Flush().ok());
  Put(family_, "not flushed", "v");
  ASSERT_TRUE(store_->Clear(family_).ok());
  EXPECT_TRUE(Scan(family_).empty());
  EXPECT_EQ(Get(family_, {"key 7", "not flushed"}), (Values{std::nullopt, std::nullopt}));
  const std::array<std::string_view, 1> key = {"key 7"};
  const auto at_once = store_->TryMultiGet(family_, key);
  EXPECT_TRUE(!at_once || !(*at_once)[0]);
  EXPECT_EQ(Scan(other_), (Pairs{{"a", "kept"}}));
}

TEST_P(StoreContractTest, WhatIsWrittenAfterAClearIsThere) {
  Put(family_, "a", "old");
  ASSERT_TRUE(store_->Clear(family_).ok());
  ASSERT_TRUE(store_->Clear(family_).ok());  // of nothing
  Put(family_, "a", "new");
  EXPECT_EQ(Scan(family_), (Pairs{{"a", "new"}}));
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(Get(family_, {"a"}), Values{"new"});
}

TEST_P(StoreContractTest, SizeGrowsWithWhatIsStored) {
  const Store::Size before = store_->SizeOf(family_);
  EXPECT_EQ(before.entries, 0U);
  const std::string value(10000, 'v');
  for (int i = 0; i < 100; ++i) Put(family_, "key " + std::to_string(i), value);
  const Store::Size after = store_->SizeOf(family_);
  EXPECT_EQ(after.entries, 100U);
  EXPECT_GE(after.bytes, 900000U);
  EXPECT_EQ(store_->SizeOf(other_).entries, 0U);
}

TEST_P(StoreContractTest, FlushedValuesAreStillFound) {
  Put(family_, "a", "1");
  ASSERT_TRUE(store_->Flush().ok());
  Put(family_, "b", "2");
  EXPECT_EQ(Get(family_, {"a", "b"}), (Values{"1", "2"}));
}

TEST_P(StoreContractTest, SyncedValuesAreStillFound) {
  Put(family_, "a", "1");
  ASSERT_TRUE(store_->Sync().ok());
  Put(family_, "b", "2");
  EXPECT_EQ(Get(family_, {"a", "b"}), (Values{"1", "2"}));
}

TEST_P(StoreContractTest, ReadersNeverSeeHalfABatch) {
  const std::vector<std::string> keys = {"first", "second", "third"};
  const auto write = [&](int round) {
    WriteBatch batch;
    for (const std::string& key : keys) batch.Put(family_, key, std::to_string(round));
    ASSERT_TRUE(store_->Apply(batch).ok());
  };
  write(0);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      int last = 0;
      do {
        Values values;
        if (i == 0) {
          for (const auto& [key, value] : Scan(family_)) values.emplace_back(value);
        } else {
          values = Get(family_, keys);
        }
        ASSERT_EQ(values.size(), 3U);
        ASSERT_EQ(values[0], values[1]);
        ASSERT_EQ(values[1], values[2]);
        const int round = std::stoi(values[0].value());
        ASSERT_GE(round, last) << "time went back";
        last = round;
      } while (!done);
    });
  }
  // Each write to the data on disk is synced.
  const int rounds = GetParam().database == Database::kData ? 200 : 2000;
  for (int round = 1; round <= rounds; ++round) write(round);
  done = true;
  for (std::thread& reader : readers) reader.join();
}

std::unique_ptr<Store> MakeRocksDb(const std::string& path, const Clock& clock,
                                   Database database = Database::kCache) {
  RocksDbOptions options{path};
  options.database = database;
  auto opened = RocksDbStore::Open(options, clock);
  EXPECT_TRUE(opened.ok());
  return std::move(opened).value();
}

// Hands on to another what every Store must do, and leaves the rest as Store has it.
class ScanningStore : public Store {
 public:
  // `store` need not live yet.
  explicit ScanningStore(Store& store) : store_(store) {}
  Result<Values> MultiGet(Family family, std::span<const std::string_view> keys) const override {
    return store_.MultiGet(family, keys);
  }
  std::optional<Values> TryMultiGet(Family family,
                                    std::span<const std::string_view> keys) const override {
    return store_.TryMultiGet(family, keys);
  }
  Status Apply(const WriteBatch& batch) override { return store_.Apply(batch); }
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_.ForEach(family, start, visit);
  }
  Size SizeOf(Family family) const override { return store_.SizeOf(family); }
  Status Flush() override { return store_.Flush(); }

 private:
  Store& store_;
};

// An OffLoopStore with the store that it stands over.
class OwningOffLoopStore final : public ScanningStore {
 public:
  explicit OwningOffLoopStore(std::unique_ptr<Store> inner)
      : ScanningStore(store_), inner_(std::move(inner)), store_(*inner_) {}
  Status Clear(Family family) override { return store_.Clear(family); }

 private:
  std::unique_ptr<Store> inner_;
  OffLoopStore store_;
};

class OwningScanningStore final : public ScanningStore {
 public:
  OwningScanningStore() : ScanningStore(memory_) {}

 private:
  MemoryStore memory_;
};

std::unique_ptr<Store> MakeScanning(const std::string& /*path*/, const Clock& /*clock*/) {
  return std::make_unique<OwningScanningStore>();
}
std::unique_ptr<Store> MakeOffLoop(const std::string& path, const Clock& clock) {
  return std::make_unique<OwningOffLoopStore>(MakeRocksDb(path, clock));
}
std::unique_ptr<Store> MakeMemory(const std::string& /*path*/, const Clock& /*clock*/) {
  return std::make_unique<MemoryStore>();
}
std::unique_ptr<Store> MakeSealed(const std::string& path, const Clock& clock) {
  return std::make_unique<SealedStore>(MakeRocksDb(path, clock),
                                       SecretKeys{SecretKey(Sha256Of("a key"))});
}
std::unique_ptr<Store> MakeSealedMemory(const std::string& /*path*/, const Clock& /*clock*/) {
  return std::make_unique<SealedStore>(std::make_unique<MemoryStore>(),
                                       SecretKeys{SecretKey(Sha256Of("a key"))});
}
std::unique_ptr<Store> MakeCache(const std::string& path, const Clock& clock) {
  return MakeRocksDb(path, clock, Database::kCache);
}
std::unique_ptr<Store> MakeData(const std::string& path, const Clock& clock) {
  return MakeRocksDb(path, clock, Database::kData);
}

const Kind kKinds[] = {
    {"OffLoopStore", MakeOffLoop},   {"MemoryStore", MakeMemory},
    {"ScanningStore", MakeScanning}, {"MemoryStoreOfData", MakeMemory, Database::kData},
    {"RocksDbStore", MakeCache},     {"RocksDbStoreOfData", MakeData, Database::kData},
    {"SealedStore", MakeSealed},     {"SealedStoreOfData", MakeSealedMemory, Database::kData},
};
void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}
INSTANTIATE_TEST_SUITE_P(Every, StoreContractTest, ::testing::ValuesIn(kKinds),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace larder

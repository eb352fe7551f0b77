// A database that fails comes back by itself, and nobody who uses it meanwhile gets a wrong answer.
#include "cache/reopening_store.h"

#include <gmock/gmock.h>

#include <fstream>

#include "cache/unavailable_store.h"
#include "tests/cache/rocksdb_fixture.h"
#include "tests/support/eventually.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/gate.h"

namespace larder {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Condition = ReopeningStore::Condition;

class ReopeningStoreTest : public RocksDbStoreTest {
 protected:
  // As a server opens one: what cannot be opened is read, and tried again.
  ReopeningStore::Opened OpenOnce(const std::string& /*after*/) {
    ++attempts_;
    ReopeningStore::Opened opened;
    auto store = fail_opening_ ? Result<std::unique_ptr<RocksDbStore>>(
                                     StoreError(ErrorCode::kIo, "the disk does not answer"))
                               : RocksDbStore::Open(options_, clock_);
    if (!store.ok()) {
      opened.state = StoreState::kUnusable;
      opened.message = store.error().message;
      opened.store = std::make_unique<UnavailableStore>(opened.message);
      opened.retry = store.error().code == ErrorCode::kIo;
      return opened;
    }
    const RocksDbStore* const raw = store->get();
    opened.condition = [raw] {
      const auto [condition, message] = raw->condition();
      return std::pair{static_cast<Condition>(condition), message};
    };
    opened.store = std::move(store).value();
    return opened;
  }
  void Begin() {
    store_ = std::make_unique<ReopeningStore>(
        "the test's database", [this](const std::string& after) { return OpenOnce(after); },
        ReopeningStoreOptions{milliseconds{5}, milliseconds{20}, milliseconds{10}});
    store_->Start([this](const StoreHealth& now) {
      MutexLock lock(mutex_);
      states_.push_back(now.state);
    });
  }
  bool BecomesOk() {
    return Eventually([&] { return store_->health().state == StoreState::kOk; });
  }
  Status Put(const std::string& key, std::size_t bytes = 100) {
    WriteBatch batch;
    batch.Put(kFamily, key, std::string(bytes, 'x'));
    return store_->Apply(batch);
  }
  bool Has(const std::string& key) {
    const std::array<std::string_view, 1> keys = {key};
    const auto values = store_->MultiGet(kFamily, keys);
    return values.ok() && (*values)[0].has_value();
  }
  std::vector<StoreState> states() {
    MutexLock lock(mutex_);
    return states_;
  }

  using milliseconds = std::chrono::milliseconds;
  std::atomic<bool> fail_opening_{false};
  std::atomic<int> attempts_{0};
  Mutex mutex_;
  std::vector<StoreState> states_ LARDER_GUARDED_BY(mutex_);
  std::unique_ptr<ReopeningStore> store_;
};

TEST_F(ReopeningStoreTest, AWriteThatTheDiskRefusesIsAnErrorAndTheNextOnesSucceed) {
  Begin();
  ASSERT_TRUE(Put("before").ok());
  {
    const FileSizeLimit full(4096);
    EXPECT_EQ(Put("lost", 100'000).error().code, ErrorCode::kIo);
    EXPECT_TRUE(Eventually([&] { return store_->health().state != StoreState::kOk; }));
    EXPECT_NE(store_->health().message, "");
    EXPECT_FALSE(Put("lost too", 100'000).ok());
  }
  EXPECT_TRUE(BecomesOk());
  EXPECT_EQ(store_->health().message, "");
  EXPECT_TRUE(Put("after").ok());
  EXPECT_TRUE(Has("before"));
  EXPECT_TRUE(Has("after"));
  EXPECT_FALSE(Has("lost"));
  EXPECT_EQ(states().back(), StoreState::kOk);
  EXPECT_EQ(store_->health().failures, 1U);
  EXPECT_EQ(store_->health().reopened, 1U);
}

TEST_F(ReopeningStoreTest, WhatCouldNotBeOpenedAtTheStartComesBack) {
  fail_opening_ = true;
  Begin();
  EXPECT_EQ(store_->health().state, StoreState::kUnusable);
  EXPECT_THAT(Put("key").error().message, HasSubstr("the disk does not answer"));
  EXPECT_TRUE(Eventually([&] { return attempts_ > 2; }));
  fail_opening_ = false;
  EXPECT_TRUE(BecomesOk());
  EXPECT_TRUE(Put("key").ok());
  EXPECT_TRUE(Has("key"));
}

TEST_F(ReopeningStoreTest, FilesThatVanishAreNoticedAndMadeAnew) {
  Begin();
  ASSERT_TRUE(Put("before").ok());
  fs::rename(options_.path, dir_.path() + "/elsewhere");
  EXPECT_TRUE(Eventually([&] { return store_->health().reopened == 1; }));
  EXPECT_FALSE(Has("before"));
  EXPECT_TRUE(Put("after").ok());
}

TEST_F(ReopeningStoreTest, DataThatVanishedIsNotBegunAnewAndComesBackWithItsFiles) {
  options_.database = Database::kData;
  std::uint64_t known = 0;
  const auto open = [&](const std::string& after) {
    options_.known_sequence = known;
    auto opened = OpenOnce(after);
    return opened;
  };
  store_ = std::make_unique<ReopeningStore>(
      "the test's database", open,
      ReopeningStoreOptions{milliseconds{5}, milliseconds{20}, milliseconds{10}});
  WriteBatch batch;
  batch.Put(Family::kPoints, "key", "value");
  ASSERT_TRUE(store_->Apply(batch).ok());
  known = 1;
  store_->Start({});
  fs::rename(options_.path, dir_.path() + "/elsewhere");
  EXPECT_FALSE(store_->Apply(batch).ok()) << "nobody would find what was written there";
  EXPECT_TRUE(Eventually([&] { return store_->health().state == StoreState::kUnusable; }));
  EXPECT_THAT(store_->health().message, HasSubstr("are gone"));
  EXPECT_FALSE(fs::exists(options_.path));
  fs::rename(dir_.path() + "/elsewhere", options_.path);
  EXPECT_TRUE(BecomesOk());
  EXPECT_EQ(Count(*store_, Family::kPoints), 1);
  EXPECT_TRUE(store_->Apply(batch).ok());
}

TEST_F(ReopeningStoreTest, AScanUnderWayEndsWithAnErrorAndHoldsNobodyUp) {
  Begin();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Put(NumberedKey(i)).ok());
  Gate gate;
  Status scanned;
  int seen = 0;
  std::thread scan([&] {
    scanned = store_->ForEach(kFamily, "", [&](auto, auto) {
      if (++seen == 10) gate.Pass();
      return true;
    });
  });
  gate.WaitUntilHeld();
  {
    const FileSizeLimit full(4096);
    EXPECT_FALSE(Put("lost", 100'000).ok());
    EXPECT_TRUE(Eventually([&] { return !Has(NumberedKey(0)); })) << "it waits for the scan";
  }
  gate.Open();
  scan.join();
  EXPECT_TRUE(BecomesOk());
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().code, ErrorCode::kIo);
  EXPECT_LT(seen, 100);
  EXPECT_EQ(Count(*store_), 100);
}

TEST_F(ReopeningStoreTest, TellsOfANearlyFullDiskWithoutOpeningAnything) {
  options_.min_free_bytes = std::uint64_t{1} << 60;
  Begin();
  EXPECT_TRUE(Eventually([&] { return store_->health().state == StoreState::kDegraded; }));
  EXPECT_THAT(store_->health().message, HasSubstr("nearly full"));
  EXPECT_FALSE(Put("key").ok());
  EXPECT_EQ(attempts_, 1);
}

TEST_F(ReopeningStoreTest, EveryAcknowledgedWriteIsThereHoweverOftenItFails) {
  Begin();
  std::vector<std::string> acknowledged;
  for (int round = 0; round < 5; ++round) {
    std::atomic<bool> stop{false};
    Mutex mutex;
    std::vector<std::thread> writers;
    for (int w = 0; w < 3; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; !stop; ++i) {
          const std::string key =
              std::to_string(round) + "/" + std::to_string(w) + "/" + std::to_string(i);
          if (!Put(key, 500).ok()) continue;
          MutexLock lock(mutex);
          acknowledged.push_back(key);
        }
      });
    }
    const auto failures = store_->health().failures;
    {
      const FileSizeLimit full(20'000);
      EXPECT_TRUE(Eventually([&] { return store_->health().failures > failures; }));
    }
    EXPECT_TRUE(BecomesOk());
    stop = true;
    for (std::thread& writer : writers) writer.join();
    EXPECT_TRUE(BecomesOk());
    for (const std::string& key : acknowledged) ASSERT_TRUE(Has(key)) << key;
  }
  EXPECT_GT(acknowledged.size(), 20U);
}

}  // namespace
}  // namespace larder

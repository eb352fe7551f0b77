// A log whose last write a power cut tore, and one that is damaged: RocksDB's own logs, with pages
// taken out.
#include "cache/torn_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/cache/rocksdb_fixture.h"
#include "tests/support/file_bytes.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 4096;
constexpr int kBefore = 3;               // small writes
constexpr std::size_t kLarge = 150'000;  // bytes of the last one: records in five blocks

class TornLogTest : public RocksDbStoreTest {
 protected:
  TornLogTest() {
    options_.database = Database::kData;
    const auto store = Open();
    for (int i = 0; i < kBefore; ++i) Put(*store, i, 100);
    before_ = ReadBytes(Log()).size();
    Put(*store, kBefore, kLarge);
    bytes_ = ReadBytes(Log());
    // What says that the large one was acknowledged is not synced: a power cut may leave it as it
    // was.
    fs::copy(options_.path, dir_.path() + "/copy");
  }

  static void Put(Store& store, int number, std::size_t size) {
    WriteBatch batch;
    // No byte of it is like the next.
    std::string value(size, '\0');
    std::uint32_t word = 1;
    for (char& byte : value) byte = static_cast<char>((word = word * 1664525 + 1013904223) >> 24);
    batch.Put(Family::kPoints, NumberedKey(number), value);
    ASSERT_TRUE(store.Apply(batch).ok());
  }
  std::string Log() const { return FilesWith(".log").back(); }
  std::string Without(std::size_t page) const {
    std::string torn = bytes_;
    const std::size_t begin = std::max(page * kPage, before_);
    const std::size_t end = std::min((page + 1) * kPage, torn.size());
    if (begin < end) std::fill(torn.begin() + begin, torn.begin() + end, '\0');
    return torn;
  }
  // The directory as it was, with this log.
  RocksDbOptions With(const std::string& log) const {
    RocksDbOptions options = options_;
    options.path = dir_.path() + "/copy";
    const auto name = fs::path(Log()).filename();
    WriteBytes(options.path + "/" + name.string(), log);
    fs::remove(options.path + "/ACKNOWLEDGED");
    return options;
  }

  std::size_t before_ = 0;  // where the large one begins
  std::string bytes_;
};

TEST_F(TornLogTest, AWholeLogIsWhole) {
  EXPECT_EQ(StateOfLog(bytes_), LogState::kWhole);
  EXPECT_EQ(StateOfLog(bytes_.substr(0, before_)), LogState::kWhole);
  EXPECT_EQ(StateOfLog(""), LogState::kWhole);
}

TEST_F(TornLogTest, AnyPageOfTheLastWriteMayBeMissing) {
  for (std::size_t page = before_ / kPage; page * kPage < bytes_.size(); ++page) {
    EXPECT_EQ(StateOfLog(Without(page)), LogState::kTorn) << page;
  }
  EXPECT_EQ(StateOfLog(bytes_.substr(0, before_ + 5000)), LogState::kTorn) << "its end";
}

TEST_F(TornLogTest, WhatIsBadBeforeTheLastWriteIsDamage) {
  for (std::size_t at = 0; at < before_; ++at) {
    ASSERT_EQ(StateOfLog(WithFlippedBit(bytes_, at, at % 8)), LogState::kDamaged) << at;
  }
}

TEST_F(TornLogTest, ADatabaseGoesOnWithoutAWriteThatWasTorn) {
  int recovered_by_this = 0;
  for (std::size_t page = before_ / kPage; page * kPage < bytes_.size(); page += 3) {
    const auto options = With(Without(page));
    const auto opened = RocksDbStore::OpenOrReadOnly(options, clock_);
    ASSERT_TRUE(opened.ok()) << page;
    EXPECT_EQ(opened->damage, "") << page;
    EXPECT_EQ(Count(*opened->store, Family::kPoints), kBefore) << page;
    Put(*opened->store, 9, 10);
    ++recovered_by_this;
    fs::remove_all(options.path);
    fs::copy(options_.path, options.path);
  }
  EXPECT_GT(recovered_by_this, 5);
}

TEST_F(TornLogTest, ATornWriteThatWasAcknowledgedIsDamage) {
  auto options = With(Without(bytes_.size() / kPage / 2));
  fs::copy(options_.path + "/ACKNOWLEDGED", options.path + "/ACKNOWLEDGED");
  const auto opened = RocksDbStore::OpenOrReadOnly(options, clock_);
  ASSERT_TRUE(opened.ok());
  EXPECT_NE(opened->damage, "");
}

}  // namespace
}  // namespace larder

// A RocksDbStore in a directory of its own, and records to fill it with.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cache/record.h"
#include "cache/rocksdb_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace larder {

inline constexpr Family kFamily = Family::kEmbeddings;

inline std::string NumberedKey(int number) {
  return "key " + std::to_string(100000 + number);
}

// Writes records `from` to `to - 1`, one batch each; all live 30 days from the clock's start.
inline void Fill(Store& store, int from, int to, std::size_t payload_bytes = 100) {
  const RecordStamp stamp{ManualClock().Now(), std::chrono::hours(30 * 24)};
  for (int i = from; i < to; ++i) {
    WriteBatch batch;
    const std::string payload(payload_bytes, static_cast<char>('a' + i % 26));
    batch.Put(kFamily, NumberedKey(i), SealRecord(RecordKind::kEmbedding, stamp, payload));
    ASSERT_TRUE(store.Apply(batch).ok()) << i;
  }
}

inline int Count(const Store& store, Family family = kFamily) {
  int count = 0;
  EXPECT_TRUE(store
                  .ForEach(family, "",
                           [&](auto, auto) {
                             ++count;
                             return true;
                           })
                  .ok());
  return count;
}

inline std::unique_ptr<RocksDbStore> MustOpen(const RocksDbOptions& options, const Clock& clock) {
  auto opened = RocksDbStore::Open(options, clock);
  if (!opened.ok()) throw std::runtime_error(opened.error().message);
  return std::move(opened).value();
}

class RocksDbStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<RocksDbStore> Open() { return MustOpen(options_, clock_); }

  std::vector<std::filesystem::path> FilesWith(std::string_view part) const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(options_.path)) {
      if (entry.path().filename().string().find(part) != std::string::npos) {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  // What lies beside the database's directory.
  std::vector<std::string> Neighbours() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      if (entry.path() != options_.path) names.push_back(entry.path().filename());
    }
    return names;
  }

  TempDir dir_;
  ManualClock clock_;
  RocksDbOptions options_{dir_.path() + "/db"};
};

}  // namespace larder

// The database that must not be lost: what was acknowledged is there, or its absence is noticed;
// and nothing is ever moved, replaced or begun anew in its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <functional>
#include <map>

#include "tests/cache/rocksdb_fixture.h"

namespace larder {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr Family kPoints = Family::kPoints;

class RocksDbDataTest : public RocksDbStoreTest {
 protected:
  RocksDbDataTest() { options_.database = Database::kData; }

  static constexpr int kPerWrite = 10;

  // Stores points `from` to `to - 1`, several a write.
  static void Write(Store& store, int from, int to) {
    for (int i = from; i < to;) {
      WriteBatch batch;
      for (const int end = std::min(i + kPerWrite, to); i < end; ++i) {
        batch.Put(kPoints, NumberedKey(i), std::string(1000, static_cast<char>('a' + i % 26)));
      }
      ASSERT_TRUE(store.Apply(batch).ok()) << i;
    }
  }
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(options_.path)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("LOG") || name == "LOCK" || name.starts_with("OPTIONS")) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      files[name] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return files;
  }
};

TEST_F(RocksDbDataTest, KeepsARecordHoweverOldItIs) {
  const auto store = Open();
  WriteBatch batch;
  batch.Put(kPoints, "old",
            SealRecord(RecordKind::kRollup, {clock_.Now(), std::chrono::hours(1)}, ""));
  ASSERT_TRUE(store->Apply(batch).ok());
  clock_.Advance(std::chrono::hours(24 * 365 * 10));
  ASSERT_TRUE(store->CompactAll().ok());
  EXPECT_EQ(Count(*store, kPoints), 1);
}

TEST_F(RocksDbDataTest, IsNotOpenedInTheCachesDirectoryNorTheCacheInItsOwn) {
  Write(*Open(), 0, 10);
  RocksDbOptions cache = options_;
  cache.database = Database::kCache;
  const auto mistaken = RocksDbStore::OpenOrReplace(cache, clock_);
  ASSERT_FALSE(mistaken.ok());
  EXPECT_EQ(mistaken.error().code, ErrorCode::kIo);
  EXPECT_THAT(mistaken.error().message, HasSubstr("holds the collections database"));
  EXPECT_TRUE(Neighbours().empty()) << "it was moved aside";
  EXPECT_EQ(Count(*Open(), kPoints), 10);

  cache.path = dir_.path() + "/cache";
  (void)MustOpen(cache, clock_);
  RocksDbOptions data = options_;
  data.path = cache.path;
  const auto other = RocksDbStore::OpenOrReadOnly(data, clock_);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kIo);
  EXPECT_THAT(other.error().message, HasSubstr("holds the cache database"));
}

TEST_F(RocksDbDataTest, DeletesOnAFullDiskThoughThatWritesALittle) {
  Write(*Open(), 0, 2);
  options_.min_free_bytes = std::numeric_limits<std::uint64_t>::max();
  const auto store = Open();
  WriteBatch puts;
  puts.Put(kPoints, "key", "value");
  EXPECT_FALSE(store->Apply(puts).ok());
  WriteBatch deletes;
  deletes.Delete(kPoints, NumberedKey(0));
  deletes.Put(Family::kCollections, "collection", "one point less");
  EXPECT_TRUE(store->Apply(deletes).ok());
  deletes.Put(Family::kCollections, "collection", std::string(100'000, 'x'));
  EXPECT_FALSE(store->Apply(deletes).ok());
}

TEST_F(RocksDbDataTest, AnIncompleteRecordAtTheEndOfTheLogIsNoDamage) {
  {
    const auto store = Open();
    Write(*store, 0, 20);
  }
  // What a process leaves that is killed while it writes: nobody was told that it is stored.
  const auto log = FilesWith(".log").back();
  std::ifstream whole(log, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(whole), {});
  std::ofstream(log, std::ios::binary | std::ios::app) << bytes.substr(0, 700);
  const auto opened = RocksDbStore::OpenOrReadOnly(options_, clock_);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->damage, "");
  EXPECT_EQ(Count(*opened->store, kPoints), 20);
}

enum class Left { kNothing, kSomeFamilies, kSomePoints };

// A way to lose what was acknowledged, and what can still be read.
struct Loss {
  const char* name;
  Left left;
  std::function<void(RocksDbDataTest& test, const fs::path& directory)> inflict;
};

class LostDataTest : public RocksDbDataTest, public testing::WithParamInterface<Loss> {};

TEST_P(LostDataTest, IsNoticedAndNothingIsTouched) {
  {
    const auto store = Open();
    WriteBatch batch;
    batch.Put(Family::kCollections, "name", "collection");
    ASSERT_TRUE(store->Apply(batch).ok());
    Write(*store, 0, 200);
    ASSERT_TRUE(store->Flush().ok());
    Write(*store, 200, 300);
  }
  GetParam().inflict(*this, options_.path);
  const auto before = Files();
  for (int start = 0; start < 2; ++start) {
    const auto opened = RocksDbStore::OpenOrReadOnly(options_, clock_);
    const std::string damage = opened.ok() ? opened->damage : opened.error().message;
    EXPECT_THAT(damage, HasSubstr("the collections database is damaged: "));
    ASSERT_EQ(opened.ok(), GetParam().left != Left::kNothing) << damage;
    if (opened.ok()) {
      const Family family = GetParam().left == Left::kSomePoints ? kPoints : Family::kCollections;
      EXPECT_GT(Count(*opened->store, family), 0);
      WriteBatch batch;
      batch.Put(kPoints, "key", "value");
      const Status written = opened->store->Apply(batch);
      ASSERT_FALSE(written.ok());
      EXPECT_EQ(written.error().code, ErrorCode::kCorruption);
      EXPECT_EQ(written.error().message, damage);
      EXPECT_TRUE(opened->store->Flush().ok());
    }
    const auto replaced = RocksDbStore::OpenOrReplace(options_, clock_);
    ASSERT_FALSE(replaced.ok());
    EXPECT_EQ(replaced.error().code, ErrorCode::kCorruption);
  }
  EXPECT_TRUE(Neighbours().empty());
  EXPECT_TRUE(Files() == before);
}

void Flip(const fs::path& file, std::uintmax_t offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(stream.get() ^ 0x5a);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(byte);
}
fs::path LastWith(const fs::path& directory, std::string_view part) {
  fs::path last;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const bool named = entry.path().filename().string().find(part) != std::string::npos;
    if (named && entry.path() > last) last = entry.path();
  }
  return last;
}

fs::path LargestTable(const fs::path& directory) {
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  return largest;
}

const Loss kLosses[] = {
    {"LogCutInARecord", Left::kSomePoints,
     [](auto&, const fs::path& dir) {
       const auto log = LastWith(dir, ".log");
       fs::resize_file(log, fs::file_size(log) - 100);
     }},
    {"LogCutInHalf", Left::kSomePoints,
     [](auto&, const fs::path& dir) {
       const auto log = LastWith(dir, ".log");
       fs::resize_file(log, fs::file_size(log) / 2);
     }},
    {"LogCutToNothing", Left::kSomePoints,
     [](auto&, const fs::path& dir) { fs::resize_file(LastWith(dir, ".log"), 0); }},
    {"LogRemoved", Left::kSomePoints,
     [](auto&, const fs::path& dir) { fs::remove(LastWith(dir, ".log")); }},
    {"LogWithAFlippedByte", Left::kSomePoints,
     [](auto&, const fs::path& dir) { Flip(LastWith(dir, ".log"), 20'000); }},
    {"LogWithAFlippedLength", Left::kSomePoints,
     [](auto&, const fs::path& dir) { Flip(LastWith(dir, ".log"), 5); }},
    {"ManifestCutBetweenItsEdits", Left::kNothing,
     [](auto&, const fs::path& dir) {
       const auto manifest = LastWith(dir, "MANIFEST");
       fs::resize_file(manifest, fs::file_size(manifest) * 3 / 4);
     }},
    {"ManifestCutToNothing", Left::kNothing,
     [](auto&, const fs::path& dir) { fs::resize_file(LastWith(dir, "MANIFEST"), 0); }},
    {"ManifestMissing", Left::kNothing,
     [](auto&, const fs::path& dir) { fs::remove(LastWith(dir, "MANIFEST")); }},
    {"CurrentMissing", Left::kNothing,
     [](auto&, const fs::path& dir) { fs::remove(dir / "CURRENT"); }},
    {"TableMissing", Left::kSomeFamilies,
     [](auto&, const fs::path& dir) { fs::remove(LargestTable(dir)); }},
    {"EverythingMissingButTheNumber", Left::kNothing,
     [](auto&, const fs::path& dir) {
       for (const auto& entry : fs::directory_iterator(dir)) {
         if (entry.path().filename() != "ACKNOWLEDGED") fs::remove_all(entry.path());
       }
     }},
};
void PrintTo(const Loss& loss, std::ostream* out) {
  *out << loss.name;
}
INSTANTIATE_TEST_SUITE_P(By, LostDataTest, testing::ValuesIn(kLosses),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(RocksDbDataTest, GoesOnWithoutWhatIsMissingOnceItsNumberIsRemoved) {
  Write(*Open(), 0, 20);
  const auto log = FilesWith(".log").back();
  fs::resize_file(log, fs::file_size(log) - 10);
  ASSERT_FALSE(RocksDbStore::Open(options_, clock_).ok());
  fs::remove(fs::path(options_.path) / "ACKNOWLEDGED");
  const auto store = Open();
  EXPECT_EQ(Count(*store, kPoints), 20 - kPerWrite);
  Write(*store, 10, 30);
  EXPECT_EQ(Count(*store, kPoints), 30);
}

TEST_F(RocksDbDataTest, ADamagedBlockIsServedAroundFromItsNextOpeningOn) {
  {
    const auto store = Open();
    WriteBatch batch;
    for (int i = 0; i < 2000; ++i) {
      batch.Put(Family::kPointValues, NumberedKey(i), std::string(1000, 'v'));
    }
    ASSERT_TRUE(store->Apply(batch).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  for (const fs::path& file : FilesWith(".sst")) {
    if (fs::file_size(file) > 1'000'000) Flip(file, 500'000);
  }
  {
    const auto store = Open();
    EXPECT_FALSE(store->ForEach(Family::kPointValues, "", [](auto, auto) { return true; }).ok());
    EXPECT_EQ(store->condition().first, RocksDbStore::Condition::kFailed)
        << "it takes no more writes";
  }
  const auto opened = RocksDbStore::OpenOrReadOnly(options_, clock_);
  ASSERT_TRUE(opened.ok());
  EXPECT_THAT(opened->damage, HasSubstr("an earlier run found a damaged block"));
  const std::string key = NumberedKey(0);
  const std::array<std::string_view, 1> keys = {key};
  const auto values = opened->store->MultiGet(Family::kPointValues, keys);
  ASSERT_TRUE(values.ok());
  EXPECT_TRUE((*values)[0].has_value());
}

}  // namespace
}  // namespace larder

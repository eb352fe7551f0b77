// A damaged database is moved aside whole, never deleted, and never a reason not to start.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "cache/rocksdb_store.h"
#include "tests/cache/rocksdb_fixture.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

void Overwrite(const fs::path& file, std::uintmax_t offset, std::string_view bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream << bytes;
  ASSERT_TRUE(stream.flush().good());
}

// A damaged database, and how it came to be so.
struct Damage {
  const char* name;
  std::function<void(const std::vector<fs::path>& manifests, const fs::path& directory)> inflict;
};

class DamagedDatabaseTest : public RocksDbStoreTest,
                            public ::testing::WithParamInterface<Damage> {};

TEST_P(DamagedDatabaseTest, IsMovedAsideWholeAndReplaced) {
  {
    const auto store = Open();
    Fill(*store, 0, 200);
    ASSERT_TRUE(store->Flush().ok());
    Fill(*store, 200, 210);
  }
  GetParam().inflict(FilesWith("MANIFEST"), options_.path);
  std::map<std::string, std::uintmax_t> before;
  for (const char* part : {".sst", ".log", "MANIFEST", "CURRENT"}) {
    for (const fs::path& file : FilesWith(part)) before[file.filename()] = fs::file_size(file);
  }

  auto opened = RocksDbStore::Open(options_, clock_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption) << opened.error().message;

  options_.path += "/";  // as an operator may write it
  auto replaced = RocksDbStore::OpenOrReplace(options_, clock_);
  ASSERT_TRUE(replaced.ok()) << replaced.error().message;
  const std::string aside = replaced->moved_aside_to;
  EXPECT_EQ(fs::path(aside).parent_path(), dir_.path());
  for (const auto& [name, size] : before) {
    ASSERT_TRUE(fs::exists(fs::path(aside) / name)) << name << " was deleted";
    EXPECT_EQ(fs::file_size(fs::path(aside) / name), size) << name << " was altered";
  }
  EXPECT_EQ(Count(*replaced->store), 0);
  Fill(*replaced->store, 0, 10);
  replaced->store.reset();

  replaced = RocksDbStore::OpenOrReplace(options_, clock_);
  ASSERT_TRUE(replaced.ok());
  EXPECT_EQ(replaced->moved_aside_to, "") << "the new one is whole";
  EXPECT_EQ(Count(*replaced->store), 10);
}

void OverwriteAll(const fs::path& directory, std::string_view part,
                  const std::function<void(const fs::path&)>& change) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().string().find(part) != std::string::npos) change(entry.path());
  }
}

const Damage kDamages[] = {
    {"ManifestCutToNothing", [](auto& manifests, auto&) { fs::resize_file(manifests.back(), 0); }},
    {"ManifestCutInItsFirstEdit",
     [](auto& manifests, auto&) { fs::resize_file(manifests.back(), 20); }},
    {"ManifestWithAFlippedByte",
     [](auto& manifests, auto&) {
       Overwrite(manifests.back(), fs::file_size(manifests.back()) / 2, "\x5a");
     }},
    {"ManifestMissing", [](auto& manifests, auto&) { fs::remove(manifests.back()); }},
    {"CurrentMissing", [](auto&, auto& directory) { fs::remove(directory / "CURRENT"); }},
    {"CurrentEmpty", [](auto&, auto& directory) { fs::resize_file(directory / "CURRENT", 0); }},
    {"CurrentOverwritten",
     [](auto&, auto& directory) { std::ofstream(directory / "CURRENT") << "garbage\n"; }},
    {"CurrentNamesNoFile",
     [](auto&, auto& directory) { std::ofstream(directory / "CURRENT") << "MANIFEST-999999\n"; }},
    {"TableMissing",
     [](auto&, auto& directory) {
       OverwriteAll(directory, ".sst", [](const fs::path& file) { fs::remove(file); });
     }},
    {"TableCutInHalf",
     [](auto&, auto& directory) {
       OverwriteAll(directory, ".sst",
                    [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); });
     }},
    {"TableWithFlippedBytes",
     [](auto&, auto& directory) {
       OverwriteAll(directory, ".sst", [](const fs::path& file) {
         for (std::uintmax_t at = 0; at < fs::file_size(file); at += 64)
           Overwrite(file, at, "\xa5");
       });
     }},
};
void PrintTo(const Damage& damage, std::ostream* out) {
  *out << damage.name;
}
INSTANTIATE_TEST_SUITE_P(With, DamagedDatabaseTest, ::testing::ValuesIn(kDamages),
                         [](const auto& info) { return std::string(info.param.name); });

// A flipped byte that opening does not see. RocksDB refuses all writes once a compaction meets it.
class DamagedBlockTest : public RocksDbStoreTest {
 protected:
  static constexpr int kRecords = 3000;

  DamagedBlockTest() {
    {
      const auto store = Open();
      Fill(*store, 0, kRecords, 1000);
      EXPECT_TRUE(store->Flush().ok());
    }
    for (const fs::path& file : FilesWith(".sst")) {
      if (fs::file_size(file) > 2000000) Overwrite(file, 1000000, "damage");
    }
  }
  // The next start begins anew, and nothing of the old one is lost.
  void ExpectReplacedAtTheNextStart() {
    const auto replaced = RocksDbStore::OpenOrReplace(options_, clock_);
    ASSERT_TRUE(replaced.ok());
    EXPECT_NE(replaced->moved_aside_to, "");
    EXPECT_EQ(Count(*replaced->store), 0);
  }
};

TEST_F(DamagedBlockTest, IsCorruptionToItsReadersAndNoOneElse) {
  {
    const auto store = Open();
    int corrupt = 0;
    for (int i = 0; i < kRecords; ++i) {
      const std::string key = NumberedKey(i);
      const std::array<std::string_view, 1> keys = {key};
      const auto values = store->MultiGet(kFamily, keys);
      if (values.ok()) continue;
      ++corrupt;
      EXPECT_EQ(values.error().code, ErrorCode::kCorruption);
    }
    EXPECT_GT(corrupt, 0);
    EXPECT_LT(corrupt, 50);
  }
  ExpectReplacedAtTheNextStart();
}

TEST_F(DamagedBlockTest, EndsAScanWithCorruption) {
  {
    const auto store = Open();
    int visited = 0;
    const Status status = store->ForEach(kFamily, "", [&](auto, auto) {
      ++visited;
      return true;
    });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
    EXPECT_LT(visited, kRecords);
  }
  ExpectReplacedAtTheNextStart();
}

TEST_F(DamagedBlockTest, MetByACompactionIsLeftBehindAtTheNextStart) {
  {
    const auto store = Open();
    const Status compacted = store->CompactAll();
    ASSERT_FALSE(compacted.ok());
    EXPECT_EQ(compacted.error().code, ErrorCode::kIo);
    WriteBatch batch;
    batch.Put(kFamily, "key", "value");
    const Status written = store->Apply(batch);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, ErrorCode::kIo);
  }
  ExpectReplacedAtTheNextStart();
}

}  // namespace
}  // namespace larder

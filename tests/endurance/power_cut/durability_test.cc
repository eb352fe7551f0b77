// What is promised to survive a power cut, each by itself, and that the recorder sees every way in
// which files are changed. Each test runs its writing in a process with the recorder and cuts the
// power at its end; of what was not synced nothing is left.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "app/data_dir.h"
#include "base/clock.h"
#include "base/directory.h"
#include "base/secret_file.h"
#include "cache/rocksdb_store.h"
#include "tests/endurance/power_cut/survival.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temp_dir.h"
#include "vector/snapshot_file.h"

namespace larder {
namespace {

using power_cut::Model;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kActVariable = "LARDER_TEST_ACT";

void Write(const std::string& path, std::string_view bytes, bool sync) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  if (sync) {
    ASSERT_EQ(::fsync(fd), 0);
  }
  ::close(fd);
}

std::unique_ptr<RocksDbStore> OpenStore(const std::string& root, Database database,
                                        const Clock& clock) {
  RocksDbOptions options;
  options.path = root + "/db";
  options.database = database;
  auto opened = RocksDbStore::Open(options, clock);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(opened).value();
}
void Put(Store& store, Family family, std::string_view key) {
  WriteBatch batch;
  batch.Put(family, key, "value");
  ASSERT_TRUE(store.Apply(batch).ok());
}

// What a process does in the directory `root` before it dies, by name.
using Act = std::function<void(const std::string& root)>;
const std::map<std::string, Act>& Acts() {
  static const std::map<std::string, Act> acts = {
      {"writes of all kinds",
       [](const std::string& root) {
         Write(root + "/unsynced", "lost", false);
         Write(root + "/synced", "kept", true);
         const int fd = ::open((root + "/pieces").c_str(), O_RDWR | O_CREAT | O_APPEND, 0600);
         ASSERT_EQ(::write(fd, "ab", 2), 2);
         ASSERT_EQ(::write(fd, "cd", 2), 2);
         ASSERT_EQ(::ftruncate(fd, 3), 0);
         ASSERT_EQ(::fdatasync(fd), 0);
         ::close(fd);
         std::FILE* stream = std::fopen((root + "/stream").c_str(), "w");
         std::fputs("through stdio", stream);
         std::fflush(stream);
         ASSERT_EQ(::fsync(::fileno(stream)), 0);
         std::fputs(", lost", stream);
         std::fclose(stream);
         std::ofstream(root + "/ofstream") << "lost";
         std::filesystem::create_directories(root + "/sub/deep");
         Write(root + "/sub/deep/renamed-later", "moved", true);
         std::filesystem::rename(root + "/sub/deep/renamed-later", root + "/sub/deep/renamed");
         Write(root + "/sub/removed", "gone", true);
         std::filesystem::remove(root + "/sub/removed");
         std::filesystem::create_directory(root + "/sub/tree");
         Write(root + "/sub/tree/leaf", "gone", true);
         std::filesystem::remove_all(root + "/sub/tree");
         for (const char* directory : {"", "/sub", "/sub/deep"}) {
           ASSERT_TRUE(SyncDirectory(root + directory).ok());
         }
       }},
      {"a data directory",
       [](const std::string& root) {
         ASSERT_TRUE(DataDir::Open(root + "/new/data").ok());
         Write(root + "/new/data/probe", "x", true);
         ASSERT_TRUE(SyncDirectory(root + "/new/data").ok());
       }},
      {"a secret",
       [](const std::string& root) {
         const auto secret = ReadOrMakeSecret(root + "/secret", "the secret");
         ASSERT_TRUE(secret.ok());
         Write(root + "/told", *secret, true);
         // Its name alone, not that of the secret: that is durable already.
       }},
      {"a snapshot",
       [](const std::string& root) {
         auto writer = SnapshotWriter::Create(root + "/snapshot");
         ASSERT_TRUE(writer.ok());
         writer->Number(std::uint64_t{7});
         ASSERT_TRUE(writer->Commit().ok());
       }},
      {"data",
       [](const std::string& root) {
         const SystemClock clock;
         auto store = OpenStore(root, Database::kData, clock);
         Put(*store, Family::kPoints, "point");
         ::_exit(0);  // it would write more at its end
       }},
      {"a deletion of a cached entry",
       [](const std::string& root) {
         const SystemClock clock;
         auto store = OpenStore(root, Database::kCache, clock);
         Put(*store, Family::kResponses, "kept");
         Put(*store, Family::kResponses, "deleted");
         ASSERT_TRUE(store->Flush().ok());
         ASSERT_TRUE(SyncDirectory(root).ok());
         WriteBatch batch;
         batch.Delete(Family::kResponses, "deleted");
         ASSERT_TRUE(store->Apply(batch).ok());
         ASSERT_TRUE(store->Sync().ok());
         Put(*store, Family::kResponses, "unsynced");
         ::_exit(0);
       }},
  };
  return acts;
}

// Runs in the recorded process.
TEST(DurabilityTest, DISABLED_Acts) {
  Acts().at(std::getenv(kActVariable))(std::getenv("POWER_CUT_ROOT"));
}

class PowerCutTest : public testing::Test {
 protected:
  // Lets a recorded process act, and cuts the power at its end: left() is what there is then.
  void CutAfter(const std::string& act, Model model = Model::kStrict) {
    const std::string journal = dir_.path() + "/journal";
    const std::string root = dir_.path() + "/root";
    std::filesystem::create_directory(root);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("LD_PRELOAD", POWER_CUT_RECORDER, 1);
      ::setenv("POWER_CUT_ROOT", root.c_str(), 1);
      ::setenv("POWER_CUT_JOURNAL", journal.c_str(), 1);
      ::setenv(kActVariable, act.c_str(), 1);
      ::execl("/proc/self/exe", "acting", "--gtest_also_run_disabled_tests",
              "--gtest_filter=DurabilityTest.DISABLED_Acts", "--gtest_brief=1", nullptr);
      ::_exit(127);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    bytes_ = ReadBytes(journal);
    power_cut::Disk disk(dir_.path() + "/nothing");
    disk.Replay(bytes_, false);
    power_cut::CutPower(disk, model, 1, 0);
    Write(disk.root(), left());
  }
  std::string left() const { return dir_.path() + "/left"; }
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(left())) {
      if (entry.is_directory()) continue;
      files[entry.path().lexically_relative(left())] = ReadBytes(entry.path());
    }
    return files;
  }

 private:
  static void Write(const power_cut::Node& directory, const std::filesystem::path& path) {
    std::filesystem::create_directory(path);
    for (const auto& [name, node] : directory.entries) {
      if (node->is_directory) {
        Write(*node, path / name);
      } else {
        std::ofstream(path / name) << node->content;
      }
    }
  }

  TempDir dir_;
  std::string bytes_;
};

TEST_F(PowerCutTest, LeavesWhatWasSyncedHoweverItWasWritten) {
  CutAfter("writes of all kinds");
  EXPECT_THAT(
      Files(),
      ElementsAre(Pair("ofstream", ""), Pair("pieces", "abc"), Pair("stream", "through stdio"),
                  Pair("sub/deep/renamed", "moved"), Pair("synced", "kept"), Pair("unsynced", "")));
}

TEST_F(PowerCutTest, LeavesADataDirectoryThatWasMade) {
  CutAfter("a data directory");
  EXPECT_THAT(Files(), testing::Contains(Pair("new/data/probe", "x")));
}

TEST_F(PowerCutTest, LeavesASecretThatWasMade) {
  CutAfter("a secret");
  ASSERT_TRUE(Files().contains("secret"));
  EXPECT_EQ(Files().at("secret").size(), 32U);
}

TEST_F(PowerCutTest, LeavesASnapshotThatWasCommitted) {
  CutAfter("a snapshot");
  auto reader = SnapshotReader::Open(left() + "/snapshot");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->Number<std::uint64_t>(), 7U);
  EXPECT_TRUE(reader->EndsWhole());
}

TEST_F(PowerCutTest, LeavesDataThatWasAcknowledgedByTheVeryFirstRun) {
  CutAfter("data");
  const SystemClock clock;
  const auto store = OpenStore(left(), Database::kData, clock);
  const std::string_view key = "point";
  const auto found = store->MultiGet(Family::kPoints, {&key, 1});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)[0], "value");
}

TEST_F(PowerCutTest, LeavesDeletionsDeletedOnceTheStoreWasSynced) {
  CutAfter("a deletion of a cached entry");
  const SystemClock clock;
  const auto store = OpenStore(left(), Database::kCache, clock);
  const std::array<std::string_view, 3> keys = {"kept", "deleted", "unsynced"};
  const auto found = store->MultiGet(Family::kResponses, keys);
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(*found, ElementsAre("value", std::nullopt, std::nullopt));
}

}  // namespace
}  // namespace larder

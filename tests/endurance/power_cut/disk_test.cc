// What a power cut leaves, and what it may leave: the model that tests/endurance/run power rests
// on.
#include "tests/endurance/power_cut/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "tests/endurance/power_cut/survival.h"
#include "tests/support/temp_dir.h"

namespace larder::power_cut {
namespace {

constexpr int kSeeds = 200;

// A journal as a process would make it.
class Journal {
 public:
  Journal& Create(std::string_view path, std::uint32_t handle) {
    return Put(Kind::kOpen, handle, kCreated, path);
  }
  Journal& Open(std::string_view path, std::uint32_t handle) {
    return Put(Kind::kOpen, handle, 0, path);
  }
  Journal& Write(std::uint32_t handle, std::uint64_t offset, std::string_view bytes) {
    return Put(Kind::kWrite, handle, offset, {}, {}, bytes);
  }
  Journal& Sync(std::uint32_t handle) {
    ++syncs_;
    return Put(Kind::kSyncBegin, handle, syncs_).Put(Kind::kSyncEnd, handle, syncs_);
  }
  Journal& Put(Kind kind, std::uint32_t handle, std::uint64_t offset, std::string_view first = {},
               std::string_view second = {}, std::string_view bytes = {}) {
    (bytes_ += HeadOf(kind, handle, offset, first, second, bytes.size())) += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::uint64_t syncs_ = 0;
};

using Files = std::map<std::string, std::string>;

Files FilesOf(const Node& directory, const std::string& prefix = "") {
  Files files;
  for (const auto& [name, node] : directory.entries) {
    if (node->is_directory) {
      files.merge(FilesOf(*node, prefix + name + "/"));
    } else {
      files[prefix + name] = node->content;
    }
  }
  return files;
}

class DiskTest : public testing::Test {
 protected:
  Files Left(const Journal& journal, Model model, std::uint64_t seed, double chance,
             bool ignore_syncs = false) const {
    Disk disk(dir_.path());
    disk.Replay(journal.bytes(), ignore_syncs);
    CutPower(disk, model, seed, chance);
    return FilesOf(disk.root());
  }
  // Everything that may be left.
  std::set<Files> AllLeft(const Journal& journal, Model model) const {
    std::set<Files> all;
    for (int seed = 0; seed < kSeeds; ++seed) all.insert(Left(journal, model, seed, 0.5));
    return all;
  }
  void Before(const std::string& name, const std::string& content) const {
    std::ofstream(dir_.path() + "/" + name) << content;
  }

  TempDir dir_;
};

TEST_F(DiskTest, WhatWasThereBeforeIsThereAfter) {
  Before("old", "content");
  for (const Model model : {Model::kStrict, Model::kExt4}) {
    EXPECT_EQ(Left(Journal(), model, 1, 0), (Files{{"old", "content"}}));
  }
}

TEST_F(DiskTest, WhatWasNotSyncedMayBeLostAndMayBeThere) {
  Before("old", "content");
  Journal journal;
  journal.Open("old", 1).Write(1, 0, "CON").Create("new", 2).Write(2, 0, "x");
  for (const Model model : {Model::kStrict, Model::kExt4}) {
    EXPECT_EQ(Left(journal, model, 1, 0), (Files{{"old", "content"}}));
    EXPECT_EQ(Left(journal, model, 1, 1), (Files{{"old", "CONtent"}, {"new", "x"}}));
  }
}

TEST_F(DiskTest, WhatWasSyncedIsThere) {
  Journal journal;
  journal.Open("", 9).Create("new", 1).Write(1, 0, "synced").Sync(1).Sync(9).Write(1, 6, " more");
  for (const Model model : {Model::kStrict, Model::kExt4}) {
    EXPECT_EQ(Left(journal, model, 1, 0), (Files{{"new", "synced"}}));
    EXPECT_EQ(Left(journal, model, 1, 0, true), Files{}) << "syncs are ignored";
  }
}

TEST_F(DiskTest, ANameNeedsItsDirectorySyncedByPosixAndNotOnExt4) {
  Journal journal;
  journal.Create("new", 1).Write(1, 0, "x").Sync(1);
  EXPECT_EQ(Left(journal, Model::kStrict, 1, 0), Files{});
  EXPECT_EQ(Left(journal, Model::kExt4, 1, 0), (Files{{"new", "x"}}));
}

TEST_F(DiskTest, ASyncCoversOnlyWhatWasWrittenBeforeItBegan) {
  Journal journal;
  journal.Open("", 9).Create("new", 1).Sync(9).Write(1, 0, "a");
  journal.Put(Kind::kSyncBegin, 1, 77).Write(1, 1, "b").Put(Kind::kSyncEnd, 1, 77);
  EXPECT_EQ(Left(journal, Model::kStrict, 1, 0), (Files{{"new", "a"}}));
}

TEST_F(DiskTest, ARenameHappensOrNot) {
  Before("current", "old");
  Journal journal;
  journal.Open("", 9).Create("draft", 1).Write(1, 0, "new").Sync(1).Sync(9);
  journal.Put(Kind::kRename, 0, 0, "draft", "current");
  const std::set<Files> both = {{{"current", "old"}, {"draft", "new"}}, {{"current", "new"}}};
  EXPECT_EQ(AllLeft(journal, Model::kStrict), both);
  EXPECT_EQ(AllLeft(journal, Model::kExt4), both);
}

TEST_F(DiskTest, ARenameWithoutASyncOfTheContentMayLeaveAnEmptyFileByPosixAndNotOnExt4) {
  Before("current", "old");
  Journal journal;
  journal.Create("draft", 1).Write(1, 0, "new").Put(Kind::kRename, 0, 0, "draft", "current");
  EXPECT_TRUE(AllLeft(journal, Model::kStrict).contains({{"current", ""}}));
  for (const Files& left : AllLeft(journal, Model::kExt4)) {
    EXPECT_THAT(left.at("current"), testing::AnyOf("old", "new"));
  }
}

TEST_F(DiskTest, NamesOfADirectoryChangeInAnyOrderByPosixAndInTheirOwnOnExt4) {
  Journal journal;
  journal.Create("first", 1).Create("second", 2);
  const Files second_alone = {{"second", ""}};
  EXPECT_TRUE(AllLeft(journal, Model::kStrict).contains(second_alone));
  EXPECT_FALSE(AllLeft(journal, Model::kExt4).contains(second_alone));
}

TEST_F(DiskTest, WhatStandsInADirectoryIsLostWithItsName) {
  Journal journal;
  journal.Put(Kind::kMkdir, 0, 0, "sub").Create("sub/file", 1).Open("sub", 2).Sync(1).Sync(2);
  EXPECT_EQ(Left(journal, Model::kStrict, 1, 0), Files{});
  journal.Open("", 3).Sync(3);
  EXPECT_EQ(Left(journal, Model::kStrict, 1, 0), (Files{{"sub/file", ""}}));
}

TEST_F(DiskTest, AnyOfThePagesMayBeLeft) {
  const std::string page(4096, '-');
  Before("file", page + page + page);
  Journal journal;
  journal.Open("file", 1).Write(1, 0, std::string(3 * 4096, 'x'));
  std::set<std::string> seen;
  for (const Files& left : AllLeft(journal, Model::kExt4)) {
    const std::string& content = left.at("file");
    seen.insert({content[0], content[4096], content[8192]});
    for (std::size_t at = 0; at < content.size(); ++at) {
      ASSERT_EQ(content[at], content[at / 4096 * 4096]) << "a page is whole";
    }
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST_F(DiskTest, APageMayBeTornBetweenSectorsByPosix) {
  Before("file", std::string(4096, '-'));
  Journal journal;
  journal.Open("file", 1).Write(1, 0, std::string(4096, 'x'));
  bool torn = false;
  for (const Files& left : AllLeft(journal, Model::kStrict)) {
    const std::string& content = left.at("file");
    for (std::size_t at = 0; at < content.size(); ++at) {
      torn = torn || content[at] != content[0];
      ASSERT_EQ(content[at], content[at / 512 * 512]) << "a sector is whole";
    }
  }
  EXPECT_TRUE(torn);
}

TEST_F(DiskTest, WhatIsAppendedMayHaveHolesByPosixAndNotOnExt4) {
  Journal journal;
  journal.Open("", 9).Create("file", 1).Sync(9);
  for (int i = 0; i < 3; ++i) journal.Write(1, i * 4096U, std::string(4096, 'x'));
  const auto has_holes = [](const std::set<Files>& all) {
    return std::any_of(all.begin(), all.end(), [](const Files& files) {
      return files.at("file").find('\0') != std::string::npos;
    });
  };
  EXPECT_TRUE(has_holes(AllLeft(journal, Model::kStrict)));
  EXPECT_FALSE(has_holes(AllLeft(journal, Model::kExt4)));
}

TEST_F(DiskTest, ATornRecordAtTheEndDidNotHappen) {
  Journal journal;
  journal.Create("file", 1);
  const std::size_t whole = journal.bytes().size();
  journal.Write(1, 0, "lost");
  Disk disk(dir_.path());
  const std::string torn = journal.bytes().substr(0, journal.bytes().size() - 1);
  ASSERT_GT(torn.size(), whole);
  disk.Replay(torn, false);
  CutPower(disk, Model::kStrict, 1, 1);
  EXPECT_EQ(FilesOf(disk.root()), (Files{{"file", ""}}));
}

}  // namespace
}  // namespace larder::power_cut

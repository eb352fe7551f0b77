// A SpaceSet that is saved, loaded, and changed while it is saved.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/file_bytes.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/space_set.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDim = 8;

class SpaceSetSnapshotTest : public testing::Test {
 protected:
  SpaceSetSnapshotTest() : set_(std::make_unique<SpaceSet>(Options())) {}

  SpaceSet::Options Options() const {
    return {.memory_bytes = 50'000'000,
            .space = {.m = 4, .ef_construction = 20, .exact_below = 100},
            .directory = dir_.path() + "/spaces"};
  }
  void Store(const SpaceKey& space, std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      const Status status =
          set_->Upsert(space, kDim, {space + ":" + std::to_string(i), samples_.Random(kDim)});
      ASSERT_TRUE(status.ok()) << status.error().message;
    }
  }
  void Save(std::uint64_t watermark) {
    const Status saved = set_->Save(watermark);
    ASSERT_TRUE(saved.ok()) << saved.error().message;
  }
  SpaceSet::Loaded Restart() {
    set_ = std::make_unique<SpaceSet>(Options());
    return set_->Load();
  }
  std::vector<fs::path> Folders() const {
    std::vector<fs::path> folders;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(Options().directory, none)) {
      folders.push_back(entry.path());
    }
    return folders;
  }

  const TempDir dir_;
  VectorSamples samples_{1};
  std::unique_ptr<SpaceSet> set_;
};

TEST_F(SpaceSetSnapshotTest, GivesBackEverySpaceWithItsPointsAndItsWatermark) {
  Store("a", 0, 300);
  Store(std::string("b\0b", 3), 0, 5'000);
  Store("", 0, 3);
  while (set_->Work(100)) {
  }
  const auto query = samples_.Random(kDim);
  const auto before = set_->Search("a", query, {});
  const std::size_t bytes = set_->memory_bytes();
  Save(17);
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 3U);
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(set_->space_count(), 3U);
  EXPECT_EQ(set_->size(), 5'303U);
  EXPECT_NEAR(static_cast<double>(set_->memory_bytes()), static_cast<double>(bytes),
              static_cast<double>(bytes) / 4);
  EXPECT_EQ(set_->WatermarkOf("a"), 17U);
  EXPECT_EQ(set_->WatermarkOf(std::string("b\0b", 3)), 17U);
  EXPECT_EQ(set_->WatermarkOf("nobody's"), std::nullopt);
  const auto after = set_->Search("a", query, {});
  ASSERT_EQ(after->neighbours.size(), before->neighbours.size());
  for (std::size_t i = 0; i < after->neighbours.size(); ++i) {
    EXPECT_EQ(after->neighbours[i].id, before->neighbours[i].id);
  }
}

TEST_F(SpaceSetSnapshotTest, ASpaceThatWasMadeSinceHasNoWatermark) {
  Store("a", 0, 3);
  EXPECT_EQ(set_->WatermarkOf("a"), std::nullopt);
  Save(1);
  EXPECT_EQ(Restart().spaces, 1U);
  Store("b", 0, 3);
  EXPECT_EQ(set_->WatermarkOf("a"), 1U);
  EXPECT_EQ(set_->WatermarkOf("b"), std::nullopt);
}

TEST_F(SpaceSetSnapshotTest, ASpaceThatDidNotChangeKeepsItsSnapshotAndItsWatermark) {
  Store("a", 0, 3);
  Store("b", 0, 3);
  Save(1);
  Store("b", 3, 1);
  Save(2);
  EXPECT_TRUE(set_->Remove("a", "a:1"));
  Save(3);
  Restart();
  EXPECT_EQ(set_->WatermarkOf("a"), 3U);
  EXPECT_EQ(set_->WatermarkOf("b"), 2U);
  EXPECT_FALSE(set_->Contains("a", "a:1"));
  EXPECT_TRUE(set_->Contains("b", "b:3"));
}

TEST_F(SpaceSetSnapshotTest, WhatIsSavedAgainAfterALoadIsWhole) {
  Store("a", 0, 4'500);
  for (std::uint64_t round = 1; round < 4; ++round) {
    Save(round);
    EXPECT_EQ(Restart().spaces, 1U);
    EXPECT_EQ(set_->WatermarkOf("a"), round);
    Store("a", 1'000 * round, 2'000);
    set_->Work(5'000);
  }
  EXPECT_EQ(set_->size(), 5'000U);
}

TEST_F(SpaceSetSnapshotTest, ADroppedSpaceTakesItsFolderAlong) {
  Store("a", 0, 3);
  Store("b", 0, 3);
  Save(1);
  EXPECT_EQ(Folders().size(), 2U);
  EXPECT_TRUE(set_->DropSpace("a"));
  EXPECT_EQ(Folders().size(), 1U);
  EXPECT_EQ(Restart().spaces, 1U);
  EXPECT_EQ(set_->Find("a"), nullptr);
}

TEST_F(SpaceSetSnapshotTest, ADroppedSpaceThatIsStillReadTakesNothingFromItsSuccessor) {
  Store("a", 0, 4'500);
  auto found = set_->Find("a");
  EXPECT_TRUE(set_->DropSpace("a"));
  Store("a", 0, 4'500);
  EXPECT_TRUE(found->VectorOf("a:4444"));
  found.reset();
  Save(1);
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 1U);
  EXPECT_TRUE(loaded.problems.empty());
}

TEST_F(SpaceSetSnapshotTest, WithoutADirectoryNothingIsSavedOrLoaded) {
  SpaceSet set({.space = {.exact_below = 10}});
  ASSERT_TRUE(set.Upsert("a", 1, {"x", std::vector<float>{1}}).ok());
  EXPECT_TRUE(set.Save(1).ok());
  EXPECT_EQ(set.Load().spaces, 0U);
}

TEST_F(SpaceSetSnapshotTest, AnEmptyDirectoryOrNoneIsNoProblem) {
  const auto loaded = set_->Load();
  EXPECT_EQ(loaded.spaces, 0U);
  EXPECT_TRUE(loaded.problems.empty());
  Save(1);
}

TEST_F(SpaceSetSnapshotTest, WhatWasNeverSavedIsRemovedWithoutAWord) {
  Store("a", 0, 3);
  Store("b", 0, 4'500);
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 0U);
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(Folders().empty());
}

TEST_F(SpaceSetSnapshotTest, ASnapshotThatCannotBeReadIsToldOfAndStays) {
  Store("a", 0, 200);
  Save(1);
  const fs::path snapshot = Folders().at(0) / "snapshot";
  const fs::path whole = dir_.path() + "/whole";
  fs::rename(snapshot, whole);
  fs::create_symlink(snapshot, snapshot);  // leads nowhere but to itself: an error of the system
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 0U);
  EXPECT_EQ(loaded.problems.size(), 1U);
  ASSERT_EQ(Folders().size(), 1U);
  fs::remove(snapshot);
  fs::rename(whole, snapshot);
  EXPECT_EQ(Restart().spaces, 1U);
}

TEST_F(SpaceSetSnapshotTest, ADamagedSnapshotIsToldOfAndRemovedAndTheOthersLoad) {
  for (const char* file : {"snapshot", "space"}) {
    Store("a", 0, 200);
    Save(1);
    const fs::path folder = Folders().front();
    Store("b", 0, 200);
    Save(1);
    const std::string path = folder / file;
    const std::string whole = ReadBytes(path);
    WriteBytes(path, WithFlippedBit(whole, whole.size() / 2, 2));
    const auto loaded = Restart();
    EXPECT_EQ(loaded.spaces, 1U);
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_NE(loaded.problems[0].find(folder.string()), std::string::npos) << loaded.problems[0];
    EXPECT_FALSE(fs::exists(folder));
    EXPECT_EQ(set_->Find("a"), nullptr);
    // It may be made anew.
    Store("a", 0, 5);
    Save(2);
    EXPECT_EQ(Restart().spaces, 2U);
    EXPECT_TRUE(set_->DropSpace("a"));
    EXPECT_TRUE(set_->DropSpace("b"));
  }
}

TEST_F(SpaceSetSnapshotTest, ASnapshotWithoutItsVectorsIsToldOfAndRemoved) {
  Store("a", 0, 4'500);
  Save(1);
  for (const auto& entry : fs::directory_iterator(Folders().front())) {
    if (entry.path().extension() == ".f32") fs::remove(entry.path());
  }
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 0U);
  EXPECT_EQ(loaded.problems.size(), 1U);
  EXPECT_TRUE(Folders().empty());
}

TEST_F(SpaceSetSnapshotTest, AFolderThatHasTheNameOfAnotherSpaceIsToldOfAndRemoved) {
  Store("a", 0, 3);
  Store("b", 0, 3);
  Save(1);
  const auto folders = Folders();
  ASSERT_EQ(folders.size(), 2U);
  fs::rename(folders[0], dir_.path() + "/aside");
  fs::rename(folders[1], folders[0]);
  fs::rename(dir_.path() + "/aside", folders[1]);
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 0U);
  EXPECT_EQ(loaded.problems.size(), 2U);
  EXPECT_TRUE(Folders().empty());
}

TEST_F(SpaceSetSnapshotTest, WhatIsNoFolderOfASpaceIsLeftAlone) {
  Store("a", 0, 3);
  Save(1);
  std::ofstream(Options().directory + "/a file") << "somebody else's";
  fs::create_directories(Options().directory + "/a folder/in it");
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, 1U);
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(Folders().size(), 3U);
}

TEST_F(SpaceSetSnapshotTest, OtherOptionsMakeASnapshotUnusable) {
  Store("a", 0, 3);
  Save(1);
  SpaceSet::Options options = Options();
  options.space.metric = Metric::kEuclidean;
  set_ = std::make_unique<SpaceSet>(options);
  const auto loaded = set_->Load();
  EXPECT_EQ(loaded.spaces, 0U);
  EXPECT_EQ(loaded.problems.size(), 1U);
}

TEST_F(SpaceSetSnapshotTest, AFullDiskFailsTheSaveAndTheEarlierOneIsLoaded) {
  Store("a", 0, 300);
  Save(1);
  Store("a", 300, 300);
  Store("b", 0, 300);
  {
    const FileSizeLimit limit(1'000);
    const Status status = set_->Save(2);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
  }
  // What failed is due again.
  Save(3);
  EXPECT_EQ(Restart().spaces, 2U);
  EXPECT_EQ(set_->WatermarkOf("a"), 3U);
  EXPECT_EQ(set_->size(), 900U);
}

TEST_F(SpaceSetSnapshotTest, TheEarlierSnapshotIsLoadedAfterAFailedSave) {
  Store("a", 0, 300);
  Save(1);
  Store("a", 300, 300);
  {
    const FileSizeLimit limit(1'000);
    EXPECT_FALSE(set_->Save(2).ok());
  }
  EXPECT_EQ(Restart().spaces, 1U);
  EXPECT_EQ(set_->WatermarkOf("a"), 1U);
  EXPECT_EQ(set_->size(), 300U);
}

TEST_F(SpaceSetSnapshotTest, SpacesMayComeAndGoWhileTheyAreSaved) {
  std::atomic<bool> done = false;
  std::thread saver([&] {
    for (std::uint64_t watermark = 1; !done; ++watermark) {
      const Status saved = set_->Save(watermark);
      EXPECT_TRUE(saved.ok()) << saved.error().message;
    }
  });
  std::thread worker([&] {
    while (!done) set_->Work(20);
  });
  std::vector<std::thread> writers;
  for (std::uint64_t seed = 0; seed < 2; ++seed) {
    writers.emplace_back([&, seed] {
      VectorSamples samples(seed);
      for (int step = 0; step < 1'500; ++step) {
        const SpaceKey space = "space " + std::to_string(samples.Below(3));
        if (samples.Below(60) == 0) {
          static_cast<void>(set_->DropSpace(space));
          continue;
        }
        const Status status =
            set_->Upsert(space, kDim, {std::to_string(step), samples.Random(kDim)});
        EXPECT_TRUE(status.ok()) << status.error().message;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  saver.join();
  worker.join();
  Save(1'000'000);
  const std::size_t spaces = set_->space_count();
  const std::size_t points = set_->size();
  const auto loaded = Restart();
  EXPECT_EQ(loaded.spaces, spaces);
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(set_->size(), points);
}

TEST_F(SpaceSetSnapshotTest, ADroppedSpaceDoesNotComeBackWithARestart) {
  for (int round = 0; round < 20; ++round) {
    Store("a", 0, 400);
    std::thread saver([&] { EXPECT_TRUE(set_->Save(1).ok()); });
    EXPECT_TRUE(set_->DropSpace("a"));
    saver.join();
    EXPECT_EQ(Restart().spaces, 0U);
  }
}

}  // namespace
}  // namespace larder

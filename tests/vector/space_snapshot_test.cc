// What a VectorSpace is after it was saved and loaded.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <tuple>

#include "tests/support/file_size_limit.h"
#include "tests/support/space_pair.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 8;

std::string Id(std::size_t i) {
  return "point " + std::to_string(i);
}

// Metric, storage, points: 5,000 are beyond the first capacity, and their vectors in a file.
class SpaceSnapshotTest : public testing::TestWithParam<std::tuple<Metric, Storage, std::size_t>> {
 protected:
  SpaceSnapshotTest() : pair_(Options()) {
    for (std::size_t i = 0; i < count(); ++i) pair_.Upsert(Id(i), samples_.Random(kDim));
  }
  static Storage storage() { return std::get<1>(GetParam()); }
  static std::size_t count() { return std::get<2>(GetParam()); }

  VectorSpace::Options Options() const {
    return {.dim = kDim,
            .metric = std::get<0>(GetParam()),
            .storage = storage(),
            .m = 8,
            .ef_construction = 40,
            .exact_below = 100,
            .directory = dir_.path()};
  }
  std::string Path() const { return dir_.path() + "/snapshot"; }
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }
  void Save(std::uint64_t watermark = 1) {
    const Status saved = pair_.space->Save(Path(), watermark);
    ASSERT_TRUE(saved.ok()) << saved.error().message;
  }
  void Load(std::uint64_t watermark = 1) {
    pair_.space.reset();
    auto loaded = VectorSpace::Load(Path(), Options());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->watermark, watermark);
    pair_.space = std::move(loaded->space);
  }
  void ExpectRight() {
    pair_.ExpectSamePoints();
    for (int i = 0; i < 5; ++i) {
      const auto query = samples_.Random(kDim);
      pair_.ExpectExact(query, 10);
      EXPECT_GE(pair_.Search(query, {.k = 10, .ef_search = 300}),
                std::get<0>(GetParam()) == Metric::kDot ? 0.5 : 0.9);
    }
  }

  const TempDir dir_;
  VectorSamples samples_{1};
  SpacePair pair_;
};

TEST_P(SpaceSnapshotTest, GivesBackATail) {
  Save();
  Load();
  ExpectRight();
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, GivesBackAGraphThatAnswersTheSame) {
  pair_.WorkToTheEnd();
  const auto query = samples_.Random(kDim);
  const auto before = pair_.space->Search(query, {.k = 10});
  Save(7);
  Load(7);
  EXPECT_EQ(pair_.space->progress().waiting, 0U);
  const auto after = pair_.space->Search(query, {.k = 10});
  ASSERT_EQ(after->neighbours.size(), before->neighbours.size());
  EXPECT_EQ(after->exact, before->exact);
  for (std::size_t i = 0; i < after->neighbours.size(); ++i) {
    EXPECT_EQ(after->neighbours[i].id, before->neighbours[i].id);
    EXPECT_EQ(after->neighbours[i].score, before->neighbours[i].score);
  }
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, GivesBackWhatWasReplacedAndRemoved) {
  pair_.WorkToTheEnd();
  for (std::size_t i = 0; i < count(); i += 5) pair_.Remove(Id(i));
  for (std::size_t i = 1; i < count(); i += 9) pair_.Upsert(Id(i), samples_.Random(kDim));
  for (std::size_t i = 0; i < count(); i += 10) pair_.Upsert(Id(i), samples_.Random(kDim));
  Save();
  Load();
  ExpectRight();
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, IsUsedAsBeforeAndSavedAgain) {
  pair_.WorkToTheEnd();
  Save();
  for (std::uint64_t round = 2; round < 5; ++round) {
    Load(round - 1);
    for (std::size_t i = 0; i < count(); i += 3) {
      pair_.Upsert(Id(i + round), samples_.Random(kDim));
    }
    pair_.Remove(Id(round));
    if (round != 3) pair_.WorkToTheEnd();
    Save(round);
  }
  Load(4);
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, HoldsWhatWasThereWhenItWasSaved) {
  Save();
  const ReferenceSpace saved = pair_.reference;
  for (std::size_t i = 0; i < count(); i += 2) pair_.Upsert(Id(i), samples_.Random(kDim));
  for (std::size_t i = 1; i < count(); i += 2) pair_.Remove(Id(i));
  pair_.WorkToTheEnd();
  pair_.reference = saved;
  Load();
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, OfAnEmptySpaceIsEmpty) {
  for (std::size_t i = 0; i < count(); ++i) pair_.Remove(Id(i));
  Save();
  Load();
  ExpectRight();
  pair_.WorkToTheEnd();
  Save();
  Load();
  ExpectRight();
  pair_.Upsert("again", samples_.Random(kDim));
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, LeavesOneVectorFileAndNothingElse) {
  const bool in_file = count() > 4'096 && storage() != Storage::kFloat32;
  for (int round = 0; round < 3; ++round) {
    // All are replaced, so that the space is built anew, into another file.
    for (std::size_t i = 0; i < count(); ++i) pair_.Upsert(Id(i), samples_.Random(kDim));
    pair_.WorkToTheEnd();
    Save();
    EXPECT_EQ(Files().size(), in_file ? 2U : 1U);
  }
  std::ofstream(dir_.path() + "/vectors-77.f32") << "left by a crash";
  Load();
  EXPECT_EQ(Files().size(), in_file ? 2U : 1U);
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, OfBeforeARebuildIsStillWholeAfterACrash) {
  Save();
  const ReferenceSpace saved = pair_.reference;
  for (std::size_t i = 0; i < count(); ++i) pair_.Upsert(Id(i), samples_.Random(kDim));
  pair_.WorkToTheEnd();
  pair_.reference = saved;
  Load();
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, AFileThatAnInterruptedSaveLeftIsNoProblem) {
  Save();
  std::ofstream(Path() + ".new") << std::string(10'000, 'x');
  Load();
  ExpectRight();
  std::ofstream(Path() + ".new") << std::string(10'000'000, 'x');
  Save(2);
  Load(2);
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, AFullDiskFailsTheSaveAndLeavesTheEarlierOne) {
  Save(1);
  const ReferenceSpace saved = pair_.reference;
  for (std::size_t i = 0; i < count(); i += 2) pair_.Upsert(Id(i), samples_.Random(kDim));
  for (const std::size_t bytes : {0, 10, 1'000, 5'000}) {
    const FileSizeLimit limit(bytes);
    const Status status = pair_.space->Save(Path(), 2);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
  }
  ExpectRight();
  pair_.reference = saved;
  Load(1);
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, ADirectoryThatIsGoneFailsTheSave) {
  const Status status = pair_.space->Save(dir_.path() + "/none/snapshot", 2);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  ExpectRight();
}

TEST_P(SpaceSnapshotTest, WithoutPermissionTheSaveFails) {
  if (::geteuid() == 0) GTEST_SKIP() << "root is always permitted";
  std::filesystem::permissions(
      dir_.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const Status status = pair_.space->Save(Path(), 2);
  std::filesystem::permissions(dir_.path(), std::filesystem::perms::owner_all);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  ExpectRight();
}

INSTANTIATE_TEST_SUITE_P(
    All, SpaceSnapshotTest,
    testing::Values(std::tuple(Metric::kCosine, Storage::kFloat32, std::size_t{600}),
                    std::tuple(Metric::kCosine, Storage::kInt8, std::size_t{600}),
                    std::tuple(Metric::kEuclidean, Storage::kBf16, std::size_t{600}),
                    std::tuple(Metric::kDot, Storage::kInt8, std::size_t{50}),
                    std::tuple(Metric::kEuclidean, Storage::kFloat32, std::size_t{5'000}),
                    std::tuple(Metric::kDot, Storage::kBf16, std::size_t{5'000}),
                    std::tuple(Metric::kCosine, Storage::kInt8, std::size_t{5'000})),
    [](const auto& info) {
      return std::string(MetricName(std::get<0>(info.param))) + "_" +
             std::string(StorageName(std::get<1>(info.param))) + "_" +
             std::to_string(std::get<2>(info.param));
    });

TEST(SpaceDiskTest, AFullOneFailsTheUpsertAndTheEarlierPointStays) {
  const TempDir dir;
  SpacePair pair({.dim = kDim, .exact_below = 100'000, .directory = dir.path()});
  VectorSamples samples(1);
  for (std::size_t i = 0; i < 4'200; ++i) pair.Upsert(Id(i), samples.Random(kDim));
  const auto vector = samples.Random(kDim);
  {
    const FileSizeLimit limit(4'200 * kDim * sizeof(float));
    for (const std::string& id : {Id(3), std::string("new")}) {
      const Status status = pair.space->Upsert({id, vector});
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.error().code, ErrorCode::kIo);
    }
    pair.ExpectSamePoints();
    pair.ExpectExact(vector, 10);
  }
  pair.Upsert(Id(3), vector);
  pair.ExpectSamePoints();
  pair.ExpectExact(vector, 10);
  ASSERT_TRUE(pair.space->Save(dir.path() + "/snapshot", 1).ok());
  auto loaded = VectorSpace::Load(dir.path() + "/snapshot", pair.space->options());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->space->Ids(), pair.space->Ids());
}

TEST(SpaceDiskTest, AFullOneFailsTheGrowthAndTheEarlierPointsStay) {
  const TempDir dir;
  SpacePair pair({.dim = kDim, .exact_below = 100'000, .directory = dir.path()});
  VectorSamples samples(1);
  for (std::size_t i = 0; i < 4'096; ++i) pair.Upsert(Id(i), samples.Random(kDim));
  const auto vector = samples.Random(kDim);
  {
    const FileSizeLimit limit(10'000);
    const Status status = pair.space->Upsert({"new", vector});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  pair.ExpectSamePoints();
  pair.ExpectExact(vector, 10);
  pair.Upsert("new", vector);
  pair.ExpectExact(vector, 10);
}

TEST(SpaceDiskTest, AFullOneFailsARebuildAndNothingElse) {
  const TempDir dir;
  SpacePair pair({.dim = kDim, .exact_below = 100'000, .directory = dir.path()});
  VectorSamples samples(1);
  for (std::size_t i = 0; i < 9'000; ++i) pair.Upsert(Id(i), samples.Random(kDim));
  for (std::size_t i = 0; i < 3'000; ++i) pair.Remove(Id(i));
  {
    const FileSizeLimit limit(50'000);
    while (pair.space->Work(100)) {
    }
    EXPECT_FALSE(pair.space->progress().rebuilding);
  }
  pair.ExpectSamePoints();
  pair.ExpectExact(samples.Random(kDim), 10);
}

}  // namespace
}  // namespace larder

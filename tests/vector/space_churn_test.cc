// A VectorSpace whose points come and go.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/sanitized.h"
#include "tests/support/space_pair.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 32;
constexpr std::size_t kPoints = kSanitized ? 1'000 : 3'000;
constexpr std::size_t kRounds = 10;

std::string Id(std::size_t i) {
  return "point " + std::to_string(i);
}

class SpaceChurnTest : public testing::TestWithParam<Storage> {
 protected:
  SpaceChurnTest() : pair_(Options()) {
    vectors_ = VectorSamples(1).Clustered(kPoints * 4 + 50, kDim, 40);
    queries_.assign(vectors_.end() - 50, vectors_.end());
    for (std::size_t i = 0; i < kPoints; ++i) pair_.Upsert(Id(i), NextVector());
    pair_.WorkToTheEnd();
  }
  static VectorSpace::Options Options() {
    return {.dim = kDim, .storage = GetParam(), .ef_construction = 100, .exact_below = 200};
  }
  const std::vector<float>& NextVector() { return vectors_[next_++ % (vectors_.size() - 50)]; }
  std::size_t FreshBytes() const {
    SpacePair fresh(Options());
    for (const std::string& id : pair_.space->Ids()) {
      fresh.Upsert(id, pair_.reference.VectorOf(id));
    }
    fresh.WorkToTheEnd();
    return fresh.space->memory_bytes();
  }
  double Recall() { return pair_.MeanRecall(queries_, {.k = 10}); }

  SpacePair pair_;
  VectorSamples samples_{2};
  std::vector<std::vector<float>> vectors_;
  std::vector<std::vector<float>> queries_;
  std::size_t next_ = 0;
};

TEST_P(SpaceChurnTest, KeepsItsRecallAndItsSizeOverManyReplacements) {
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kPoints * 3 / 10; ++i) {
      pair_.Upsert(Id(samples_.Below(kPoints)), NextVector());
    }
    EXPECT_GE(Recall(), 0.98) << "before the work of round " << round;
    pair_.WorkToTheEnd();
    EXPECT_GE(Recall(), 0.98) << "after the work of round " << round;
  }
  pair_.ExpectSamePoints();
  EXPECT_LE(pair_.space->memory_bytes(), FreshBytes() * 14 / 10);
}

TEST_P(SpaceChurnTest, FindsTheRightPointsThoughHalfAreDeadAndNothingIsBuiltAnew) {
  for (std::size_t i = 0; i < kPoints; i += 2) pair_.Remove(Id(i));
  EXPECT_GE(Recall(), 0.99);
  EXPECT_FALSE(pair_.was_exact);
  for (std::size_t i = 1; i < kPoints * 9 / 10; i += 2) pair_.Remove(Id(i));
  EXPECT_GE(Recall(), 0.99);
}

TEST_P(SpaceChurnTest, GivesItsMemoryBackWhenEverythingIsRemoved) {
  const std::size_t before = pair_.space->memory_bytes();
  for (std::size_t i = 0; i < kPoints; ++i) pair_.Remove(Id(i));
  pair_.WorkToTheEnd();
  EXPECT_LT(pair_.space->memory_bytes(), before / 20);
  pair_.ExpectSamePoints();
}

INSTANTIATE_TEST_SUITE_P(All, SpaceChurnTest,
                         testing::Values(Storage::kFloat32, Storage::kBf16, Storage::kInt8),
                         [](const auto& info) { return std::string(StorageName(info.param)); });

class SpaceGrowthTest : public testing::TestWithParam<bool> {
 protected:
  const TempDir dir_;
  const VectorSpace::Options options_ = {.dim = 4,
                                         .m = 4,
                                         .ef_construction = 10,
                                         .exact_below = 1'000,
                                         .directory = GetParam() ? dir_.path() : ""};
  std::size_t Files() const {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      files += entry.path().extension() == ".f32";
    }
    return files;
  }
};

TEST_P(SpaceGrowthTest, BeyondTheFirstCapacityLosesNothing) {
  SpacePair pair(options_);
  VectorSamples samples(1);
  for (std::size_t i = 0; i < 4'000; ++i) pair.Upsert(Id(i), samples.Random(4));
  EXPECT_EQ(Files(), 0U);
  for (std::size_t i = 0; i < 100; ++i) pair.Remove(Id(i));
  pair.space->Work(2'000);
  for (std::size_t i = 4'000; i < 5'000; ++i) {
    pair.Upsert(Id(i), samples.Random(4), {{"late", {true}}});
    if (i % 64 == 0) pair.ExpectExact(samples.Random(4), 5);
  }
  EXPECT_EQ(Files(), GetParam() ? 1U : 0U);
  pair.ExpectSamePoints();
  const Filter late = Filter::Compare(Filter::Op::kEq, "late", {true});
  pair.ExpectExact(samples.Random(4), 10, &late);
  pair.WorkToTheEnd();
  pair.ExpectSamePoints();
  pair.ExpectExact(samples.Random(4), 10);
}

TEST_P(SpaceGrowthTest, BesideARebuildLosesNothing) {
  SpacePair pair(options_);
  VectorSamples samples(2);
  for (std::size_t i = 0; i < 4'000; ++i) pair.Upsert(Id(i), samples.Random(4));
  pair.WorkToTheEnd();
  for (std::size_t i = 0; i < 1'500; ++i) pair.Remove(Id(i));
  pair.space->Work(1);
  ASSERT_TRUE(pair.space->progress().rebuilding);
  for (std::size_t i = 4'000; i < 4'300; ++i) {
    pair.Upsert(Id(i), samples.Random(4));
    if (i % 50 == 0) pair.space->Work(1);
  }
  pair.ExpectSamePoints();
  pair.WorkToTheEnd();
  pair.ExpectSamePoints();
  pair.ExpectExact(samples.Random(4), 10);
  // Small again, and in memory.
  EXPECT_EQ(Files(), 0U);
}

TEST_P(SpaceGrowthTest, VectorFilesGoWithTheSpaceThatWasNotSaved) {
  {
    SpacePair pair(options_);
    VectorSamples samples(3);
    for (std::size_t i = 0; i < 4'200; ++i) pair.Upsert(Id(i), samples.Random(4));
    EXPECT_EQ(Files(), GetParam() ? 1U : 0U);
  }
  EXPECT_EQ(Files(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, SpaceGrowthTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "IntoAFile" : "InMemory"; });

TEST(SpaceTailTest, IsHeldAtItsMostByThoseWhoFillIt) {
  // exact_below matters only until there is a graph.
  auto pair = SpacePair({.dim = 4, .m = 4, .ef_construction = 10, .exact_below = 500, .tail = 50});
  VectorSamples samples(1);
  for (std::size_t i = 0; i < 600; ++i) pair.Upsert(Id(i), samples.Random(4));
  pair.WorkToTheEnd();
  for (std::size_t i = 600; i < 1'200; ++i) {
    pair.Upsert(Id(i), samples.Random(4));
    ASSERT_LE(pair.space->progress().waiting, 50U) << i;
  }
  pair.ExpectExact(samples.Random(4), 10);
}

}  // namespace
}  // namespace larder

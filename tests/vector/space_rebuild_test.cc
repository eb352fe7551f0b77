// What happens to a VectorSpace while it is built anew, a little with each Work().
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/space_pair.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 8;

class SpaceRebuildTest : public testing::TestWithParam<Storage> {
 protected:
  SpaceRebuildTest() : pair_(Options()) {
    for (std::size_t i = 0; i < 1000; ++i) Store(i);
    pair_.WorkToTheEnd();
  }
  static VectorSpace::Options Options() {
    return {.dim = kDim, .storage = GetParam(), .m = 8, .ef_construction = 40, .exact_below = 100};
  }
  static std::string Id(std::size_t i) { return "point " + std::to_string(i); }
  void Store(std::size_t i) {
    pair_.Upsert(Id(i), samples_.Random(kDim), {{"number", {static_cast<double>(i)}}});
  }
  VectorSpace& space() { return *pair_.space; }
  bool Rebuilding() { return space().progress().rebuilding; }
  // Removes so many that a rebuild is due, and begins it.
  void Begin(std::size_t removed = 400) {
    for (std::size_t i = 0; i < removed; ++i) pair_.Remove(Id(i));
    EXPECT_TRUE(space().Work(1));
    EXPECT_TRUE(Rebuilding());
  }
  void ExpectRight() {
    pair_.ExpectSamePoints();
    const Filter filter = Filter::Compare(Filter::Op::kGte, "number", {800.0});
    EXPECT_EQ(space().Matching(filter), pair_.reference.Matching(filter));
    for (int i = 0; i < 5; ++i) {
      const auto query = samples_.Random(kDim);
      pair_.ExpectExact(query, 10);
      pair_.ExpectExact(query, 10, &filter);
      EXPECT_GE(pair_.Search(query, {.k = 10, .ef_search = 200}), 0.8);
    }
  }

  VectorSamples samples_{1};
  SpacePair pair_;
};

TEST_P(SpaceRebuildTest, IsDueWhenMoreThanAQuarterIsDead) {
  for (std::size_t i = 0; i < 250; ++i) pair_.Remove(Id(i));
  EXPECT_FALSE(space().Work(1));
  pair_.Remove(Id(250));
  const std::size_t before = space().memory_bytes();
  EXPECT_TRUE(space().Work(1));
  EXPECT_TRUE(Rebuilding());
  pair_.WorkToTheEnd();
  EXPECT_FALSE(Rebuilding());
  EXPECT_LT(space().memory_bytes(), before * 8 / 10);
  ExpectRight();
}

TEST_P(SpaceRebuildTest, IsDueForLittleWhenMemoryIsShort) {
  for (std::size_t i = 0; i < 70; ++i) pair_.Remove(Id(i));
  EXPECT_FALSE(space().Work(1));
  space().Reclaim();
  EXPECT_TRUE(space().Work(1));
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceRebuildTest, SearchesAreRightAtEachStepOfIt) {
  Begin();
  int steps = 0;
  while (Rebuilding()) {
    space().Work(3);
    if (steps++ % 10 == 0) ExpectRight();
  }
  EXPECT_GT(steps, 50);
  ExpectRight();
}

TEST_P(SpaceRebuildTest, WhatIsStoredMeanwhileIsThereAfterwards) {
  Begin();
  std::size_t next = 1000;
  while (Rebuilding()) {
    Store(next++);       // new
    Store(next % 1000);  // replaced, or back again
    space().Work(4);
  }
  EXPECT_GT(next, 1050U);
  ExpectRight();
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceRebuildTest, WhatIsRemovedMeanwhileStaysRemoved) {
  Begin();
  std::size_t next = 400;
  while (Rebuilding()) {
    pair_.Remove(Id(next));  // one that was copied already, or will be
    pair_.Remove(Id(1399 - next));
    space().Work(4);
    ++next;
  }
  EXPECT_GT(next, 450U);
  ExpectRight();
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceRebuildTest, WhatIsRemovedAndStoredAgainMeanwhileIsThereOnce) {
  Begin();
  for (std::size_t i = 400; Rebuilding() && i < 1000; ++i) {
    pair_.Remove(Id(i));
    Store(i);
    if (i % 2 == 0) pair_.Remove(Id(i));
    space().Work(5);
  }
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceRebuildTest, MetadataThatIsSetMeanwhileIsKept) {
  Begin();
  for (std::size_t i = 400; Rebuilding() && i < 500; ++i) {
    pair_.SetMetadata(Id(i), {{"number", {static_cast<double>(2000 + i)}}});
    pair_.SetMetadata(Id(1399 - i), {{"number", {static_cast<double>(i)}}});
    space().Work(3);
  }
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceRebuildTest, EndsWhileMetadataIsSetAllTheTime) {
  Begin();
  for (int step = 0; step < 2000; ++step) {
    pair_.SetMetadata(Id(999), {{"number", {static_cast<double>(step)}}});
    if (!space().Work(3)) break;
  }
  EXPECT_FALSE(Rebuilding());
  // Nothing dead is left.
  auto fresh = SpacePair(Options());
  for (const std::string& id : space().Ids()) {
    fresh.Upsert(id, pair_.reference.VectorOf(id), pair_.reference.MetadataOf(id));
  }
  fresh.WorkToTheEnd();
  EXPECT_LT(space().memory_bytes(), fresh.space->memory_bytes() * 12 / 10);
  ExpectRight();
}

TEST_P(SpaceRebuildTest, MoreMayBeStoredMeanwhileThanASmallSpaceHolds) {
  // 3,600 live ones are copied into a small space, which holds 4,096.
  for (std::size_t i = 1000; i < 4'000; ++i) Store(i);
  pair_.WorkToTheEnd();
  for (std::size_t i = 0; i < 4'000; ++i) {
    if (i % 10 != 0) Store(i);
    if (i % 16 == 0) space().Work(8);
  }
  for (std::size_t i = 4'000; i < 9'000; ++i) {
    Store(i);
    space().Work(1);
    ASSERT_FALSE(HasFailure()) << i;
  }
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceRebuildTest, OfASpaceWithoutPointsLeavesAnEmptyOne) {
  const std::size_t before = space().memory_bytes();
  for (std::size_t i = 0; i < 1000; ++i) pair_.Remove(Id(i));
  pair_.WorkToTheEnd();
  EXPECT_LT(space().memory_bytes(), before / 20);
  ExpectRight();
  Store(1);
  ExpectRight();
}

TEST_P(SpaceRebuildTest, DuringASaveIsNotInTheSnapshotAndNotLost) {
  const TempDir dir;
  Begin();
  ASSERT_TRUE(space().Save(dir.path() + "/snapshot", 1).ok());
  EXPECT_TRUE(Rebuilding());
  auto loaded = VectorSpace::Load(dir.path() + "/snapshot", Options());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->space->Ids(), space().Ids());
  pair_.WorkToTheEnd();
  ExpectRight();
}

INSTANTIATE_TEST_SUITE_P(All, SpaceRebuildTest,
                         testing::Values(Storage::kFloat32, Storage::kBf16, Storage::kInt8),
                         [](const auto& info) { return std::string(StorageName(info.param)); });

}  // namespace
}  // namespace larder

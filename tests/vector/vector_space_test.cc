#include "vector/vector_space.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"

namespace larder {
namespace {

TEST(VectorSpaceTest, FindsWhatWasStoredAndNotWhatWasRemoved) {
  auto space = std::move(VectorSpace::Create({.dim = 2})).value();
  ASSERT_TRUE(space->Upsert({"a", std::vector<float>{1, 0}}).ok());
  ASSERT_TRUE(space->Upsert({"b", std::vector<float>{0, 2}}).ok());
  auto found = space->Search(std::vector<float>{0, 1}, {});
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->neighbours.size(), 2U);
  EXPECT_EQ(found->neighbours[0].id, "b");
  EXPECT_FLOAT_EQ(found->neighbours[0].score, 1);
  EXPECT_TRUE(space->Remove("b"));
  found = space->Search(std::vector<float>{0, 1}, {});
  ASSERT_EQ(found->neighbours.size(), 1U);
  EXPECT_EQ(found->neighbours[0].id, "a");
}

TEST(VectorSpaceTest, SurvivesASnapshotWithItsGraph) {
  const TempDir dir;
  const VectorSpace::Options options{.dim = 32, .exact_below = 100, .directory = dir.path()};
  const auto vectors = VectorSamples(1).Clustered(6000, 32, 20);
  auto space = std::move(VectorSpace::Create(options)).value();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    ASSERT_TRUE(space->Upsert({std::to_string(i), vectors[i]}).ok());
  }
  while (space->Work(100)) {
  }
  for (std::size_t i = 0; i < 2000; ++i) EXPECT_TRUE(space->Remove(std::to_string(i)));
  const auto before = space->Search(vectors[5000], {.k = 20});
  ASSERT_TRUE(space->Save(dir.path() + "/snapshot", 42).ok());
  space.reset();
  auto loaded = VectorSpace::Load(dir.path() + "/snapshot", options);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->watermark, 42U);
  space = std::move(loaded->space);
  EXPECT_EQ(space->size(), 4000U);
  const auto after = space->Search(vectors[5000], {.k = 20});
  ASSERT_TRUE(after.ok());
  EXPECT_FALSE(after->exact);
  ASSERT_EQ(after->neighbours.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(after->neighbours[i].id, before->neighbours[i].id);
  while (space->Work(100)) {
  }
  EXPECT_FALSE(space->progress().rebuilding);
  const auto rebuilt = space->Search(vectors[5000], {.k = 20});
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(rebuilt->neighbours[i].id, before->neighbours[i].id);
  }
}

}  // namespace
}  // namespace larder

#include "vector/vector_space.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 8;

void Fill(VectorSpace& space, std::uint64_t first, std::uint64_t end) {
  VectorSamples samples(first + 1);
  for (std::uint64_t label = first; label < end; ++label) {
    ASSERT_TRUE(space.Add(label, samples.Random(kDim)).ok());
  }
}

TEST(VectorSpaceTest, IsExactUpToTheCrossoverAndAGraphAboveIt) {
  VectorSpace space({.dim = kDim, .crossover = 50});
  Fill(space, 0, 50);
  EXPECT_TRUE(space.exact());
  Fill(space, 50, 51);
  EXPECT_FALSE(space.exact());
  EXPECT_EQ(space.size(), 51U);
}

TEST(VectorSpaceTest, AReplacedVectorDoesNotCountTowardsTheCrossover) {
  VectorSpace space({.dim = kDim, .crossover = 50});
  Fill(space, 0, 50);
  Fill(space, 0, 50);
  EXPECT_TRUE(space.exact());
}

TEST(VectorSpaceTest, StaysAGraphWhenItShrinks) {
  VectorSpace space({.dim = kDim, .crossover = 50});
  Fill(space, 0, 51);
  for (std::uint64_t label = 0; label < 51; ++label) EXPECT_TRUE(space.Remove(label));
  EXPECT_FALSE(space.exact());
  EXPECT_EQ(space.size(), 0U);
}

TEST(VectorSpaceTest, StaysExactWhenTheGraphCannotBeMade) {
  VectorSpace space({.dim = kDim, .crossover = 50, .hnsw = {.m = 1}});
  Fill(space, 0, 200);
  EXPECT_TRUE(space.exact());
  EXPECT_EQ(space.size(), 200U);
}

TEST(VectorSpaceTest, TheMoveKeepsEveryVector) {
  VectorSpace space({.dim = kDim, .crossover = 50});
  Fill(space, 0, 50);
  const auto query = VectorSamples(99).Random(kDim);
  const auto before = *space.Search(query, {.k = 50});
  Fill(space, 50, 51);
  auto after = *space.Search(query, {.k = 51});
  std::erase_if(after, [](const Neighbour& neighbour) { return neighbour.label == 50; });
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].label, before[i].label);
    EXPECT_FLOAT_EQ(after[i].score, before[i].score);
  }
}

TEST(VectorSpaceTest, SearchesFindEveryVectorThroughoutTheMove) {
  constexpr std::uint64_t kStored = 200;
  VectorSpace space({.dim = kDim, .crossover = kStored});
  Fill(space, 0, kStored);
  std::atomic<bool> searching{false};
  std::atomic<bool> done{false};
  std::atomic<std::size_t> missing{0};
  std::thread searcher([&] {
    VectorSamples samples(7);
    while (!done.load()) {
      const auto found = space.Search(samples.Random(kDim), {.k = kStored});
      if (!found.ok() || found->size() < kStored) missing.fetch_add(1);
      searching.store(true);
      searching.notify_one();
    }
  });
  searching.wait(false);
  Fill(space, kStored, kStored + 1);
  EXPECT_FALSE(space.exact());
  done.store(true);
  searcher.join();
  EXPECT_EQ(missing.load(), 0U);
}

TEST(VectorSpaceTest, MemoryGrowsByNoMoreThanNextAddBytes) {
  VectorSpace space({.dim = kDim, .crossover = 300});
  VectorSamples samples(8);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t label = i % 600;
    const std::size_t bound = space.memory_bytes() + space.NextAddBytes(label);
    ASSERT_TRUE(space.Add(label, samples.Random(kDim)).ok());
    ASSERT_LE(space.memory_bytes(), bound) << i;
  }
}

}  // namespace
}  // namespace larder

#include "vector/space_set.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 4;

Status Store(SpaceSet& set, const SpaceKey& space, std::size_t dim, std::uint64_t id,
             const std::vector<float>& vector) {
  return set.Upsert(space, dim, {std::to_string(id), vector});
}

std::vector<std::string> FoundIds(const SpaceSet& set, const SpaceKey& space,
                                  const std::vector<float>& query) {
  const auto found = set.Search(space, query, {});
  EXPECT_TRUE(found.ok());
  std::vector<std::string> ids;
  for (const Neighbour& neighbour : found->neighbours) ids.push_back(neighbour.id);
  return ids;
}

TEST(SpaceSetTest, IsEmptyAtFirst) {
  const SpaceSet set({});
  EXPECT_EQ(set.space_count(), 0U);
  EXPECT_EQ(set.size(), 0U);
  EXPECT_EQ(set.memory_bytes(), 0U);
  EXPECT_EQ(set.refused(), 0U);
  EXPECT_TRUE(set.List().empty());
}

TEST(SpaceSetTest, CreatesASpaceOnFirstUse) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, "a", kDim, 1, {1.0F, 0.0F, 0.0F, 0.0F}).ok());
  EXPECT_EQ(set.space_count(), 1U);
  EXPECT_EQ(set.size(), 1U);
  EXPECT_GT(set.memory_bytes(), kDim * sizeof(float));
}

TEST(SpaceSetTest, SpacesDoNotSeeEachOther) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, "a", 2, 1, {1.0F, 0.0F}).ok());
  ASSERT_TRUE(Store(set, "b", 2, 2, {1.0F, 0.0F}).ok());
  ASSERT_TRUE(Store(set, "c", 3, 1, {1.0F, 0.0F, 0.0F}).ok());
  EXPECT_EQ(FoundIds(set, "a", {1, 0}), std::vector<std::string>{"1"});
  EXPECT_EQ(FoundIds(set, "b", {1, 0}), std::vector<std::string>{"2"});
  EXPECT_TRUE(set.Remove("a", std::to_string(1)));
  EXPECT_EQ(set.size(), 2U);
}

TEST(SpaceSetTest, AnUnknownSpaceIsEmpty) {
  SpaceSet set({});
  EXPECT_TRUE(FoundIds(set, "nobody's", {1, 0}).empty());
  EXPECT_FALSE(set.Remove("nobody's", std::to_string(1)));
  EXPECT_FALSE(set.DropSpace("nobody's"));
  EXPECT_EQ(set.Find("nobody's"), nullptr);
  EXPECT_EQ(set.space_count(), 0U);
}

TEST(SpaceSetTest, AnyBytesAreAName) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, std::string("a\0b", 3), 1, 1, {1.0F}).ok());
  ASSERT_TRUE(Store(set, "", 1, 2, {1.0F}).ok());
  EXPECT_TRUE(FoundIds(set, "a", {1}).empty());
  EXPECT_EQ(FoundIds(set, "", {1}), std::vector<std::string>{"2"});
}

TEST(SpaceSetTest, RejectsAnotherDimension) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, "a", 2, 1, {1.0F, 0.0F}).ok());
  const Status status = Store(set, "a", 3, 2, {1.0F, 0.0F, 0.0F});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(status.error().message.find("holds vectors of 2 components, got 3"), std::string::npos);
  EXPECT_EQ(set.size(), 1U);
}

TEST(SpaceSetTest, ARejectedFirstVectorCreatesNoSpace) {
  SpaceSet set({});
  EXPECT_FALSE(Store(set, "a", 2, 1, {0.0F, 0.0F}).ok());
  EXPECT_FALSE(Store(set, "a", 3, 1, {1.0F, 0.0F}).ok());
  EXPECT_FALSE(Store(set, "a", 0, 1, {}).ok());
  EXPECT_EQ(set.space_count(), 0U);
  EXPECT_EQ(set.memory_bytes(), 0U);
  EXPECT_EQ(set.refused(), 0U);
}

TEST(SpaceSetTest, RefusesWhatWouldExceedTheMemoryBound) {
  constexpr std::size_t kBound = 1'000'000;
  SpaceSet set({.memory_bytes = kBound});
  VectorSamples samples(1);
  std::uint64_t stored = 0;
  Status status;
  while (status.ok() && stored < 1000) {
    status = Store(set, "space " + std::to_string(stored % 3), 256, stored, samples.Random(256));
    EXPECT_LE(set.memory_bytes(), kBound);
    if (status.ok()) ++stored;
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(status.error().origin, ErrorOrigin::kIndex);
  EXPECT_EQ(set.refused(), 1U);
  EXPECT_EQ(set.size(), stored);
  // Vectors fill the bound but for names, tables and less than one more vector.
  EXPECT_GE(set.memory_bytes(), kBound * 9 / 10);
}

TEST(SpaceSetTest, ARefusedFirstVectorCreatesNoSpace) {
  SpaceSet set({.memory_bytes = 100});
  EXPECT_FALSE(Store(set, "a", 2, 1, {1.0F, 0.0F}).ok());
  EXPECT_EQ(set.space_count(), 0U);
  EXPECT_EQ(set.memory_bytes(), 0U);
  EXPECT_EQ(set.refused(), 1U);
}

TEST(SpaceSetTest, RemovedVectorsMakeRoomOnceTheirSpaceIsBuiltAnew) {
  SpaceSet set({.memory_bytes = 1'000'000});
  std::uint64_t id = 0;
  while (Store(set, "a", 2, id, {1.0F, 0.0F}).ok()) ++id;
  for (std::uint64_t gone = 0; gone < 100; ++gone) {
    EXPECT_TRUE(set.Remove("a", std::to_string(gone)));
  }
  EXPECT_FALSE(Store(set, "a", 2, id, {1.0F, 0.0F}).ok());
  while (set.Work(1000)) {
  }
  for (std::uint64_t more = 0; more < 90; ++more) {
    EXPECT_TRUE(Store(set, "a", 2, id + more, {1.0F, 0.0F}).ok()) << more;
  }
}

TEST(SpaceSetTest, ADroppedSpaceGivesItsMemoryBack) {
  SpaceSet set({.space = {.exact_below = 20}});
  VectorSamples samples(3);
  ASSERT_TRUE(Store(set, "kept", kDim, 1, samples.Random(kDim)).ok());
  const std::size_t before = set.memory_bytes();
  for (std::uint64_t label = 0; label < 50; ++label) {
    ASSERT_TRUE(Store(set, "a", kDim, label, samples.Random(kDim)).ok());
  }
  EXPECT_GT(set.memory_bytes(), before);
  EXPECT_TRUE(set.DropSpace("a"));
  EXPECT_FALSE(set.DropSpace("a"));
  EXPECT_EQ(set.memory_bytes(), before);
  EXPECT_EQ(set.size(), 1U);
}

TEST(SpaceSetTest, ADroppedSpaceMayComeBackWithAnotherDimension) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, "a", 2, 1, {1.0F, 0.0F}).ok());
  EXPECT_TRUE(set.DropSpace("a"));
  ASSERT_TRUE(Store(set, "a", 3, 1, {1.0F, 0.0F, 0.0F}).ok());
  EXPECT_EQ(set.Find("a")->dim(), 3U);
}

TEST(SpaceSetTest, AFoundSpaceOutlivesItsDrop) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, "a", 2, 7, {1.0F, 0.0F}).ok());
  const auto found = set.Find("a");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(set.DropSpace("a"));
  EXPECT_TRUE(found->Contains("7"));
}

TEST(SpaceSetTest, ListsSpacesByNameAndTheirMemorySumsUp) {
  SpaceSet set({});
  ASSERT_TRUE(Store(set, "b", 3, 1, {1.0F, 0.0F, 0.0F}).ok());
  ASSERT_TRUE(Store(set, "a", 2, 1, {1.0F, 0.0F}).ok());
  ASSERT_TRUE(Store(set, "a", 2, 2, {1.0F, 1.0F}).ok());
  const std::vector<SpaceInfo> infos = set.List();
  ASSERT_EQ(infos.size(), 2U);
  EXPECT_EQ(infos[0].name, "a");
  EXPECT_EQ(infos[0].dim, 2U);
  EXPECT_EQ(infos[0].size, 2U);
  EXPECT_EQ(infos[1].name, "b");
  EXPECT_EQ(infos[0].memory_bytes + infos[1].memory_bytes, set.memory_bytes());
}

TEST(SpaceSetTest, TotalsAreRightAfterThreadsHaveAddedSearchedRemovedAndDropped) {
  SpaceSet set({.space = {.exact_below = 30}});
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&set, seed] {
      VectorSamples samples(seed);
      for (int step = 0; step < 400; ++step) {
        const SpaceKey space = "space " + std::to_string(samples.Below(3));
        const std::uint64_t label = samples.Below(100);
        const std::size_t action = samples.Below(100);
        if (action < 60) {
          EXPECT_TRUE(Store(set, space, kDim, label, samples.Random(kDim)).ok());
        } else if (action < 80) {
          EXPECT_TRUE(set.Search(space, samples.Random(kDim), {}).ok());
        } else if (action < 98) {
          static_cast<void>(set.Remove(space, std::to_string(label)));
        } else {
          static_cast<void>(set.DropSpace(space));
          static_cast<void>(set.List());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t vectors = 0;
  std::size_t bytes = 0;
  for (const SpaceInfo& info : set.List()) {
    vectors += info.size;
    bytes += info.memory_bytes;
  }
  EXPECT_EQ(set.size(), vectors);
  EXPECT_EQ(set.memory_bytes(), bytes);
  for (const SpaceInfo& info : set.List()) EXPECT_TRUE(set.DropSpace(info.name));
  EXPECT_EQ(set.size(), 0U);
  EXPECT_EQ(set.memory_bytes(), 0U);
}

TEST(SpaceSetTest, TheBoundHoldsBesideConcurrentAdds) {
  static constexpr std::size_t kBound = 150'000;
  SpaceSet set({.memory_bytes = kBound});
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&set, seed] {
      VectorSamples samples(seed);
      for (std::uint64_t label = 0; label < 300; ++label) {
        static_cast<void>(
            Store(set, "space " + std::to_string(seed), 32, label, samples.Random(32)));
        EXPECT_LE(set.memory_bytes(), kBound);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(set.refused(), 0U);
  EXPECT_EQ(set.size() + set.refused(), 900U);
}

}  // namespace
}  // namespace larder

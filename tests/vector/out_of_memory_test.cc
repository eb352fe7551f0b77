// Refuses each of the allocations of an operation in turn. Replaces operator new for this test
// program; it refuses nothing outside a RefusedAllocation.
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <string>

#include "tests/support/sanitized.h"
#include "tests/support/space_pair.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/space_set.h"
#include "vector/vector_space.h"

namespace {
// How many more allocations of this thread succeed; negative: all.
thread_local int g_allocations_left = -1;
}  // namespace

// Not inlined: GCC would see a free() of what operator new returned and warn.
__attribute__((noinline)) void* operator new(std::size_t size) {
  if (g_allocations_left == 0) {
    g_allocations_left = -1;
    throw std::bad_alloc();
  }
  if (g_allocations_left > 0) --g_allocations_left;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  // What is freed unset is then a wild pointer, always.
  std::memset(block, 0xbe, size);
  return block;
}
__attribute__((noinline)) void operator delete(void* block) noexcept {
  std::free(block);
}
__attribute__((noinline)) void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}

namespace larder {
namespace {

// While it lives, the n-th next allocation of this thread (0 the very next) throws std::bad_alloc.
class RefusedAllocation {
 public:
  explicit RefusedAllocation(int n) { g_allocations_left = n; }
  ~RefusedAllocation() { g_allocations_left = -1; }
  RefusedAllocation(const RefusedAllocation&) = delete;
  RefusedAllocation& operator=(const RefusedAllocation&) = delete;

  // Whether it has been refused.
  static bool Happened() { return g_allocations_left < 0; }
};

constexpr std::size_t kDim = 8;

void ExpectOverloaded(const Status& status) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kOverloaded) << status.error().message;
  EXPECT_EQ(status.error().origin, ErrorOrigin::kIndex);
}

// Calls `operation`, which answers a Status, with its first, second, ... allocation refused until
// it needs no more than that; `check` is given what each call answered.
template <typename Operation, typename Check>
void RefuseEachAllocation(Operation&& operation, Check&& check) {
  for (int n = 0; n < 10'000 && !testing::Test::HasFailure(); ++n) {
    Status status;
    bool happened = false;
    {
      const RefusedAllocation refused(n);
      status = operation();
      happened = RefusedAllocation::Happened();
    }
    if (!status.ok()) ExpectOverloaded(status);
    check(status);
    if (happened) continue;
    EXPECT_TRUE(status.ok());
    EXPECT_GT(n, 0) << "nothing was allocated";
    return;
  }
}

template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.ok() ? Status() : Status(result.error());
}

class SpaceOutOfMemoryTest : public testing::TestWithParam<Storage> {
 protected:
  SpaceOutOfMemoryTest() : pair_(Options()) {
    for (std::size_t i = 0; i < 300; ++i) {
      pair_.Upsert(Id(i), samples_.Random(kDim), MetadataOf(i));
    }
    for (std::size_t i = 0; i < 30; ++i) pair_.Remove(Id(i));
    // Half is linked.
    pair_.space->Work(150);
  }
  static VectorSpace::Options Options() {
    return {.dim = kDim,
            .storage = GetParam(),
            .m = 4,
            .ef_construction = 20,
            .exact_below = 50,
            .tail = 100'000};
  }
  static std::string Id(std::size_t i) {
    return "a point with an id that is allocated " + std::to_string(i);
  }
  static Metadata MetadataOf(std::size_t i) {
    return {{"number", {static_cast<double>(i)}},
            {"text", {"a text that is allocated " + std::to_string(i)}}};
  }
  void ExpectRight() {
    pair_.ExpectSamePoints();
    const Filter filter = Filter::Compare(Filter::Op::kLt, "number", {100.0});
    EXPECT_EQ(pair_.space->Matching(filter), pair_.reference.Matching(filter));
    pair_.ExpectExact(query_, 10);
    pair_.ExpectExact(query_, 10, &filter);
    pair_.Search(query_, {.k = 5, .ef_search = 20});
  }

  VectorSamples samples_{1};
  SpacePair pair_;
  const std::vector<float> query_ = VectorSamples(2).Random(kDim);
};

TEST_P(SpaceOutOfMemoryTest, AnUpsertThatIsRefusedStoresNothing) {
  // Often enough that tables grow.
  for (std::size_t i = 1'000; i < 1'300; ++i) {
    const auto vector = samples_.Random(kDim);
    const Metadata metadata = MetadataOf(i);
    const std::string id = Id(i);
    RefuseEachAllocation(
        [&] {
          return pair_.space->Upsert({id, vector, &metadata});
        },
        [&](const Status& status) {
          if (status.ok()) pair_.reference.Upsert(id, vector, metadata);
          ASSERT_EQ(pair_.space->Contains(id), pair_.reference.Contains(id));
          if (i % 50 == 0) ExpectRight();
        });
  }
  ExpectRight();
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceOutOfMemoryTest, AReplacementThatIsRefusedLeavesTheEarlierPoint) {
  for (std::size_t i = 100; i < 200; ++i) {
    const auto vector = samples_.Random(kDim);
    const Metadata metadata = MetadataOf(1'000 - i);
    const std::string id = Id(i);
    const auto before = pair_.space->VectorOf(id);
    RefuseEachAllocation(
        [&] {
          return pair_.space->Upsert({id, vector, &metadata});
        },
        [&](const Status& status) {
          if (status.ok()) pair_.reference.Upsert(id, vector, metadata);
          if (!status.ok()) {
            ASSERT_EQ(pair_.space->VectorOf(id), before);
          }
          if (i % 20 == 0) ExpectRight();
        });
  }
  ExpectRight();
}

TEST_P(SpaceOutOfMemoryTest, ASearchThatIsRefusedIsAnErrorAndTheNextIsRight) {
  const Filter filter = Filter::Compare(Filter::Op::kLt, "number", {200.0});
  for (const SearchOptions& options :
       {SearchOptions{.k = 5, .exact = true}, SearchOptions{.k = 5, .ef_search = 20},
        SearchOptions{.k = 5, .exact = true, .filter = &filter},
        SearchOptions{.k = 2, .ef_search = 2, .filter = &filter}}) {
    RefuseEachAllocation([&] { return StatusOf(pair_.space->Search(query_, options)); },
                         [&](const Status&) { ExpectRight(); });
  }
}

TEST_P(SpaceOutOfMemoryTest, WorkThatIsRefusedLeavesASpaceThatAnswersRightly) {
  const TempDir dir;
  const std::string path = dir.path() + "/snapshot";
  int n = 0;
  for (; n < 1'000 && pair_.space->progress().waiting > 0; ++n) {
    {
      const RefusedAllocation refused(n % 200);
      pair_.space->Work(2);
    }
    ExpectRight();
    // Also what is saved between a refusal and the next try.
    ASSERT_TRUE(pair_.space->Save(path, 1).ok());
    const auto loaded = VectorSpace::Load(path, Options());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    ASSERT_EQ(loaded->space->Ids(), pair_.space->Ids());
    while (n % 10 == 0 && loaded->space->Work(100)) {
    }
    ASSERT_FALSE(HasFailure()) << n;
  }
  EXPECT_GT(n, 100);
  EXPECT_LT(n, 1'000);
}

TEST_P(SpaceOutOfMemoryTest, ARebuildThatIsRefusedLosesNothing) {
  pair_.WorkToTheEnd();
  int n = 0;
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < 300; ++i) {
      pair_.Upsert(Id(i), samples_.Random(kDim), MetadataOf(i));
    }
    for (int step = 0; step < 40; ++step) {
      {
        const RefusedAllocation refused(n++ % 100);
        pair_.space->Work(3);
      }
      ExpectRight();
      ASSERT_FALSE(HasFailure()) << n;
    }
  }
  pair_.WorkToTheEnd();
  ExpectRight();
}

TEST_P(SpaceOutOfMemoryTest, GrowthThatIsRefusedLosesNothing) {
  const TempDir dir;
  VectorSpace::Options options = Options();
  options.directory = dir.path();
  options.exact_below = 4'000;
  pair_ = SpacePair(options);
  for (std::size_t i = 0; i < 4'096; ++i) pair_.Upsert(Id(i), samples_.Random(kDim));
  pair_.space->Work(100);
  const auto vector = samples_.Random(kDim);
  const std::string id = Id(5'000);
  RefuseEachAllocation(
      [&] {
        return pair_.space->Upsert({id, vector});
      },
      [&](const Status& status) {
        if (status.ok()) pair_.reference.Upsert(id, vector);
        pair_.ExpectSamePoints();
        pair_.ExpectExact(query_, 10);
      });
  pair_.WorkToTheEnd();
  pair_.ExpectExact(query_, 10);
}

TEST_P(SpaceOutOfMemoryTest, ASaveThatIsRefusedLeavesTheEarlierSnapshot) {
  const TempDir dir;
  const std::string path = dir.path() + "/snapshot";
  ASSERT_TRUE(pair_.space->Save(path, 1).ok());
  for (std::size_t i = 0; i < 40; ++i) pair_.Upsert(Id(i), samples_.Random(kDim));
  RefuseEachAllocation([&] { return pair_.space->Save(path, 2); },
                       [&](const Status& status) {
                         const auto loaded = VectorSpace::Load(path, Options());
                         ASSERT_TRUE(loaded.ok()) << loaded.error().message;
                         EXPECT_EQ(loaded->watermark, status.ok() ? 2U : 1U);
                         EXPECT_EQ(loaded->space->size(), status.ok() ? 300U : 270U);
                       });
  pair_.ExpectSamePoints();
  pair_.ExpectExact(query_, 10);
}

TEST_P(SpaceOutOfMemoryTest, ALoadThatIsRefusedIsAnErrorAndTheNextIsRight) {
  const TempDir dir;
  const std::string path = dir.path() + "/snapshot";
  ASSERT_TRUE(pair_.space->Save(path, 1).ok());
  const VectorSpace::Options options = Options();
  RefuseEachAllocation([&] { return StatusOf(VectorSpace::Load(path, options)); },
                       [&](const Status&) {});
  const auto loaded = VectorSpace::Load(path, options);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->space->Ids(), pair_.space->Ids());
}

TEST_P(SpaceOutOfMemoryTest, ACreationThatIsRefusedIsAnError) {
  const VectorSpace::Options options = Options();
  RefuseEachAllocation([&] { return StatusOf(VectorSpace::Create(options)); },
                       [](const Status&) {});
}

INSTANTIATE_TEST_SUITE_P(All, SpaceOutOfMemoryTest,
                         testing::Values(Storage::kFloat32, Storage::kBf16, Storage::kInt8),
                         [](const auto& info) { return std::string(StorageName(info.param)); });

TEST(OutOfMemoryTest, ASpaceSetCountsWhatWasRefusedAndHoldsTheRest) {
  const TempDir dir;
  SpaceSet set(
      {.space = {.m = 4, .ef_construction = 20, .exact_below = 20}, .directory = dir.path()});
  VectorSamples samples(2);
  std::size_t refused = 0;
  std::size_t stored = 0;
  for (int n = 0; n < 600; ++n) {
    const auto vector = samples.Random(kDim);
    const std::string space = "a space with a name that is allocated " + std::to_string(n % 7);
    const std::string id = "an id that is allocated as well " + std::to_string(n);
    Status status;
    {
      const RefusedAllocation refusal(n % 60);
      status = set.Upsert(space, kDim, {id, vector});
    }
    if (n % 5 == 0) set.Work(10);
    EXPECT_EQ(set.Contains(space, id), status.ok());
    stored += status.ok();
    if (status.ok()) continue;
    ++refused;
    ExpectOverloaded(status);
  }
  EXPECT_GT(refused, 50U);
  EXPECT_EQ(set.refused(), refused);
  EXPECT_EQ(set.size(), stored);
  std::size_t bytes = 0;
  for (const SpaceInfo& info : set.List()) bytes += info.memory_bytes;
  EXPECT_EQ(set.memory_bytes(), bytes);
  RefuseEachAllocation([&] { return set.Save(1); }, [](const Status&) {});
  for (const SpaceInfo& info : set.List()) EXPECT_TRUE(set.DropSpace(info.name));
  EXPECT_EQ(set.memory_bytes(), 0U);
}

// While it lives, this process may map so many bytes more.
class MappingLimit {
 public:
  explicit MappingLimit(std::size_t bytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit limit = {pages * 4096 + bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~MappingLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  MappingLimit(const MappingLimit&) = delete;
  MappingLimit& operator=(const MappingLimit&) = delete;

 private:
  rlimit before_ = {};
};

TEST(SpaceMappingTest, WhateverMappingIsRefusedIsAnErrorAndNoMore) {
  if (kSanitized) GTEST_SKIP() << "sanitizers map more than any limit";
  VectorSpace::Options options;
  options.dim = 64;
  options.tail = 0;
  int refused = 0;
  bool grown = false;
  for (std::size_t allowed = 0; !grown && allowed < (std::size_t{256} << 20);
       allowed += std::size_t{128} << 10) {
    const MappingLimit limit(allowed);
    const auto space = VectorSpace::Create(options);
    if (!space.ok()) {
      ExpectOverloaded(StatusOf(space));
      ++refused;
      continue;
    }
    Status status;
    std::vector<float> values(options.dim, 1);
    for (int i = 0; i < 3000 && status.ok(); ++i) {
      values[0] = static_cast<float>(i);
      status = (*space)->Upsert({"p" + std::to_string(i), values, nullptr});
    }
    grown = status.ok();
    if (!grown) ExpectOverloaded(status);
    refused += grown ? 0 : 1;
  }
  EXPECT_GT(refused, 2);
  EXPECT_TRUE(grown);
}

}  // namespace
}  // namespace larder

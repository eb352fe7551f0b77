// Refuses each of the first allocations of an operation in turn. Replaces operator new for this
// test program; it refuses nothing outside a RefusedAllocation.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "tests/support/vector_samples.h"
#include "vector/exact_index.h"
#include "vector/hnsw_index.h"
#include "vector/space_set.h"

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
constexpr int kAllocations = 180;

void ExpectOverloaded(const Status& status) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kOverloaded) << status.error().message;
  EXPECT_EQ(status.error().origin, ErrorOrigin::kIndex);
}

// Adds with the n-th allocation refused, for each n: what was stored before and after is found.
void RefuseEachAllocationOfAnAdd(VectorIndex& index) {
  const auto vectors = VectorSamples(1).Clustered(kAllocations, kDim, 5);
  std::size_t refusals = 0;
  for (int n = 0; n < kAllocations; ++n) {
    const auto& vector = vectors[static_cast<std::size_t>(n)];
    const auto label = static_cast<std::uint64_t>(n);
    Status status;
    bool happened = false;
    {
      const RefusedAllocation refused(n % 60);
      status = index.Add(label, vector);
      happened = RefusedAllocation::Happened();
    }
    if (!status.ok()) {
      ++refusals;
      EXPECT_TRUE(happened);
      ExpectOverloaded(status);
      ASSERT_FALSE(index.Contains(label));
      ASSERT_EQ(index.Search(vector, {.k = 1000})->size(), index.size());
      ASSERT_TRUE(index.Add(label, vector).ok());
    }
    ASSERT_EQ(index.size(), label + 1);
    ASSERT_EQ(index.Search(vector, {.k = 1})->front().label, label);
  }
  EXPECT_GT(refusals, 0U);
}

TEST(OutOfMemoryTest, ExactIndexIsAsItWasAfterARefusal) {
  ExactIndex index(kDim);
  RefuseEachAllocationOfAnAdd(index);
}

TEST(OutOfMemoryTest, HnswIndexIsAsItWasAfterARefusal) {
  const auto index =
      std::move(HnswIndex::Create({.dim = kDim, .ef_search = 32, .initial_capacity = 2})).value();
  RefuseEachAllocationOfAnAdd(*index);
}

TEST(OutOfMemoryTest, AReplacementThatIsRefusedLeavesTheEarlierVector) {
  const auto index = std::move(HnswIndex::Create({.dim = 2, .initial_capacity = 2})).value();
  ASSERT_TRUE(index->Add(0, {{1.0F, 0.0F}}).ok());
  for (int n = 0; n < 40; ++n) {
    Status status;
    {
      const RefusedAllocation refused(n);
      status = index->Add(0, {{0.0F, 1.0F}});
    }
    const float expected = status.ok() ? 0.0F : 1.0F;
    const auto found = *index->Search(std::vector<float>{1, 0}, {});
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].score, expected);
    ASSERT_TRUE(index->Add(0, {{1.0F, 0.0F}}).ok());
  }
}

TEST(OutOfMemoryTest, ASearchThatIsRefusedIsAnError) {
  const auto index = std::move(HnswIndex::Create({.dim = kDim, .ef_search = 16})).value();
  for (std::uint64_t label = 0; label < 100; ++label) {
    ASSERT_TRUE(index->Add(label, VectorSamples(label).Random(kDim)).ok());
  }
  const auto query = VectorSamples(500).Random(kDim);
  const std::size_t expected = index->Search(query, {})->size();
  for (int n = 0; n < 40; ++n) {
    Status status;
    {
      const RefusedAllocation refused(n);
      const auto found = index->Search(query, {});
      if (!found.ok()) status = found.error();
    }
    if (n == 0 || !status.ok()) ExpectOverloaded(status);
    ASSERT_EQ(index->Search(query, {})->size(), expected);
  }
}

TEST(OutOfMemoryTest, ASpaceSetCountsWhatMemoryWasRefused) {
  SpaceSet set({.crossover = 20});
  std::size_t refused_adds = 0;
  VectorSamples samples(2);
  for (int n = 0; n < kAllocations; ++n) {
    const auto vector = samples.Random(kDim);
    const std::string space = "space " + std::to_string(n % 7);
    Status status;
    {
      const RefusedAllocation refused(n % 40);
      status = set.Add(space, kDim, static_cast<std::uint64_t>(n), vector);
    }
    if (!status.ok()) {
      ++refused_adds;
      ExpectOverloaded(status);
    }
  }
  EXPECT_GT(refused_adds, 0U);
  EXPECT_EQ(set.refused(), refused_adds);
  EXPECT_EQ(set.size(), kAllocations - refused_adds);
  for (const SpaceInfo& info : set.List()) EXPECT_TRUE(set.DropSpace(info.name));
  EXPECT_EQ(set.memory_bytes(), 0U);
}

}  // namespace
}  // namespace larder

#include "vector/hnsw_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/vector_samples.h"
#include "vector/exact_index.h"

namespace larder {
namespace {

std::unique_ptr<HnswIndex> Make(const HnswIndex::Options& options) {
  return std::move(HnswIndex::Create(options)).value();
}

// The share of the true k nearest, as `exact` knows them, that `index` finds over `queries`.
double Recall(const VectorIndex& index, const VectorIndex& exact,
              const std::vector<std::vector<float>>& queries, const SearchOptions& options) {
  std::size_t hits = 0;
  std::size_t wanted = 0;
  for (const auto& query : queries) {
    const auto expected = *exact.Search(query, {.k = options.k});
    const auto found = *index.Search(query, options);
    wanted += expected.size();
    for (const Neighbour& neighbour : found) {
      hits += static_cast<std::size_t>(
          std::count_if(expected.begin(), expected.end(),
                        [&](const Neighbour& other) { return other.label == neighbour.label; }));
    }
  }
  return static_cast<double>(hits) / static_cast<double>(wanted);
}

TEST(HnswIndexTest, NamesTheOptionThatIsOutOfItsRange) {
  const struct {
    HnswIndex::Options options;
    std::string message;
  } cases[] = {
      {{.dim = 0}, "dim must be at least 1, got 0"},
      {{.dim = 2, .m = 1}, "m must be in [2, 1024], got 1"},
      {{.dim = 2, .m = 1025}, "m must be in [2, 1024], got 1025"},
      {{.dim = 2, .ef_construction = 0}, "ef_construction must be at least 1, got 0"},
      {{.dim = 2, .ef_search = 0}, "ef_search must be at least 1, got 0"},
      {{.dim = 2, .initial_capacity = 0}, "initial_capacity must be at least 1, got 0"},
  };
  for (const auto& test : cases) {
    const auto index = HnswIndex::Create(test.options);
    ASSERT_FALSE(index.ok()) << test.message;
    EXPECT_EQ(index.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(index.error().message, test.message);
  }
}

TEST(HnswIndexTest, ACapacityBeyondWhatCanBeCountedIsOverload) {
  const auto index = HnswIndex::Create({.dim = 2, .initial_capacity = std::size_t{1} << 40});
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(index.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(index.error().origin, ErrorOrigin::kIndex);
}

class HnswRecallTest : public testing::Test {
 protected:
  static constexpr std::size_t kDim = 64;
  static constexpr std::size_t kCount = 5000;
  static constexpr std::size_t kQueries = 100;

  static void SetUpTestSuite() {
    auto vectors = VectorSamples(1).Clustered(kCount + kQueries, kDim, 50);
    queries_ = new std::vector<std::vector<float>>(vectors.begin() + kCount, vectors.end());
    exact_ = new ExactIndex(kDim);
    index_ = Make({.dim = kDim, .initial_capacity = 100}).release();
    for (std::size_t i = 0; i < kCount; ++i) {
      ASSERT_TRUE(exact_->Add(i, vectors[i]).ok());
      ASSERT_TRUE(index_->Add(i, vectors[i]).ok());
    }
  }
  static void TearDownTestSuite() {
    delete queries_;
    delete exact_;
    delete index_;
  }

  static inline std::vector<std::vector<float>>* queries_ = nullptr;
  static inline ExactIndex* exact_ = nullptr;
  static inline HnswIndex* index_ = nullptr;
};

TEST_F(HnswRecallTest, RecallAtTenIsAtLeast95PercentByDefault) {
  EXPECT_GE(Recall(*index_, *exact_, *queries_, {.k = 10}), 0.95);
}

TEST_F(HnswRecallTest, EfSearchOfAQueryDecidesItsRecall) {
  const double narrow = Recall(*index_, *exact_, *queries_, {.k = 1, .ef_search = 1});
  const double wide = Recall(*index_, *exact_, *queries_, {.k = 1, .ef_search = 400});
  EXPECT_LT(narrow, wide);
  EXPECT_GE(wide, 0.99);
}

TEST_F(HnswRecallTest, SurvivesTheReplacementOfEveryVector) {
  const auto vectors = VectorSamples(2).Clustered(600, kDim, 30);
  const auto index = Make({.dim = kDim});
  ExactIndex exact(kDim);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    ASSERT_TRUE(index->Add(i, (*queries_)[i % kQueries]).ok());
  }
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    ASSERT_TRUE(index->Add(i, vectors[i]).ok());
    ASSERT_TRUE(exact.Add(i, vectors[i]).ok());
  }
  EXPECT_EQ(index->size(), vectors.size());
  EXPECT_GE(Recall(*index, exact, *queries_, {.k = 10}), 0.95);
}

TEST(HnswIndexTest, FindsAllOfManyEqualVectors) {
  const auto index = Make({.dim = 4, .ef_search = 8});
  for (std::uint64_t label = 0; label < 500; ++label) {
    ASSERT_TRUE(index->Add(label, {{1.0F, 2.0F, 3.0F, 4.0F}}).ok());
  }
  EXPECT_EQ(index->Search(std::vector<float>{1, 2, 3, 4}, {.k = 400})->size(), 400U);
}

TEST(HnswIndexTest, MemoryDoesNotGrowWithReplacements) {
  constexpr std::size_t kDim = 128;
  constexpr std::size_t kLabels = 100;
  VectorSamples samples(3);
  const auto index = Make({.dim = kDim, .initial_capacity = 2 * kLabels});
  for (std::uint64_t label = 0; label < kLabels; ++label) {
    ASSERT_TRUE(index->Add(label, samples.Random(kDim)).ok());
  }
  const std::size_t filled = index->memory_bytes();
  for (std::uint64_t i = 0; i < 8 * kLabels; ++i) {
    ASSERT_TRUE(index->Add(i % kLabels, samples.Random(kDim)).ok());
    // At most a quarter of the slots is dead: a third of the live ones.
    ASSERT_LE(index->memory_bytes(), filled + (kLabels / 3 + 1) * (kDim * sizeof(float) + 512));
  }
}

TEST(HnswIndexTest, MemoryGrowsByNoMoreThanNextAddBytes) {
  VectorSamples samples(4);
  const auto index = Make({.dim = 16, .initial_capacity = 4});
  for (std::uint64_t label = 0; label < 1000; ++label) {
    const std::size_t bound = index->memory_bytes() + index->NextAddBytes();
    ASSERT_TRUE(index->Add(label % 700, samples.Random(16)).ok());
    ASSERT_LE(index->memory_bytes(), bound);
  }
}

}  // namespace
}  // namespace larder

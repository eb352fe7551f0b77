// What vector/vector_index.h promises, asked of every implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/vector_samples.h"
#include "vector/exact_index.h"
#include "vector/hnsw_index.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

using Labels = std::vector<std::uint64_t>;

struct Implementation {
  std::string name;
  std::unique_ptr<VectorIndex> (*make)(std::size_t dim);
};

// Small capacity and ef_search: tests cross doublings, and walk the graph instead of scanning it.
constexpr HnswIndex::Options kSmallGraph{.ef_search = 24, .initial_capacity = 4};

std::unique_ptr<VectorIndex> MakeExact(std::size_t dim) {
  return std::make_unique<ExactIndex>(dim);
}
std::unique_ptr<VectorIndex> MakeHnsw(std::size_t dim) {
  HnswIndex::Options options = kSmallGraph;
  options.dim = dim;
  return std::move(HnswIndex::Create(options)).value();
}
std::unique_ptr<VectorIndex> MakeSmallSpace(std::size_t dim) {
  return std::make_unique<VectorSpace>(VectorSpace::Options{.dim = dim});
}
std::unique_ptr<VectorIndex> MakeSpaceThatMoves(std::size_t dim) {
  return std::make_unique<VectorSpace>(
      VectorSpace::Options{.dim = dim, .crossover = 20, .hnsw = kSmallGraph});
}

class VectorIndexContract : public testing::TestWithParam<Implementation> {
 protected:
  std::unique_ptr<VectorIndex> Make(std::size_t dim) { return GetParam().make(dim); }

  static void Fill(VectorIndex& index, const std::vector<std::vector<float>>& vectors) {
    for (std::size_t i = 0; i < vectors.size(); ++i) ASSERT_TRUE(index.Add(i, vectors[i]).ok());
  }
  static std::vector<Neighbour> Found(const VectorIndex& index, const std::vector<float>& query,
                                      const SearchOptions& options) {
    auto result = index.Search(query, options);
    EXPECT_TRUE(result.ok());
    return result.ok() ? *result : std::vector<Neighbour>{};
  }
  static Labels LabelsOf(const std::vector<Neighbour>& neighbours) {
    Labels labels;
    for (const Neighbour& neighbour : neighbours) labels.push_back(neighbour.label);
    return labels;
  }
  static Labels FoundLabels(const VectorIndex& index, const std::vector<float>& query,
                            const SearchOptions& options) {
    return LabelsOf(Found(index, query, options));
  }
  static void ExpectInvalid(const Status& status, const std::string& message_part) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(status.error().origin, ErrorOrigin::kDownstream);
    EXPECT_NE(status.error().message.find(message_part), std::string::npos)
        << status.error().message;
  }
  static Status SearchStatus(const VectorIndex& index, const std::vector<float>& query,
                             const SearchOptions& options = {}) {
    auto result = index.Search(query, options);
    return result.ok() ? Status{} : Status{result.error()};
  }
};

TEST_P(VectorIndexContract, IsEmptyAtFirst) {
  const auto index = Make(3);
  EXPECT_EQ(index->dim(), 3U);
  EXPECT_EQ(index->size(), 0U);
  EXPECT_FALSE(index->Contains(1));
  EXPECT_TRUE(Found(*index, {1, 0, 0}, {}).empty());
}

TEST_P(VectorIndexContract, ReturnsMostSimilarFirst) {
  const auto index = Make(2);
  Fill(*index, {{0, 1}, {1, 0}, {-1, 0}, {1, 1}});
  EXPECT_EQ(FoundLabels(*index, {3, 0.1F}, {}), (Labels{1, 3, 0, 2}));
}

TEST_P(VectorIndexContract, ScoresAreCosineSimilaritiesWhateverTheLength) {
  const auto index = Make(2);
  Fill(*index, {{5, 0}, {0, 0.01F}, {-1e30F, 0}, {1e-30F, 1e-30F}});
  const auto found = Found(*index, {2e-20F, 0}, {});
  ASSERT_EQ(LabelsOf(found), (Labels{0, 3, 1, 2}));
  EXPECT_FLOAT_EQ(found[0].score, 1.0F);
  EXPECT_FLOAT_EQ(found[1].score, std::sqrt(0.5F));
  EXPECT_FLOAT_EQ(found[2].score, 0.0F);
  EXPECT_FLOAT_EQ(found[3].score, -1.0F);
}

TEST_P(VectorIndexContract, ScoresStayWithinMinusOneAndOne) {
  const auto index = Make(37);
  const auto vectors = VectorSamples(3).Clustered(200, 37, 5);
  Fill(*index, vectors);
  for (const auto& vector : vectors) {
    for (const Neighbour& neighbour : Found(*index, vector, {.k = 3})) {
      EXPECT_LE(neighbour.score, 1.0F);
      EXPECT_GE(neighbour.score, -1.0F);
    }
  }
}

TEST_P(VectorIndexContract, OfEqualScoresTheSmallerLabelComesFirst) {
  const auto index = Make(2);
  for (const std::uint64_t label : {9, 2, 7, 4})
    ASSERT_TRUE(index->Add(label, {{1.0F, 2.0F}}).ok());
  EXPECT_EQ(FoundLabels(*index, {1, 2}, {}), (Labels{2, 4, 7, 9}));
  EXPECT_EQ(FoundLabels(*index, {1, 2}, {.k = 4, .ef_search = 100}), (Labels{2, 4, 7, 9}));
}

TEST_P(VectorIndexContract, FindsEachStoredVectorByItself) {
  const auto index = Make(24);
  const auto vectors = VectorSamples(4).Clustered(600, 24, 12);
  Fill(*index, vectors);
  EXPECT_EQ(index->size(), 600U);
  std::size_t found = 0;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    found += FoundLabels(*index, vectors[i], {.k = 1}) == Labels{i} ? 1U : 0U;
  }
  EXPECT_GE(found, 594U);
}

TEST_P(VectorIndexContract, ReturnsAtMostKAndFewerWhenFewerAreStored) {
  const auto index = Make(8);
  Fill(*index, VectorSamples(5).Clustered(50, 8, 3));
  const auto query = VectorSamples(6).Random(8);
  EXPECT_EQ(Found(*index, query, {.k = 7}).size(), 7U);
  EXPECT_EQ(Found(*index, query, {.k = 1000}).size(), 50U);
  EXPECT_EQ(Found(*index, query, {.k = std::numeric_limits<std::size_t>::max()}).size(), 50U);
}

TEST_P(VectorIndexContract, ALargeEfSearchMakesTheResultExact) {
  const auto vectors = VectorSamples(7).Clustered(400, 16, 8);
  const auto index = Make(16);
  ExactIndex exact(16);
  Fill(*index, vectors);
  Fill(exact, vectors);
  VectorSamples samples(8);
  for (int i = 0; i < 20; ++i) {
    const auto query = samples.Random(16);
    const SearchOptions options{.k = 10, .ef_search = std::numeric_limits<std::size_t>::max()};
    EXPECT_EQ(FoundLabels(*index, query, options), FoundLabels(exact, query, options));
  }
}

TEST_P(VectorIndexContract, RejectsAVectorOfTheWrongSize) {
  const auto index = Make(3);
  ExpectInvalid(index->Add(1, {{1.0F, 2.0F}}), "has 2 components where this space holds 3");
  ExpectInvalid(SearchStatus(*index, {1, 2, 3, 4}), "has 4 components where this space holds 3");
  EXPECT_EQ(index->size(), 0U);
}

TEST_P(VectorIndexContract, RejectsAZeroVector) {
  const auto index = Make(3);
  ExpectInvalid(index->Add(1, {{0.0F, -0.0F, 0.0F}}), "all zeros");
  ExpectInvalid(SearchStatus(*index, {0, 0, 0}), "all zeros");
  EXPECT_FALSE(index->Contains(1));
}

TEST_P(VectorIndexContract, RejectsWhatIsNotAFiniteNumber) {
  const auto index = Make(2);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    ExpectInvalid(index->Add(1, {{1.0F, bad}}), "component 1 of the vector is not a finite number");
    ExpectInvalid(SearchStatus(*index, {bad, 1}), "component 0");
  }
  EXPECT_EQ(index->size(), 0U);
}

TEST_P(VectorIndexContract, RejectsAKOfZero) {
  const auto index = Make(2);
  ExpectInvalid(SearchStatus(*index, {1, 1}, {.k = 0}), "k must be at least 1");
}

TEST_P(VectorIndexContract, AcceptsTheSmallestAndTheLargestFloats) {
  const auto index = Make(2);
  ASSERT_TRUE(index->Add(1, {{std::numeric_limits<float>::denorm_min(), 0.0F}}).ok());
  ASSERT_TRUE(index->Add(2, {{0.0F, std::numeric_limits<float>::max()}}).ok());
  EXPECT_EQ(FoundLabels(*index, {std::numeric_limits<float>::max(), 0}, {.k = 1}), Labels{1});
}

TEST_P(VectorIndexContract, ReplacesAVectorUnderTheSameLabel) {
  const auto index = Make(2);
  Fill(*index, {{1, 0}, {0, 1}});
  ASSERT_TRUE(index->Add(0, {{-1.0F, 0.0F}}).ok());
  EXPECT_EQ(index->size(), 2U);
  const auto found = Found(*index, {1, 0}, {});
  ASSERT_EQ(LabelsOf(found), (Labels{1, 0}));
  EXPECT_FLOAT_EQ(found[1].score, -1.0F);
}

TEST_P(VectorIndexContract, AFailedAddLeavesTheEarlierVector) {
  const auto index = Make(2);
  ASSERT_TRUE(index->Add(5, {{1.0F, 0.0F}}).ok());
  EXPECT_FALSE(index->Add(5, {{0.0F, 0.0F}}).ok());
  EXPECT_EQ(FoundLabels(*index, {1, 0}, {}), Labels{5});
}

TEST_P(VectorIndexContract, ForgetsARemovedLabel) {
  const auto index = Make(2);
  Fill(*index, {{1, 0}, {0, 1}, {1, 1}});
  EXPECT_TRUE(index->Remove(0));
  EXPECT_FALSE(index->Remove(0));
  EXPECT_FALSE(index->Contains(0));
  EXPECT_TRUE(index->Contains(2));
  EXPECT_EQ(index->size(), 2U);
  EXPECT_EQ(FoundLabels(*index, {1, 0}, {}), (Labels{2, 1}));
}

TEST_P(VectorIndexContract, CanBeEmptiedAndFilledAgain) {
  const auto index = Make(12);
  const auto vectors = VectorSamples(9).Clustered(120, 12, 4);
  Fill(*index, vectors);
  for (std::size_t i = 0; i < vectors.size(); ++i) EXPECT_TRUE(index->Remove(i));
  EXPECT_EQ(index->size(), 0U);
  EXPECT_TRUE(Found(*index, vectors[0], {}).empty());
  Fill(*index, vectors);
  EXPECT_EQ(FoundLabels(*index, vectors[77], {.k = 1}), Labels{77});
}

TEST_P(VectorIndexContract, AnyOrderOfAddsAndRemovesEndsWithWhatRemains) {
  constexpr std::size_t kDim = 6;
  const auto index = Make(kDim);
  std::map<std::uint64_t, std::vector<float>> expected;
  VectorSamples samples(10);
  for (int step = 0; step < 1500; ++step) {
    const std::uint64_t label = samples.Below(90);
    if (samples.Below(3) == 0) {
      ASSERT_EQ(index->Remove(label), expected.erase(label) == 1);
    } else {
      expected[label] = samples.Random(kDim);
      ASSERT_TRUE(index->Add(label, expected[label]).ok());
    }
    ASSERT_EQ(index->size(), expected.size());
  }
  ExactIndex exact(kDim);
  for (const auto& [label, vector] : expected) ASSERT_TRUE(exact.Add(label, vector).ok());
  for (int i = 0; i < 20; ++i) {
    const auto query = samples.Random(kDim);
    EXPECT_EQ(FoundLabels(*index, query, {.k = 90}), FoundLabels(exact, query, {.k = 90}));
  }
}

TEST_P(VectorIndexContract, AnyLabelIsAllowed) {
  const auto index = Make(2);
  const std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  ASSERT_TRUE(index->Add(largest, {{1.0F, 0.0F}}).ok());
  ASSERT_TRUE(index->Add(0, {{0.0F, 1.0F}}).ok());
  EXPECT_EQ(FoundLabels(*index, {1, 0}, {}), (Labels{largest, 0}));
}

TEST_P(VectorIndexContract, FilterAcceptingNothingFindsNothing) {
  const auto index = Make(8);
  Fill(*index, VectorSamples(11).Clustered(300, 8, 4));
  EXPECT_TRUE(Found(*index, VectorSamples(12).Random(8), {.accept = [](std::uint64_t) {
                return false;
              }}).empty());
}

TEST_P(VectorIndexContract, FilterAcceptingOneInAThousandStillFindsIt) {
  const auto index = Make(8);
  Fill(*index, VectorSamples(13).Clustered(2000, 8, 10));
  VectorSamples samples(14);
  for (int i = 0; i < 20; ++i) {
    const auto found =
        FoundLabels(*index, samples.Random(8),
                    {.accept = [](std::uint64_t label) { return label % 1000 == 7; }});
    EXPECT_EQ(std::set<std::uint64_t>(found.begin(), found.end()),
              (std::set<std::uint64_t>{7, 1007}));
  }
}

TEST_P(VectorIndexContract, AtEverySelectivityTheFilteredResultIsNearlyThatOfAScan) {
  constexpr std::size_t kDim = 16;
  constexpr std::size_t kQueries = 20;
  const auto vectors = VectorSamples(15).Clustered(2000, kDim, 20);
  const auto index = Make(kDim);
  ExactIndex exact(kDim);
  Fill(*index, vectors);
  Fill(exact, vectors);
  VectorSamples samples(16);
  for (const std::uint64_t one_in : {1, 2, 5, 20, 100, 400}) {
    std::size_t hits = 0;
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < kQueries; ++i) {
      const SearchOptions options{
          .k = 10, .ef_search = 64, .accept = [one_in](std::uint64_t label) {
            return label % one_in == 0;
          }};
      const auto& query = vectors[samples.Below(vectors.size())];
      const Labels expected = FoundLabels(exact, query, options);
      const Labels found = FoundLabels(*index, query, options);
      ASSERT_EQ(found.size(), expected.size()) << "one in " << one_in;
      wanted += expected.size();
      for (const std::uint64_t label : found) {
        EXPECT_EQ(label % one_in, 0U);
        hits += static_cast<std::size_t>(std::count(expected.begin(), expected.end(), label));
      }
    }
    EXPECT_GE(static_cast<double>(hits), 0.95 * static_cast<double>(wanted)) << "one in " << one_in;
  }
}

TEST_P(VectorIndexContract, AFilterThatThrowsIsAnError) {
  const auto index = Make(2);
  Fill(*index, {{1, 0}});
  const Status status = SearchStatus(
      *index, {1, 0}, {.accept = [](std::uint64_t) -> bool { throw std::out_of_range("filter"); }});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInternal);
  EXPECT_EQ(FoundLabels(*index, {1, 0}, {}), Labels{0});
}

TEST_P(VectorIndexContract, MemoryCoversTheVectorsAndLittleMore) {
  constexpr std::size_t kDim = 768;
  constexpr std::size_t kCount = 60;
  const auto index = Make(kDim);
  const std::size_t empty = index->memory_bytes();
  Fill(*index, VectorSamples(17).Clustered(kCount, kDim, 4));
  const std::size_t vectors = kCount * kDim * sizeof(float);
  EXPECT_GE(index->memory_bytes(), vectors);
  EXPECT_GE(index->memory_bytes(), empty);
  EXPECT_LE(index->memory_bytes(), vectors + vectors / 4);
}

TEST_P(VectorIndexContract, SearchesRunBesideInserts) {
  constexpr std::size_t kDim = 8;
  const auto vectors = VectorSamples(18).Clustered(300, kDim, 6);
  const auto index = Make(kDim);
  ASSERT_TRUE(index->Add(0, vectors[0]).ok());
  std::atomic<bool> done{false};
  std::atomic<std::size_t> wrong{0};
  std::vector<std::thread> searchers;
  for (std::uint64_t seed = 0; seed < 2; ++seed) {
    searchers.emplace_back([&, seed] {
      VectorSamples samples(20 + seed);
      while (!done.load()) {
        const auto found =
            index->Search(samples.Random(kDim),
                          {.k = 5, .accept = [](std::uint64_t label) { return label % 2 == 0; }});
        const bool right = found.ok() && !found->empty() && index->Contains(0);
        if (!right) wrong.fetch_add(1);
        for (const Neighbour& neighbour : *found) wrong.fetch_add(neighbour.label % 2);
      }
    });
  }
  std::thread remover([&] {
    for (std::size_t i = 1; i < vectors.size(); ++i)
      static_cast<void>(index->Remove(i - i % 5 + 1));
  });
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 1; i < vectors.size(); ++i) EXPECT_TRUE(index->Add(i, vectors[i]).ok());
  }
  remover.join();
  done.store(true);
  for (std::thread& searcher : searchers) searcher.join();
  EXPECT_EQ(wrong.load(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, VectorIndexContract,
                         testing::Values(Implementation{"Exact", &MakeExact},
                                         Implementation{"Hnsw", &MakeHnsw},
                                         Implementation{"SpaceBelowItsCrossover", &MakeSmallSpace},
                                         Implementation{"SpaceThatMoves", &MakeSpaceThatMoves}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace larder

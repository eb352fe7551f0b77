// How many of the nearest a VectorSpace finds with its default options.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/support/sanitized.h"
#include "tests/support/space_pair.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr std::size_t kQueries = 50;

struct Data {
  const char* name;
  std::size_t count;
  std::size_t dim;
  std::size_t clusters;
};

class SpaceRecallTest : public testing::TestWithParam<std::tuple<Data, Storage>> {
 protected:
  SpaceRecallTest() : pair_({.dim = data().dim, .storage = std::get<1>(GetParam())}) {
    const std::size_t count = kSanitized ? 4'500 : data().count;
    auto vectors = VectorSamples(1).Clustered(count + kQueries, data().dim, data().clusters);
    queries_.assign(vectors.end() - kQueries, vectors.end());
    vectors.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      pair_.Upsert(std::to_string(i), vectors[i],
                   {{"share", {static_cast<double>(i) / static_cast<double>(count)}}});
    }
    pair_.WorkToTheEnd();
  }
  static const Data& data() { return std::get<0>(GetParam()); }

  SpacePair pair_;
  std::vector<std::vector<float>> queries_;
};

TEST_P(SpaceRecallTest, IsNearlyWholeByDefaultAndWholeWhenExact) {
  EXPECT_GE(pair_.MeanRecall(queries_, {.k = 10}), 0.99);
  EXPECT_FALSE(pair_.was_exact);
  const std::vector<std::vector<float>> queries(queries_.begin(), queries_.begin() + 20);
  EXPECT_GE(pair_.MeanRecall(queries, {.k = 100}), 0.96);
  for (std::size_t i = 0; i < 5; ++i) pair_.ExpectExact(queries_[i], 10);
  // With a filter, whatever share of the points it leaves.
  for (const double share : {0.0001, 0.001, 0.01, 0.1, 0.3, 0.6, 1.0}) {
    const Filter filter = Filter::Compare(Filter::Op::kLt, "share", {share});
    const SearchOptions options = {.k = 10, .filter = &filter};
    EXPECT_GE(pair_.MeanRecall(queries, options), 0.99) << share;
    pair_.ExpectExact(queries[0], 10, &filter);
    if (share < 0.1) {
      pair_.Search(queries[0], options);
      EXPECT_TRUE(pair_.was_exact) << share;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpaceRecallTest,
                         testing::Combine(testing::Values(Data{"dim96", 20'000, 96, 50},
                                                          Data{"dim768", 10'000, 768, 50}),
                                          testing::Values(Storage::kBf16, Storage::kInt8)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  std::string(StorageName(std::get<1>(info.param)));
                         });

}  // namespace
}  // namespace larder

// What every VectorSpace does, whatever its metric, its storage, how far its graph has come and
// where its vectors are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>

#include "tests/support/space_pair.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

// kSmall: no graph. kGraph: everything is linked. kTail: half is linked, the tail is full.
enum class Shape { kSmall, kGraph, kTail };
enum class Place { kMemory, kDirectory };

constexpr std::size_t kDim = 12;
constexpr std::ptrdiff_t kQueries = 50;

class SpaceContractTest : public testing::TestWithParam<std::tuple<Metric, Storage, Shape, Place>> {
 protected:
  SpaceContractTest() : pair_(Options()) {
    // Beyond the capacity of a small space vectors are in a file.
    const std::size_t count = place() == Place::kDirectory ? 4'200 : 600;
    vectors_ = VectorSamples(1).Clustered(count + kQueries, kDim, 12);
    queries_.assign(vectors_.end() - kQueries, vectors_.end());
    vectors_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (i == count / 2) Settle(true);
      pair_.Upsert(Id(i), vectors_[i], MetadataOf(i));
    }
    Settle();
  }

  static Metric metric() { return std::get<0>(GetParam()); }
  static Storage storage() { return std::get<1>(GetParam()); }
  static Shape shape() { return std::get<2>(GetParam()); }
  static Place place() { return std::get<3>(GetParam()); }

  VectorSpace::Options Options() const {
    return {.dim = kDim,
            .metric = metric(),
            .storage = storage(),
            .m = 12,
            .ef_construction = 80,
            .exact_below = shape() == Shape::kSmall ? 100'000U : 0U,
            .tail = place() == Place::kDirectory ? 2'100U : 300U,
            .directory = place() == Place::kDirectory ? dir_.path() : ""};
  }
  static std::string Id(std::size_t i) { return "point " + std::to_string(i); }
  static Metadata MetadataOf(std::size_t i) {
    return {{"number", {static_cast<double>(i)}},
            {"parity", {std::string(i % 2 == 0 ? "even" : "odd")}}};
  }
  static Filter Below(double number) {
    return Filter::Compare(Filter::Op::kLt, "number", {number});
  }
  // Brings the space into its shape, as far as it goes by Work().
  void Settle(bool always = false) {
    if (shape() == Shape::kGraph || always) pair_.WorkToTheEnd();
  }
  VectorSpace& space() { return *pair_.space; }
  std::size_t size() const { return vectors_.size(); }
  std::vector<std::vector<float>> Queries(std::size_t count) const {
    return {queries_.begin(), queries_.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  const TempDir dir_;
  SpacePair pair_;
  std::vector<std::vector<float>> vectors_;
  std::vector<std::vector<float>> queries_;  // beside the vectors
};

TEST_P(SpaceContractTest, IsInTheShapeThatItsNameSays) {
  const std::size_t waiting = space().progress().waiting;
  EXPECT_EQ(waiting, shape() == Shape::kTail ? size() / 2 : 0);
  EXPECT_FALSE(space().progress().rebuilding);
  EXPECT_EQ(space().size(), size());
  const auto answer = space().Search(vectors_[0], {.k = 5});
  EXPECT_EQ(answer->exact, shape() == Shape::kSmall);
}

TEST_P(SpaceContractTest, AnExactSearchIsThatOfAScanInDoublePrecision) {
  for (const auto& query : Queries(10)) {
    for (const std::size_t k : {std::size_t{1}, std::size_t{10}, size() - 1, size() + 100}) {
      pair_.ExpectExact(query, k);
    }
  }
}

TEST_P(SpaceContractTest, ASearchFindsNearlyAllOfTheNearest) {
  EXPECT_GE(pair_.MeanRecall(Queries(50), {.k = 10}), 0.97);
  EXPECT_EQ(pair_.was_exact, shape() == Shape::kSmall);
  // Inner products are no distances: where lengths differ a graph leads to fewer of the nearest.
  EXPECT_GE(pair_.MeanRecall(Queries(10), {.k = 100}), metric() == Metric::kDot ? 0.6 : 0.95);
}

TEST_P(SpaceContractTest, EfSearchSetsHowManyCandidatesAreLookedAt) {
  const auto queries = Queries(50);
  const double few = pair_.MeanRecall(queries, {.k = 1, .ef_search = 1});
  const double many = pair_.MeanRecall(queries, {.k = 1, .ef_search = 300});
  EXPECT_GE(many, 0.99);
  EXPECT_GE(many, few);
  // As many candidates as there are points: that is a scan.
  pair_.Search(queries[0], {.k = 10, .ef_search = 1'000'000});
  EXPECT_TRUE(pair_.was_exact);
}

TEST_P(SpaceContractTest, MoreThanAreStoredCannotBeFound) {
  const auto answer = space().Search(vectors_[0], {.k = 1'000'000'000});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->neighbours.size(), size());
  EXPECT_TRUE(answer->exact);
  EXPECT_EQ(pair_.reference.Problem(answer->neighbours, vectors_[0]), "");
}

TEST_P(SpaceContractTest, APointIsFoundByItsOwnVectorUnlessLongerOnesArePreferred) {
  if (metric() == Metric::kDot) return;
  for (std::size_t i = 0; i < size(); i += size() / 50) {
    const auto answer = space().Search(vectors_[i], {.k = 1, .ef_search = 200});
    ASSERT_EQ(answer->neighbours.size(), 1U);
    EXPECT_EQ(answer->neighbours[0].id, Id(i));
    EXPECT_NEAR(answer->neighbours[0].score, metric() == Metric::kCosine ? 1 : 0, 1e-5);
  }
}

TEST_P(SpaceContractTest, AReplacedPointIsFoundWhereItIsNow) {
  for (std::size_t i = 0; i < size(); i += 7) {
    std::vector<float> opposite = vectors_[i];
    for (float& x : opposite) x = -x;
    pair_.Upsert(Id(i), opposite, MetadataOf(i));
    EXPECT_EQ(pair_.Search(opposite, {.k = 3, .exact = true}), 1);
  }
  pair_.ExpectSamePoints();
  EXPECT_GE(pair_.MeanRecall(Queries(20), {.k = 10}), 0.95);
  Settle();
  pair_.ExpectSamePoints();
  EXPECT_GE(pair_.MeanRecall(Queries(20), {.k = 10}), 0.95);
}

TEST_P(SpaceContractTest, ARemovedPointIsFoundNoMore) {
  for (std::size_t i = 0; i < size(); i += 2) {
    pair_.Remove(Id(i));
    pair_.Remove(Id(i));
    EXPECT_FALSE(space().Contains(Id(i)));
    EXPECT_FALSE(space().VectorOf(Id(i)));
  }
  EXPECT_FALSE(space().Remove("nobody"));
  pair_.ExpectSamePoints();
  for (const auto& query : Queries(5)) pair_.ExpectExact(query, 10);
  EXPECT_GE(pair_.MeanRecall(Queries(20), {.k = 10}), 0.95);
  Settle();
  pair_.ExpectSamePoints();
  EXPECT_GE(pair_.MeanRecall(Queries(20), {.k = 10}), 0.95);
}

TEST_P(SpaceContractTest, AnEmptiedSpaceIsAsGoodAsNew) {
  for (std::size_t i = 0; i < size(); ++i) pair_.Remove(Id(i));
  auto answer = space().Search(vectors_[0], {});
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->neighbours.empty());
  EXPECT_TRUE(answer->exact);
  pair_.Upsert("again", vectors_[3]);
  pair_.ExpectExact(vectors_[0], 10);
  Settle();
  pair_.ExpectExact(vectors_[0], 10);
  EXPECT_EQ(space().Ids(), std::vector<std::string>{"again"});
}

TEST_P(SpaceContractTest, EqualPointsComeInTheOrderInWhichTheyWereStored) {
  const std::vector<float> vector(kDim, 2.5F);  // far from all others, and longer
  for (int i = 0; i < 20; ++i) pair_.Upsert("equal " + std::to_string(i), vector);
  pair_.Upsert("equal 3", vector);
  Settle();
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    if (i != 3) expected.push_back("equal " + std::to_string(i));
  }
  expected.push_back("equal 3");
  const auto answer = space().Search(vector, {.k = 20, .exact = true});
  std::vector<std::string> ids;
  for (const Neighbour& one : answer->neighbours) ids.push_back(one.id);
  EXPECT_EQ(ids, expected);
  // The walk's, too, as far as it finds them.
  const auto walked = space().Search(vector, {.k = 20});
  std::size_t last = 0;
  for (const Neighbour& one : walked->neighbours) {
    const auto at = std::find(expected.begin(), expected.end(), one.id);
    if (at == expected.end()) continue;
    const auto place = static_cast<std::size_t>(at - expected.begin());
    EXPECT_TRUE(last == 0 || place > last) << one.id;
    last = place;
  }
}

TEST_P(SpaceContractTest, GivesBackTheVectorAsItIsCompared) {
  for (std::size_t i = 0; i < size(); i += 31) {
    const auto stored = space().VectorOf(Id(i));
    ASSERT_TRUE(stored);
    if (metric() != Metric::kCosine) {
      EXPECT_EQ(*stored, vectors_[i]);
      continue;
    }
    const double length =
        std::sqrt(std::inner_product(stored->begin(), stored->end(), stored->begin(), 0.0));
    EXPECT_NEAR(length, 1, 1e-6);
    EXPECT_NEAR(pair_.reference.Score(*stored, vectors_[i]), 1, 1e-6);
  }
  EXPECT_FALSE(space().VectorOf("nobody"));
}

TEST_P(SpaceContractTest, IdsAreInTheOrderInWhichTheyWereStored) {
  pair_.ExpectSamePoints();
  pair_.Upsert(Id(5), vectors_[6]);
  pair_.Remove(Id(9));
  pair_.ExpectSamePoints();
  EXPECT_EQ(space().Ids().back(), Id(5));
  EXPECT_TRUE(space().Contains(Id(5)));
  EXPECT_FALSE(space().Contains(Id(9)));
}

TEST_P(SpaceContractTest, AFilteredSearchFindsTheNearestThatMatch) {
  for (const std::size_t matching :
       {std::size_t{0}, std::size_t{1}, size() / 50, size() / 2, size() - 1, size()}) {
    const Filter filter = Below(static_cast<double>(matching));
    for (const auto& query : Queries(3)) pair_.ExpectExact(query, 10, &filter);
    EXPECT_GE(pair_.MeanRecall(Queries(20), {.k = 10, .filter = &filter}), 0.95) << matching;
  }
}

TEST_P(SpaceContractTest, MatchingNamesThePointsThatMatchInOrder) {
  const Filter filter =
      Filter::And({Below(100), Filter::Compare(Filter::Op::kEq, "parity", {std::string("odd")})});
  EXPECT_EQ(space().Matching(filter), pair_.reference.Matching(filter));
  EXPECT_EQ(space().Matching(filter).size(), 50U);
  EXPECT_TRUE(space().Matching(Filter::Or({})).empty());
}

TEST_P(SpaceContractTest, MetadataIsThatOfTheLastCallThatSetIt) {
  const Filter changed = Filter::Compare(Filter::Op::kEq, "parity", {std::string("neither")});
  EXPECT_FALSE(space().SetMetadata("nobody", {}));
  for (std::size_t i = 0; i < size(); i += 10) {
    pair_.SetMetadata(Id(i), {{"parity", {std::string("neither")}}});
  }
  EXPECT_EQ(space().Matching(changed), pair_.reference.Matching(changed));
  pair_.Search(vectors_[0], {.k = 10, .filter = &changed});
  // A point that is stored again has what it is stored with, or nothing.
  pair_.Upsert(Id(0), vectors_[0]);
  pair_.Upsert(Id(1), vectors_[1], {{"parity", {std::string("neither")}}});
  Settle();
  EXPECT_EQ(space().Matching(changed), pair_.reference.Matching(changed));
  EXPECT_EQ(space().Matching(Filter()), pair_.reference.Matching(Filter()));
}

TEST_P(SpaceContractTest, AgreesWithTheReferenceAfterManyRandomSteps) {
  VectorSamples samples(3);
  for (int step = 0; step < 1500; ++step) {
    const std::string id = Id(samples.Below(size() + size() / 4));
    const std::size_t action = samples.Below(100);
    if (action < 40) {
      pair_.Upsert(id, vectors_[samples.Below(size())], MetadataOf(samples.Below(1000)));
    } else if (action < 75) {
      pair_.Remove(id);
    } else if (action < 85) {
      pair_.SetMetadata(id, MetadataOf(samples.Below(1000)));
    } else if (action < 95) {
      space().Work(samples.Below(20));
    } else {
      const Filter filter = Below(static_cast<double>(samples.Below(1000)));
      const auto& query = vectors_[samples.Below(size())];
      pair_.ExpectExact(query, 5, action < 97 ? &filter : nullptr);
      pair_.Search(query, {.k = 5, .filter = action == 98 ? &filter : nullptr});
    }
    ASSERT_FALSE(HasFailure()) << step;
  }
  pair_.ExpectSamePoints();
  const Filter filter = Below(500);
  EXPECT_EQ(space().Matching(filter), pair_.reference.Matching(filter));
}

std::string SpaceName(const testing::TestParamInfo<SpaceContractTest::ParamType>& info) {
  static const char* const kShapes[] = {"small", "graph", "tail"};
  static const char* const kPlaces[] = {"memory", "directory"};
  const auto& [metric, storage, shape, place] = info.param;
  return std::string(MetricName(metric)) + "_" + std::string(StorageName(storage)) + "_" +
         kShapes[static_cast<int>(shape)] + "_" + kPlaces[static_cast<int>(place)];
}

const auto kMetrics = testing::Values(Metric::kCosine, Metric::kDot, Metric::kEuclidean);
const auto kShapes = testing::Values(Shape::kSmall, Shape::kGraph, Shape::kTail);

INSTANTIATE_TEST_SUITE_P(
    InMemory, SpaceContractTest,
    testing::Combine(kMetrics, testing::Values(Storage::kFloat32, Storage::kBf16, Storage::kInt8),
                     kShapes, testing::Values(Place::kMemory)),
    SpaceName);

// The rows of a float32 graph are the vectors: there is no file.
INSTANTIATE_TEST_SUITE_P(InADirectory, SpaceContractTest,
                         testing::Combine(kMetrics, testing::Values(Storage::kInt8), kShapes,
                                          testing::Values(Place::kDirectory)),
                         SpaceName);

}  // namespace
}  // namespace larder

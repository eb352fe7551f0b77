// What a VectorSpace refuses, and that it says so without storing anything.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/support/temp_dir.h"
#include "vector/vector_space.h"

namespace larder {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kMost = std::numeric_limits<float>::max();

class SpaceInputTest : public testing::TestWithParam<Metric> {
 protected:
  SpaceInputTest()
      : space_(std::move(VectorSpace::Create({.dim = 3, .metric = GetParam()})).value()) {
    EXPECT_TRUE(space_->Upsert({"stored", std::vector<float>{1, 2, 3}}).ok());
  }

  void ExpectRefused(const std::vector<float>& vector, const std::string& why) {
    for (const char* id : {"stored", "new"}) {
      const Status status = space_->Upsert({id, vector});
      ASSERT_FALSE(status.ok()) << why;
      EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
      EXPECT_NE(status.error().message.find(why), std::string::npos) << status.error().message;
    }
    const auto found = space_->Search(vector, {});
    ASSERT_FALSE(found.ok()) << why;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(found.error().message.find(why), std::string::npos) << found.error().message;
    EXPECT_EQ(space_->Ids(), std::vector<std::string>{"stored"});
    EXPECT_NEAR((*space_->VectorOf("stored"))[2] / (*space_->VectorOf("stored"))[0], 3, 1e-5);
  }
  void ExpectTaken(const std::vector<float>& vector) {
    const Status status = space_->Upsert({"taken", vector});
    EXPECT_TRUE(status.ok()) << status.error().message;
    const auto found = space_->Search(vector, {.k = 2});
    ASSERT_TRUE(found.ok()) << found.error().message;
    ASSERT_EQ(found->neighbours.size(), 2U);
    for (const Neighbour& one : found->neighbours) EXPECT_TRUE(std::isfinite(one.score));
    EXPECT_TRUE(space_->Remove("taken"));
  }

  std::unique_ptr<VectorSpace> space_;
};

TEST_P(SpaceInputTest, RefusesAnotherDimension) {
  ExpectRefused({}, "has 0 components where this space holds 3");
  ExpectRefused({1, 2}, "has 2 components where this space holds 3");
  ExpectRefused({1, 2, 3, 4}, "has 4 components where this space holds 3");
}

TEST_P(SpaceInputTest, RefusesWhatIsNotFiniteAndNamesTheComponent) {
  ExpectRefused({1, kNan, 3}, "component 1 ");
  ExpectRefused({kInfinity, 2, 3}, "component 0 ");
  ExpectRefused({1, 2, -kInfinity}, "component 2 ");
}

TEST_P(SpaceInputTest, RefusesAZeroVectorWhereItHasNoDirectionToCompare) {
  if (GetParam() == Metric::kCosine) {
    ExpectRefused({0, 0, 0}, "all zeros");
    ExpectRefused({0, -0.0F, 0}, "all zeros");
  } else {
    ExpectTaken({0, 0, 0});
  }
}

TEST_P(SpaceInputTest, RefusesAVectorTooLongToCompareUnlessLengthDoesNotCount) {
  if (GetParam() == Metric::kCosine) {
    ExpectTaken({kMost, kMost, kMost});
    ExpectTaken({0, -kMost, 1e-30F});
  } else {
    ExpectRefused({1.01e18F, 0, 0}, "longer than 1e18");
    ExpectRefused({6e17F, 6e17F, 6e17F}, "longer than 1e18");
    ExpectRefused({kMost, kMost, kMost}, "longer than 1e18");
    ExpectTaken({0.99e18F, 0, 0});
    ExpectTaken({0, -0.99e18F, 0});
  }
}

TEST_P(SpaceInputTest, TakesTheTiniestVectors) {
  ExpectTaken({std::numeric_limits<float>::denorm_min(), 0, 0});
  ExpectTaken({1e-30F, -1e-30F, 1e-38F});
}

TEST_P(SpaceInputTest, RefusesIdsThatAreEmptyOrTooLong) {
  const std::vector<float> vector = {3, 2, 1};
  const std::string longest(65'535, 'x');
  for (const std::string& id : {std::string(), longest + 'x'}) {
    const Status status = space_->Upsert({id, vector});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(status.error().message.find("the id's length must be in [1, 65535], got"),
              std::string::npos);
    EXPECT_FALSE(space_->Contains(id));
    EXPECT_FALSE(space_->Remove(id));
  }
  EXPECT_EQ(space_->size(), 1U);
  ASSERT_TRUE(space_->Upsert({longest, vector}).ok());
  EXPECT_EQ(space_->Ids(), (std::vector<std::string>{"stored", longest}));
}

TEST_P(SpaceInputTest, RefusesKOfZero) {
  const auto found = space_->Search(std::vector<float>{1, 2, 3}, {.k = 0});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(found.error().param, "k");
}

INSTANTIATE_TEST_SUITE_P(All, SpaceInputTest,
                         testing::Values(Metric::kCosine, Metric::kDot, Metric::kEuclidean),
                         [](const auto& info) { return std::string(MetricName(info.param)); });

TEST(SpaceOptionsTest, OutOfTheirRangesAreRefusedAndNamed) {
  struct Case {
    const char* name;
    VectorSpace::Options options;
  };
  const Case kCases[] = {
      {"dim", {.dim = 0}},
      {"dim", {.dim = 65'537}},
      {"m", {.dim = 3, .m = 1}},
      {"m", {.dim = 3, .m = 1025}},
      {"ef_construction", {.dim = 3, .ef_construction = 0}},
      {"ef_construction", {.dim = 3, .ef_construction = 1'000'001}},
      {"ef_search", {.dim = 3, .ef_search = 0}},
      {"ef_search", {.dim = 3, .ef_search = 1'000'001}},
  };
  const TempDir dir;
  for (const Case& c : kCases) {
    const auto made = VectorSpace::Create(c.options);
    ASSERT_FALSE(made.ok()) << c.name;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(made.error().param, c.name);
    const auto loaded = VectorSpace::Load(dir.path() + "/none", c.options);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(SpaceOptionsTest, TheEndsOfTheirRangesAreTaken) {
  for (const VectorSpace::Options& options :
       {VectorSpace::Options{.dim = 1, .m = 2, .ef_construction = 1, .ef_search = 1},
        VectorSpace::Options{.dim = 65'536, .m = 1024}}) {
    auto space = std::move(VectorSpace::Create(options)).value();
    std::vector<float> vector(options.dim, 1);
    for (int i = 0; i < 5; ++i) {
      vector[0] = static_cast<float>(i + 1);
      ASSERT_TRUE(space->Upsert({std::to_string(i), vector}).ok());
    }
    EXPECT_EQ(space->Search(vector, {.k = 5})->neighbours.size(), 5U);
    EXPECT_NEAR(space->Search(vector, {.k = 5})->neighbours[0].score, 1, 1e-5);
  }
}

}  // namespace
}  // namespace larder

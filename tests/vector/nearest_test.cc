#include "vector/nearest.h"

#include <gtest/gtest.h>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

TEST(NearestTest, TakesTheNearestFirstAndOfEqualsTheLowerSlot) {
  Nearest nearest(3);
  for (const Nearest::Hit& hit :
       {Nearest::Hit{2, 4}, Nearest::Hit{1, 9}, Nearest::Hit{2, 3}, Nearest::Hit{2, 2}}) {
    nearest.Offer(hit);
  }
  const auto hits = nearest.Take();
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(hits[0].slot, 9U);
  EXPECT_EQ(hits[1].slot, 2U);
  EXPECT_EQ(hits[2].slot, 3U);
}

TEST(NearestTest, HasNoLimitUntilItIsFull) {
  Nearest nearest(2);
  nearest.Offer({5, 0});
  EXPECT_EQ(nearest.limit(), std::numeric_limits<float>::infinity());
  nearest.Offer({3, 1});
  EXPECT_EQ(nearest.limit(), 5);
  nearest.Offer({1, 2});
  EXPECT_EQ(nearest.limit(), 3);
}

TEST(NearestTest, GivesAllWhenFewerThanKWereOffered) {
  Nearest nearest(10);
  EXPECT_TRUE(Nearest(1).Take().empty());
  nearest.Offer({1, 1});
  EXPECT_EQ(nearest.Take().size(), 1U);
}

TEST(NearestTest, AgreesWithASortOfEverything) {
  VectorSamples samples(1);
  for (std::size_t k = 1; k < 60; k += 7) {
    Nearest nearest(k);
    std::vector<Nearest::Hit> all;
    for (std::uint32_t slot = 0; slot < 500; ++slot) {
      all.push_back({static_cast<float>(samples.Below(100)), slot});
      nearest.Offer(all.back());
    }
    std::sort(all.begin(), all.end(), Nearest::Nearer);
    const auto hits = nearest.Take();
    ASSERT_EQ(hits.size(), k);
    for (std::size_t i = 0; i < k; ++i) EXPECT_EQ(hits[i].slot, all[i].slot);
  }
}

}  // namespace
}  // namespace larder

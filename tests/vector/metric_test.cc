#include "vector/metric.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(MetricTest, NamesAreReadBack) {
  for (const Metric metric : {Metric::kCosine, Metric::kDot, Metric::kEuclidean}) {
    EXPECT_EQ(MetricFromName(MetricName(metric)), metric);
  }
  for (const Storage storage : {Storage::kFloat32, Storage::kBf16, Storage::kInt8}) {
    EXPECT_EQ(StorageFromName(StorageName(storage)), storage);
  }
}

TEST(MetricTest, KnowsVectorizesNameOfTheInnerProduct) {
  EXPECT_EQ(MetricFromName("dot-product"), Metric::kDot);
}

TEST(MetricTest, KnowsNoOtherName) {
  for (const char* name : {"", "Cosine", "l2", "dot_product"}) {
    EXPECT_EQ(MetricFromName(name), std::nullopt) << name;
    EXPECT_EQ(StorageFromName(name), std::nullopt) << name;
  }
}

TEST(MetricTest, OnlyEuclideanIsADistance) {
  EXPECT_TRUE(IsDistance(Metric::kEuclidean));
  EXPECT_FALSE(IsDistance(Metric::kCosine));
  EXPECT_FALSE(IsDistance(Metric::kDot));
}

}  // namespace
}  // namespace larder

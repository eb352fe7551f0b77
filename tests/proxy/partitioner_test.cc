#include "proxy/partitioner.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

const Headers kA = {{"Authorization", "Bearer key-a"}};
const Headers kB = {{"Authorization", "Bearer key-b"}};

TEST(PartitionerTest, PutsTheSameCredentialIntoTheSamePartition) {
  const Partitioner partitioner(std::string(32, 's'));
  EXPECT_EQ(partitioner.Of(kA), partitioner.Of({{"x", "y"}, {"authorization", "Bearer key-a"}}));
  EXPECT_EQ(partitioner.Of({}), partitioner.Of({{"user-agent", "x"}}));
}

TEST(PartitionerTest, PutsDifferentCredentialsIntoDifferentPartitions) {
  const Partitioner partitioner(std::string(32, 's'));
  EXPECT_NE(partitioner.Of(kA), partitioner.Of(kB));
  EXPECT_NE(partitioner.Of(kA), partitioner.Of({}));
  EXPECT_NE(partitioner.Of(kA), partitioner.Of({{"x-api-key", "Bearer key-a"}}));
  EXPECT_NE(partitioner.Of(kA), partitioner.Of(kA, "key=a"));
}

TEST(PartitionerTest, NamesAPartitionBy32HexDigitsThatTellNothingOfTheCredential) {
  const std::string id = Partitioner(std::string(32, 's')).Of(kA).id();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(id, Partitioner(std::string(32, 't')).Of(kA).id());
}

}  // namespace
}  // namespace larder

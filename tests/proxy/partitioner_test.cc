#include "proxy/partitioner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temp_dir.h"

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

TEST(PartitionerFileTest, IsMadeForItsOwnerAloneAndFoundAgain) {
  const TempDir dir;
  const std::string path = dir.path() + "/partition.key";
  const auto first = Partitioner::FromFile(path);
  ASSERT_TRUE(first.ok());
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  EXPECT_GE(file.st_size, 32);
  const auto second = Partitioner::FromFile(path);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->Of(kA), second->Of(kA));
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(PartitionerFileTest, IsRandomForEachServer) {
  const TempDir dir;
  const auto one = Partitioner::FromFile(dir.path() + "/1");
  const auto other = Partitioner::FromFile(dir.path() + "/2");
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(one->Of(kA), other->Of(kA));
}

TEST(PartitionerFileTest, ThatIsDamagedIsAnErrorAndIsNotReplaced) {
  const TempDir dir;
  const std::string path = dir.path() + "/partition.key";
  for (const std::size_t size : {0U, 1U, 31U}) {
    std::ofstream(path, std::ios::trunc) << std::string(size, 'x');
    const auto opened = Partitioner::FromFile(path);
    ASSERT_FALSE(opened.ok()) << size;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption) << size;
    EXPECT_NE(opened.error().message.find(path), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path), size);
  }
}

TEST(PartitionerFileTest, ThatCannotBeMadeIsAnError) {
  const auto opened = Partitioner::FromFile("/nonexistent/dir/partition.key");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace larder

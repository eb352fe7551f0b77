#include "base/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

constexpr const char* kName = "the secret file";

TEST(SecretFileTest, IsMadeForItsOwnerAloneAndFoundAgain) {
  const TempDir dir;
  const std::string path = dir.path() + "/secret";
  const auto first = ReadOrMakeSecret(path, kName);
  ASSERT_TRUE(first.ok());
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  EXPECT_GE(file.st_size, 32);
  const auto second = ReadOrMakeSecret(path, kName);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*first, *second);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(SecretFileTest, IsRandomForEachServer) {
  const TempDir dir;
  const auto one = ReadOrMakeSecret(dir.path() + "/1", kName);
  const auto other = ReadOrMakeSecret(dir.path() + "/2", kName);
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(*one, *other);
}

TEST(SecretFileTest, ThatIsDamagedIsAnErrorAndIsNotReplaced) {
  const TempDir dir;
  const std::string path = dir.path() + "/secret";
  for (const std::size_t size : {0U, 1U, 31U}) {
    std::ofstream(path, std::ios::trunc) << std::string(size, 'x');
    const auto opened = ReadOrMakeSecret(path, kName);
    ASSERT_FALSE(opened.ok()) << size;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption) << size;
    EXPECT_NE(opened.error().message.find("the secret file " + path), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path), size);
  }
}

TEST(SecretFileTest, ThatCannotBeMadeIsAnError) {
  const auto opened = ReadOrMakeSecret("/nonexistent/dir/secret", kName);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace larder

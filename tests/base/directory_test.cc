#include "base/directory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

TEST(DirectoryTest, TheDirectoryOfAPathIsWhatHoldsIt) {
  EXPECT_EQ(DirectoryOf("/a/b"), "/a");
  EXPECT_EQ(DirectoryOf("/a/b//"), "/a");
  EXPECT_EQ(DirectoryOf("/a"), "/");
  EXPECT_EQ(DirectoryOf("/"), "/");
  EXPECT_EQ(DirectoryOf("a/b"), "a");
  EXPECT_EQ(DirectoryOf("a"), ".");
  EXPECT_EQ(DirectoryOf("./larder-data"), ".");
}

TEST(DirectoryTest, IsMadeWithWhatIsMissingAboveIt) {
  const TempDir dir;
  const std::string path = dir.path() + "/one/two/three/";
  ASSERT_TRUE(MakeDirectories(path).ok());
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_TRUE(MakeDirectories(path).ok()) << "it is there";
}

TEST(DirectoryTest, ThatCannotBeMadeOrSyncedIsNamed) {
  const TempDir dir;
  const std::string file = dir.path() + "/file";
  std::ofstream(file) << "x";
  const Status made = MakeDirectories(file + "/below");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kIo);
  EXPECT_NE(made.error().message.find(file), std::string::npos) << made.error().message;
  EXPECT_FALSE(SyncDirectory(file).ok());
  EXPECT_FALSE(SyncDirectory(dir.path() + "/absent").ok());
  EXPECT_TRUE(SyncDirectory(dir.path()).ok());
}

}  // namespace
}  // namespace larder

#include "app/data_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class DataDirTest : public testing::Test {
 protected:
  unsigned Mode() const {
    struct stat status = {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  void Make(unsigned mode) const {
    std::filesystem::create_directories(path_);
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  // What opening says of it.
  std::string Warning() const {
    const auto opened = DataDir::Open(path_);
    return opened.ok() ? opened->warning() : "refused: " + opened.error().message;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/data";
};

TEST_F(DataDirTest, ANewOneIsItsOwnersAlone) {
  EXPECT_THAT(Warning(), IsEmpty());
  EXPECT_EQ(Mode(), 0700U);
}

TEST_F(DataDirTest, AnEmptyOneThatIsTooOpenIsClosed) {
  Make(0755);
  EXPECT_THAT(Warning(), IsEmpty());
  EXPECT_EQ(Mode(), 0700U);
}

TEST_F(DataDirTest, OneOfAnEarlierRunIsClosed) {
  ASSERT_THAT(Warning(), IsEmpty());
  std::filesystem::create_directories(path_ + "/cache");
  std::filesystem::create_directories(path_ + "/cache.damaged-17");
  Make(0777);
  EXPECT_THAT(Warning(), IsEmpty());
  EXPECT_EQ(Mode(), 0700U);
}

TEST_F(DataDirTest, OneThatHoldsOtherThingsKeepsItsModeAndThatIsSaid) {
  Make(0755);
  std::ofstream(path_ + "/notes") << "of somebody";
  EXPECT_THAT(Warning(), HasSubstr("is open to other users and holds other things, too"));
  EXPECT_EQ(Mode(), 0755U);
}

TEST_F(DataDirTest, OneOfAnotherUserKeepsItsModeAndThatIsSaid) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  Make(0777);
  ASSERT_EQ(::chown(path_.c_str(), 12'345, 12'345), 0);
  EXPECT_THAT(Warning(), HasSubstr("is open to other users and belongs to another user"));
  EXPECT_EQ(Mode(), 0777U);
}

TEST_F(DataDirTest, TwoNeverShareOne) {
  const auto first = DataDir::Open(path_);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(Warning(), HasSubstr("refused: the data directory"));
}

}  // namespace
}  // namespace larder

#include "vector/vector_rows.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>

#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vector_samples.h"

namespace larder {
namespace {

constexpr std::size_t kDim = 5;

// In memory (false) or in a file.
class VectorRowsTest : public testing::TestWithParam<bool> {
 protected:
  std::string Path() const { return GetParam() ? dir_.path() + "/rows" : ""; }
  std::unique_ptr<VectorRows> Make() const {
    auto made = VectorRows::Create(kDim, 1000, Path());
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }
  static std::vector<float> RowOf(const VectorRows& rows, std::uint32_t slot) {
    return {rows.Row(slot), rows.Row(slot) + kDim};
  }

  const TempDir dir_;
  const std::vector<std::vector<float>> vectors_ = VectorSamples(1).Clustered(1000, kDim, 3);
};

TEST_P(VectorRowsTest, GivesBackWhatWasWritten) {
  const auto rows = Make();
  for (std::uint32_t slot = 0; slot < 1000; ++slot) {
    ASSERT_TRUE(rows->Write(slot, vectors_[slot].data()).ok());
  }
  for (std::uint32_t slot = 0; slot < 1000; ++slot) ASSERT_EQ(RowOf(*rows, slot), vectors_[slot]);
  EXPECT_TRUE(rows->Sync().ok());
  EXPECT_EQ(rows->path(), Path());
}

TEST_P(VectorRowsTest, TheChecksumIsThatOfTheBytes) {
  const auto rows = Make();
  std::string bytes;
  for (std::uint32_t slot = 0; slot < 10; ++slot) {
    EXPECT_EQ(rows->ChecksumOf(slot), ChecksumOf(bytes));
    ASSERT_TRUE(rows->Write(slot, vectors_[slot].data()).ok());
    const auto row = std::as_bytes(std::span(vectors_[slot]));
    for (const std::byte byte : row) bytes.push_back(static_cast<char>(byte));
  }
  EXPECT_EQ(rows->ChecksumOf(10), ChecksumOf(bytes));
  EXPECT_EQ(rows->ChecksumOf(4), ChecksumOf(bytes.substr(0, 4 * kDim * sizeof(float))));
}

TEST_P(VectorRowsTest, TheChecksumIsRightAfterARowIsWrittenAgain) {
  const auto rows = Make();
  const auto once = std::move(VectorRows::Create(kDim, 10, "")).value();
  ASSERT_TRUE(rows->Write(0, vectors_[0].data()).ok());
  ASSERT_TRUE(rows->Write(1, vectors_[100].data()).ok());
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    if (slot > 0) {
      ASSERT_TRUE(rows->Write(slot, vectors_[slot].data()).ok());
    }
    ASSERT_TRUE(once->Write(slot, vectors_[slot].data()).ok());
  }
  EXPECT_EQ(rows->ChecksumOf(4), once->ChecksumOf(4));
  EXPECT_EQ(rows->ChecksumOf(2), once->ChecksumOf(2));
}

INSTANTIATE_TEST_SUITE_P(All, VectorRowsTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "file" : "memory"; });

class VectorFileTest : public testing::Test {
 protected:
  std::unique_ptr<VectorRows> MakeWith(std::uint32_t rows) {
    auto made = std::move(VectorRows::Create(kDim, 100, path_)).value();
    for (std::uint32_t slot = 0; slot < rows; ++slot) {
      EXPECT_TRUE(made->Write(slot, vectors_[slot].data()).ok());
    }
    return made;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/rows";
  const std::vector<std::vector<float>> vectors_ = VectorSamples(2).Clustered(100, kDim, 3);
};

TEST_F(VectorFileTest, IsOfItsOwnerAlone) {
  const auto rows = MakeWith(1);
  const auto permissions = std::filesystem::status(path_).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(VectorFileTest, GoesWithItsObjectUnlessItIsKept) {
  MakeWith(3).reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  auto rows = MakeWith(3);
  rows->Keep();
  rows.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(VectorFileTest, AnotherThatHasItsNameByNowStays) {
  auto rows = MakeWith(3);
  std::filesystem::remove(path_);
  std::ofstream(path_) << "somebody else's";
  rows.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(VectorFileTest, AKeptFileIsOpenedAndAppendedTo) {
  auto rows = MakeWith(10);
  const std::uint64_t checksum = rows->ChecksumOf(10);
  rows->Keep();
  rows.reset();
  auto opened = VectorRows::Open(kDim, 100, path_, 10);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->ChecksumOf(10), checksum);
  ASSERT_TRUE((*opened)->Write(10, vectors_[10].data()).ok());
  for (std::uint32_t slot = 0; slot < 11; ++slot) {
    const float* row = (*opened)->Row(slot);
    EXPECT_EQ(std::vector<float>(row, row + kDim), vectors_[slot]);
  }
  const auto once = std::move(VectorRows::Create(kDim, 100, "")).value();
  for (std::uint32_t slot = 0; slot < 11; ++slot) {
    ASSERT_TRUE(once->Write(slot, vectors_[slot].data()).ok());
  }
  EXPECT_EQ((*opened)->ChecksumOf(11), once->ChecksumOf(11));
  std::move(opened).value().reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(VectorFileTest, RowsBehindTheLastThatCountsAreWrittenOver) {
  auto rows = MakeWith(10);
  rows->Keep();
  rows.reset();
  const auto opened = std::move(VectorRows::Open(kDim, 100, path_, 4)).value();
  ASSERT_TRUE(opened->Write(4, vectors_[50].data()).ok());
  EXPECT_EQ(std::vector<float>(opened->Row(4), opened->Row(4) + kDim), vectors_[50]);
}

TEST_F(VectorFileTest, AFileThatExistsIsNotMadeAnewAndNotRemoved) {
  std::ofstream(path_) << "somebody else's";
  const auto made = VectorRows::Create(kDim, 100, path_);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kIo);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(VectorFileTest, ADirectoryThatIsGoneIsAnIoError) {
  const auto made = VectorRows::Create(kDim, 100, dir_.path() + "/none/rows");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kIo);
}

TEST_F(VectorFileTest, AFileThatIsMissingOrTooShortIsNotOpened) {
  EXPECT_EQ(VectorRows::Open(kDim, 100, path_, 1).error().code, ErrorCode::kNotFound);
  auto rows = MakeWith(10);
  rows->Keep();
  rows.reset();
  EXPECT_EQ(VectorRows::Open(kDim, 100, path_, 11).error().code, ErrorCode::kCorruption);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(VectorFileTest, AFullDiskIsAnErrorAndTheRowsBeforeStay) {
  const auto rows = MakeWith(10);
  {
    const FileSizeLimit limit(10 * kDim * sizeof(float) + 7);
    const Status status = rows->Write(10, vectors_[10].data());
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
    EXPECT_EQ(status.error().origin, ErrorOrigin::kIndex);
  }
  const std::uint64_t before = rows->ChecksumOf(10);
  ASSERT_TRUE(rows->Write(10, vectors_[10].data()).ok());
  EXPECT_EQ(rows->ChecksumOf(10), before);
  for (std::uint32_t slot = 0; slot < 11; ++slot) {
    EXPECT_EQ(std::vector<float>(rows->Row(slot), rows->Row(slot) + kDim), vectors_[slot]);
  }
}

}  // namespace
}  // namespace larder

#include "vector/snapshot_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

class SnapshotFileTest : public testing::Test {
 protected:
  Status Write(const std::string& text) const {
    auto writer = SnapshotWriter::Create(path_);
    if (!writer.ok()) return writer.error();
    writer->Write(text.data(), text.size());
    return writer->Commit();
  }
  // nullopt when it is not whole.
  std::optional<std::string> Read() const {
    auto reader = SnapshotReader::Open(path_);
    if (!reader.ok() || reader->left() < sizeof(std::uint64_t)) return std::nullopt;
    std::string text(reader->left() - sizeof(std::uint64_t), '\0');
    if (!reader->Read(text.data(), text.size()) || !reader->EndsWhole()) return std::nullopt;
    return text;
  }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/snapshot";
  const std::string temporary_ = path_ + ".new";
};

TEST_F(SnapshotFileTest, ReadsBackWhatWasWritten) {
  auto writer = SnapshotWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  writer->Number(std::uint32_t{7});
  writer->Write("text", 4);
  const std::uint64_t checksum = writer->checksum();
  writer->Write("", 0);
  ASSERT_TRUE(writer->Commit().ok());

  auto reader = SnapshotReader::Open(path_);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->left(), 4 + 4 + sizeof(checksum));
  EXPECT_EQ(reader->Number<std::uint32_t>(), 7U);
  std::string text(4, '\0');
  EXPECT_FALSE(reader->EndsWhole());
  EXPECT_TRUE(reader->Read(text.data(), text.size()));
  EXPECT_EQ(text, "text");
  EXPECT_EQ(reader->checksum(), checksum);
  EXPECT_TRUE(reader->EndsWhole());
}

TEST_F(SnapshotFileTest, AnEmptyOneIsWhole) {
  ASSERT_TRUE(Write("").ok());
  EXPECT_EQ(Read(), "");
}

TEST_F(SnapshotFileTest, IsThereOnceItIsCommitted) {
  auto writer = SnapshotWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  writer->Write("text", 4);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(temporary_));
  ASSERT_TRUE(writer->Commit().ok());
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_FALSE(std::filesystem::exists(temporary_));
}

TEST_F(SnapshotFileTest, OneThatIsDroppedLeavesTheEarlierOneAndNothingElse) {
  ASSERT_TRUE(Write("first").ok());
  {
    auto writer = SnapshotWriter::Create(path_);
    ASSERT_TRUE(writer.ok());
    writer->Write("second", 6);
  }
  EXPECT_EQ(Read(), "first");
  EXPECT_FALSE(std::filesystem::exists(temporary_));
}

TEST_F(SnapshotFileTest, OneThatACrashLeftHalfWrittenIsWrittenOver) {
  ASSERT_TRUE(Write("first").ok());
  std::ofstream(temporary_) << std::string(1000, 'x');
  EXPECT_EQ(Read(), "first");
  ASSERT_TRUE(Write("second").ok());
  EXPECT_EQ(Read(), "second");
}

TEST_F(SnapshotFileTest, AFullDiskLeavesTheEarlierOne) {
  ASSERT_TRUE(Write("first").ok());
  {
    const FileSizeLimit limit(20'000);
    const Status status = Write(std::string(100'000, 'x'));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
  }
  EXPECT_EQ(Read(), "first");
  EXPECT_FALSE(std::filesystem::exists(temporary_));
}

TEST_F(SnapshotFileTest, ADirectoryThatIsGoneIsAnIoError) {
  const auto writer = SnapshotWriter::Create(dir_.path() + "/none/snapshot");
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, ErrorCode::kIo);
}

TEST_F(SnapshotFileTest, AMissingOneIsNotFound) {
  const auto reader = SnapshotReader::Open(path_);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, ErrorCode::kNotFound);
}

TEST_F(SnapshotFileTest, IsOfItsOwnerAlone) {
  ASSERT_TRUE(Write("text").ok());
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SnapshotFileTest, ATornOneIsNotWhole) {
  ASSERT_TRUE(Write("some text").ok());
  const std::string whole = Bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SetBytes(whole.substr(0, length));
    EXPECT_EQ(Read(), std::nullopt) << length;
  }
  SetBytes(whole + "x");
  EXPECT_EQ(Read(), std::nullopt);
}

TEST_F(SnapshotFileTest, AnAlteredOneIsNotWhole) {
  ASSERT_TRUE(Write("some text").ok());
  const std::string whole = Bytes();
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string altered = whole;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    SetBytes(altered);
    EXPECT_EQ(Read(), std::nullopt) << bit;
  }
}

TEST_F(SnapshotFileTest, ReadsNothingMoreBehindAnEndThatCameTooEarly) {
  ASSERT_TRUE(Write("text").ok());
  auto reader = SnapshotReader::Open(path_);
  std::string text(100, '\0');
  EXPECT_FALSE(reader->Read(text.data(), text.size()));
  EXPECT_EQ(reader->left(), 0U);
  EXPECT_EQ(reader->Number<std::uint8_t>(), 0U);
  EXPECT_FALSE(reader->EndsWhole());
}

}  // namespace
}  // namespace larder

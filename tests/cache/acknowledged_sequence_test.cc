#include "cache/acknowledged_sequence.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

class AcknowledgedSequenceTest : public testing::Test {
 protected:
  std::optional<std::uint64_t> Read() const { return AcknowledgedSequence::Read(path_); }

  TempDir dir_;
  const std::string path_ = dir_.path() + "/ACKNOWLEDGED";
};

TEST_F(AcknowledgedSequenceTest, IsAbsentUntilTheFirstWrite) {
  EXPECT_EQ(Read(), std::nullopt);
  AcknowledgedSequence sequence(path_);
  EXPECT_EQ(Read(), std::nullopt);
}

TEST_F(AcknowledgedSequenceTest, NeverGoesBack) {
  AcknowledgedSequence(path_).Raise(7);
  EXPECT_EQ(Read(), 7U);
  AcknowledgedSequence again(path_);
  again.Raise(6);
  EXPECT_EQ(Read(), 7U);
  again.Raise(8);
  EXPECT_EQ(Read(), 8U);
}

TEST_F(AcknowledgedSequenceTest, HasGoldenBytes) {
  AcknowledgedSequence(path_).Raise(0x0102030405060708);
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(bytes, std::string("LRDRACK1\x08\x07\x06\x05\x04\x03\x02\x01", 16));
}

TEST_F(AcknowledgedSequenceTest, TellsNothingFromAFileThatIsNone) {
  for (const std::string bytes : {"", "LRDRACK1", "LRDRACK2\1\0\0\0\0\0\0\0", "sixteen bytes ok"}) {
    std::ofstream(path_, std::ios::trunc | std::ios::binary) << bytes;
    EXPECT_EQ(Read(), std::nullopt) << bytes;
  }
}

TEST_F(AcknowledgedSequenceTest, DoesWithoutAFileThatCannotBeMade) {
  AcknowledgedSequence(dir_.path() + "/no/such/directory").Raise(1);
}

}  // namespace
}  // namespace larder

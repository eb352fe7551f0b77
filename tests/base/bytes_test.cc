#include "base/bytes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace larder {
namespace {

TEST(ByteWriterTest, WritesLittleEndianAndPrefixesLengths) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.Fixed(std::uint32_t{0x01020304});
  writer.Fixed(std::int16_t{-2});
  writer.Raw("r");
  writer.Prefixed("ab");
  EXPECT_EQ(bytes, std::string("\x04\x03\x02\x01\xfe\xffr\x02\x00\x00\x00"
                               "ab",
                               13));
}

TEST(ByteReaderTest, ReadsBackWhatWasWritten) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.Fixed(std::numeric_limits<std::uint64_t>::max());
  writer.Fixed(std::int8_t{-7});
  writer.Fixed(-0.0);
  writer.Prefixed(std::string_view("a\0b", 3));
  writer.Prefixed("");
  writer.Raw("tail");

  ByteReader reader(bytes);
  EXPECT_EQ(reader.Fixed<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.Fixed<std::int8_t>(), -7);
  EXPECT_TRUE(std::signbit(reader.Fixed<double>()));
  EXPECT_EQ(reader.Prefixed(), std::string_view("a\0b", 3));
  EXPECT_EQ(reader.Prefixed(), "");
  EXPECT_EQ(reader.remaining(), 4U);
  EXPECT_EQ(reader.Raw(4), "tail");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteReaderTest, IsOkAtTheEndAndNotBeyondIt) {
  ByteReader reader("");
  EXPECT_EQ(reader.Raw(0), "");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.Fixed<std::uint8_t>(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReaderTest, AShortReadYieldsZeroAndFailsForGood) {
  ByteReader reader("abc");
  EXPECT_EQ(reader.Fixed<std::uint32_t>(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U) << "the rest must not be read as something else";
  EXPECT_EQ(reader.Fixed<std::uint8_t>(), 0);
  EXPECT_EQ(reader.Raw(1), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReaderTest, APrefixLongerThanTheRestFails) {
  ByteReader reader(
      std::string_view("\xff\xff\xff\xff"
                       "abc",
                       7));
  EXPECT_EQ(reader.Prefixed(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReaderTest, ATornPrefixFails) {
  ByteReader reader(std::string_view("\x01\x00", 2));
  EXPECT_EQ(reader.Prefixed(), "");
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace larder

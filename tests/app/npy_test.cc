#include "app/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/bytes.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As numpy 1.24 writes it: numpy.save of numpy.array([[1.5, -2]], '<f4') and of '<f8'.
std::string NumpyFile(const char* type, const char* shape, const std::string& data) {
  std::string file("\x93NUMPY\x01\x00\x76\x00", 10);
  file +=
      std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  file.resize(127, ' ');
  return file + "\n" + data;
}

template <typename Number>
std::string Bytes(std::vector<Number> numbers) {
  std::string bytes;
  ByteWriter writer(bytes);
  for (const Number number : numbers) writer.Fixed(number);
  return bytes;
}

class NpyReaderTest : public testing::Test {
 protected:
  Result<std::unique_ptr<NpyReader>> Open(const std::string& bytes) {
    std::ofstream(dir_.path() + "/a.npy", std::ios::binary) << bytes;
    return NpyReader::Open(ByteInput::Open(dir_.path() + "/a.npy", nullptr).value());
  }
  TempDir dir_;
};

TEST(NpyTest, TheHeaderHasTheseBytesWhateverTheNumberOfRows) {
  const std::string header = RenderNpyHeader(3, 1536);
  EXPECT_EQ(header.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(header.substr(10, 63),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1536), } ");
  EXPECT_EQ(header.size(), 128U);
  EXPECT_EQ(header.back(), '\n');
  EXPECT_EQ(RenderNpyHeader(12'345'678'901, 65'536).size(), 128U);
}

TEST_F(NpyReaderTest, ReadsWhatNumpyWrites) {
  auto reader = Open(NumpyFile("<f4", "(2, 2)", Bytes<float>({1.5, -2, 3, 4})));
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ((*reader)->shape().rows, 2U);
  std::vector<float> row;
  ASSERT_TRUE(*(*reader)->Next(row));
  EXPECT_THAT(row, ElementsAre(1.5, -2));
  ASSERT_TRUE(*(*reader)->Next(row));
  EXPECT_THAT(row, ElementsAre(3, 4));
  EXPECT_FALSE(*(*reader)->Next(row));
}

TEST_F(NpyReaderTest, ReadsDoublesAndVersionTwo) {
  std::string file = NumpyFile("<f8", "(1, 2)", Bytes<double>({0.5, 8}));
  file[6] = 2;
  file.insert(10, std::string(2, '\0'));  // a 32-bit length
  auto reader = Open(file);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  std::vector<float> row;
  ASSERT_TRUE(*(*reader)->Next(row));
  EXPECT_THAT(row, ElementsAre(0.5, 8));
}

TEST_F(NpyReaderTest, AFileThatEndsTooSoonIsAnError) {
  auto reader = Open(NumpyFile("<f4", "(2, 2)", Bytes<float>({1, 2, 3})));
  ASSERT_TRUE(reader.ok());
  std::vector<float> row;
  EXPECT_TRUE(*(*reader)->Next(row));
  const auto cut = (*reader)->Next(row);
  ASSERT_FALSE(cut.ok());
  EXPECT_THAT(cut.error().message, HasSubstr("ends in row 1 of 2"));
}

TEST_F(NpyReaderTest, WhatIsNotReadIsToldWithWhatToDo) {
  struct Case {
    std::string bytes;
    const char* told;
  };
  std::string fortran = NumpyFile("<f4", "(1, 1)", Bytes<float>({1}));
  fortran.replace(fortran.find("False"), 5, "True ");
  const std::vector<Case> cases = {
      {"PK\x03\x04 not numpy at all", "does not begin as one"},
      {"", "does not begin as one"},
      {NumpyFile("<i8", "(1, 1)", ""), "astype('<f4')"},
      {NumpyFile(">f4", "(1, 1)", ""), "astype('<f4')"},
      {fortran, "ascontiguousarray"},
      {NumpyFile("<f4", "(1, 2, 3)", ""), "must be (n, dimensions)"},
      {NumpyFile("<f4", "()", ""), "must be (n, dimensions)"},
      {NumpyFile("<f4", "(1, 0)", ""), "1 to 65536"},
      {NumpyFile("<f4", "(1, 99999999)", ""), "1 to 65536"},
      {NumpyFile("<f4", "(1, 1)", "").substr(0, 100), "ends inside its header"},
  };
  for (const Case& one : cases) {
    const auto reader = Open(one.bytes);
    ASSERT_FALSE(reader.ok()) << one.told;
    EXPECT_THAT(reader.error().message, HasSubstr(one.told));
  }
}

TEST(NpyTest, WhatIsWrittenIsReadAgain) {
  const auto shape = ParseNpyDictionary(RenderNpyHeader(7, 384).substr(10));
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape->rows, 7U);
  EXPECT_EQ(shape->columns, 384U);
  EXPECT_EQ(ParseNpyDictionary("{'descr': '<f4','fortran_order': False,'shape': (9,),}")->columns,
            1U);
}

}  // namespace
}  // namespace larder

#include "app/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using testing::ElementsAre;

// Fed in pieces of `piece` bytes.
std::vector<std::string> Lines(std::string_view text, std::size_t piece) {
  LineReader reader;
  std::vector<std::string> lines;
  const auto take = [&] {
    while (const auto line = reader.Next()) lines.emplace_back(*line);
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.Feed(text.substr(at, piece));
    take();
  }
  reader.End();
  take();
  return lines;
}

TEST(LineReaderTest, TheCutsOfTheBytesDoNotMatter) {
  for (const std::size_t piece : {1, 2, 3, 5, 100}) {
    EXPECT_THAT(Lines("one\ntwo\r\n\nfour", piece), ElementsAre("one", "two", "", "four"));
    EXPECT_THAT(Lines("one\n", piece), ElementsAre("one"));
    EXPECT_THAT(Lines("", piece), ElementsAre());
  }
}

TEST(LineReaderTest, NumbersItsLinesFromOne) {
  LineReader reader;
  reader.Feed("a\n\nb\n");
  reader.Next();
  EXPECT_EQ(reader.line(), 1);
  reader.Next();
  reader.Next();
  EXPECT_EQ(reader.line(), 3);
}

TEST(LineReaderTest, ALineThatIsTooLongIsToldBeforeItsEndComes) {
  LineReader reader(4);
  reader.Feed("1234\n12345");
  EXPECT_EQ(reader.Next(), "1234");
  EXPECT_EQ(reader.Next(), std::nullopt);
  EXPECT_TRUE(reader.too_long());
  reader.Feed("\nok\n");
  EXPECT_EQ(reader.Next(), std::nullopt);
}

}  // namespace
}  // namespace larder

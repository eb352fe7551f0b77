#include "proxy/openai/sse_reader.h"

#include <gmock/gmock.h>

namespace larder {
namespace {

using testing::ElementsAre;

// A block as "name|data", "-" when it has no data.
std::vector<std::string> Blocks(SseReader& reader, std::string* raw = nullptr) {
  std::vector<std::string> blocks;
  while (const auto event = reader.Next()) {
    blocks.push_back(event->has_data ? std::string(event->name) + "|" + std::string(event->data)
                                     : "-");
    if (raw != nullptr) *raw += event->raw;
  }
  return blocks;
}

std::vector<std::string> BlocksOf(std::string_view stream) {
  SseReader reader;
  reader.Feed(stream);
  return Blocks(reader);
}

TEST(SseReaderTest, ReadsFieldsAsTheStandardSays) {
  EXPECT_THAT(BlocksOf("data: a\n\n"), ElementsAre("|a"));
  EXPECT_THAT(BlocksOf("data:a\n\n"), ElementsAre("|a"));
  EXPECT_THAT(BlocksOf("data:  a \n\n"), ElementsAre("| a "));
  EXPECT_THAT(BlocksOf("data\n\n"), ElementsAre("|"));
  EXPECT_THAT(BlocksOf("data: a\ndata: b\ndata:\ndata: c\n\n"), ElementsAre("|a\nb\n\nc"));
  EXPECT_THAT(BlocksOf("event: e\ndata: a\n\ndata: b\n\n"), ElementsAre("e|a", "|b"));
  EXPECT_THAT(BlocksOf("event: d\nevent: e\ndata: a\n\n"), ElementsAre("e|a"));
  EXPECT_THAT(BlocksOf("id: 1\nretry: 2\ndatax: no\n data: no\nData: no\ndata: a:b\n\n"),
              ElementsAre("|a:b"));
  EXPECT_THAT(BlocksOf(": comment\n\nevent: e\n\n\ndata: a\n\n"), ElementsAre("-", "-", "-", "|a"));
  EXPECT_THAT(BlocksOf("\xEF\xBB\xBF"
                       "data: a\n\n\xEF\xBB\xBF"
                       "data: b\n\n"),
              ElementsAre("|a", "-"));
}

TEST(SseReaderTest, EndsABlockOnlyAtItsEmptyLine) {
  SseReader reader;
  reader.Feed("data: a\n\n: b\ndata: c");
  EXPECT_THAT(Blocks(reader), ElementsAre("|a"));
  EXPECT_EQ(reader.Rest(), ": b\ndata: c");
  reader.Feed("d\n");
  EXPECT_THAT(Blocks(reader), ElementsAre());
  reader.Feed("\n");
  EXPECT_EQ(Blocks(reader), std::vector<std::string>{"|cd"});
  EXPECT_EQ(reader.Rest(), "");
}

const std::string kStream =
    ": hello\n\nevent: e\nid: 7\ndata: {\"a\":\ndata: 1}\n\ndata: [DONE]\n\n\n: tail";

std::string WithLineEnds(const std::string& stream, const std::string& end) {
  std::string out;
  for (const char c : stream) c == '\n' ? out += end : out += c;
  return out;
}

TEST(SseReaderTest, ReadsTheSameWithEveryLineEndWhereverItIsCutAndLosesNoByte) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string stream = WithLineEnds(kStream, end);
    for (std::size_t first = 0; first <= stream.size(); ++first) {
      for (std::size_t second = first; second <= stream.size(); second += 3) {
        SseReader reader;
        std::string raw;
        std::vector<std::string> blocks;
        for (const auto piece : {std::string_view(stream).substr(0, first),
                                 std::string_view(stream).substr(first, second - first),
                                 std::string_view(stream).substr(second)}) {
          reader.Feed(piece);
          for (auto& block : Blocks(reader, &raw)) blocks.push_back(std::move(block));
        }
        ASSERT_THAT(blocks, ElementsAre("-", "e|{\"a\":\n1}", "|[DONE]", "-"));
        ASSERT_EQ(raw + std::string(reader.Rest()), stream);
      }
    }
  }
}

TEST(SseReaderTest, ReadsALongLineThatComesByteByByte) {
  SseReader reader;
  const std::string line = "data: " + std::string(100'000, 'x') + "\n";
  for (const char byte : line) {
    reader.Feed({&byte, 1});
    ASSERT_FALSE(reader.Next());
  }
  reader.Feed("\n");
  EXPECT_EQ(reader.Next()->data.size(), 100'000U);
}

TEST(SseReaderTest, KeepsTheViewsOfABlockUntilTheNextCall) {
  SseReader reader;
  reader.Feed("event: one\ndata: a\n\nevent: two\ndata: b\n\n");
  const auto one = reader.Next();
  EXPECT_EQ(one->raw, "event: one\ndata: a\n\n");
  EXPECT_EQ(one->name, "one");
  EXPECT_EQ(reader.Next()->name, "two");
}

std::string Edited(std::string_view block, std::string_view data) {
  SseReader reader;
  reader.Feed(block);
  return WithData(*reader.Next(), data);
}

TEST(WithDataTest, ChangesTheDataAndNothingElse) {
  EXPECT_EQ(Edited("data: a\n\n", "b"), "data: b\n\n");
  EXPECT_EQ(Edited("data:a\r\n\r\n", "b"), "data:b\r\n\r\n");
  EXPECT_EQ(Edited(": c\rid: 1\rdata: a\revent: e\r\r", "b"), ": c\rid: 1\rdata: b\revent: e\r\r");
  EXPECT_EQ(Edited("data: a\nid: 1\ndata: b\n\n", "c\nd"), "data: c\ndata: d\nid: 1\n\n");
}

}  // namespace
}  // namespace larder

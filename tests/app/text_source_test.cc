#include "app/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TextSourceTest : public testing::Test {
 protected:
  // All texts, and what went wrong behind them.
  std::vector<std::string> Texts(const std::string& content, TextFormat format) {
    const std::string path = dir_.path() + "/texts";
    std::ofstream(path, std::ios::binary) << content;
    auto input = ByteInput::Open(path, nullptr);
    TextSource source(std::move(*input), std::move(format));
    std::vector<std::string> texts;
    problem_.clear();
    while (true) {
      auto text = source.Next();
      if (!text.ok()) {
        problem_ = text.error().message;
        break;
      }
      if (!*text) break;
      texts.push_back(**text);
    }
    empty_ = source.empty();
    return texts;
  }

  TempDir dir_;
  std::string problem_;
  std::int64_t empty_ = 0;
};

TEST_F(TextSourceTest, TheNameTellsTheFormat) {
  EXPECT_EQ(FormatOfPath("a.csv"), "csv");
  EXPECT_EQ(FormatOfPath("a.jsonl"), "jsonl");
  EXPECT_EQ(FormatOfPath("a.ndjson"), "jsonl");
  EXPECT_EQ(FormatOfPath("a.txt"), "lines");
  EXPECT_EQ(FormatOfPath("-"), "lines");
}

TEST_F(TextSourceTest, LinesAreTextsAsTheyStand) {
  EXPECT_THAT(Texts("one\r\n\n  two \nthree", {"lines"}), ElementsAre("one", "  two ", "three"));
}

TEST_F(TextSourceTest, JsonLinesAreStringsOrObjectsWithTextOrInput) {
  EXPECT_THAT(Texts("\"one\"\n{\"text\":\"two\"}\n\n{\"input\":\"three\"}\n"
                    "{\"input\":[\"four\",\"five\"]}\n",
                    {"jsonl"}),
              ElementsAre("one", "two", "three", "four", "five"));
  EXPECT_EQ(problem_, "");
}

TEST_F(TextSourceTest, TheMemberCanBeNamed) {
  EXPECT_THAT(Texts("{\"text\":\"no\",\"body\":\"yes\"}", {"jsonl", "body"}), ElementsAre("yes"));
}

TEST_F(TextSourceTest, AWrongJsonLineIsToldWithItsNumberAndWhatToDo) {
  EXPECT_THAT(Texts("\"one\"\n{\"title\":\"x\"}\n", {"jsonl"}), ElementsAre("one"));
  EXPECT_THAT(problem_, HasSubstr("line 2 is neither a string nor an object with text or input"));
  EXPECT_THAT(problem_, HasSubstr("--field"));
  Texts("one\n", {"jsonl"});
  EXPECT_THAT(problem_, HasSubstr("line 1 is not JSON"));
  Texts("{\"input\":[1,2]}\n", {"jsonl"});
  EXPECT_THAT(problem_, HasSubstr("token arrays are not read"));
}

TEST_F(TextSourceTest, ACsvColumnIsNamedOrTheOnlyOneOrText) {
  EXPECT_THAT(Texts("id,text\n1,one\n2,\"two, too\"\n", {"csv"}), ElementsAre("one", "two, too"));
  EXPECT_THAT(Texts("body\none\n", {"csv"}), ElementsAre("one"));
  EXPECT_THAT(Texts("id,body\n1,one\n", {"csv", "", "body"}), ElementsAre("one"));
}

TEST_F(TextSourceTest, AMissingCsvColumnIsToldWithThoseThatAreThere) {
  EXPECT_THAT(Texts("id,body\n1,one\n", {"csv"}), ElementsAre());
  EXPECT_THAT(problem_, HasSubstr("no column text; name one with --column: id, body"));
}

TEST_F(TextSourceTest, ACsvRecordOfAnotherLengthIsAnError) {
  EXPECT_THAT(Texts("id,text\n1,one\n2\n", {"csv"}), ElementsAre("one"));
  EXPECT_THAT(problem_, HasSubstr("line 3 has 1 fields where the header has 2"));
}

TEST_F(TextSourceTest, EmptyTextsAreCountedAndPassedOver) {
  EXPECT_THAT(Texts("id,text\n1,\n2,two\n", {"csv"}), ElementsAre("two"));
  EXPECT_EQ(empty_, 1);
}

TEST_F(TextSourceTest, AMissingFileIsToldByItsName) {
  const auto input = ByteInput::Open(dir_.path() + "/none", nullptr);
  ASSERT_FALSE(input.ok());
  EXPECT_THAT(input.error().message, HasSubstr("/none: No such file"));
  EXPECT_FALSE(ByteInput::Open(dir_.path(), nullptr).ok());
}

}  // namespace
}  // namespace larder

#include "config/toml_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/toml_text.h"

namespace larder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// "key@line:column value@line:column", or the kind of what has no value.
std::vector<std::string> Lines(const std::string& text) {
  const TomlFile file = ParseToml(text);
  EXPECT_FALSE(file.mistake) << file.mistake->message;
  std::vector<std::string> lines;
  for (const TomlNode& node : file.nodes) {
    const auto at = [](TomlPlace place) {
      return "@" + std::to_string(place.line) + ":" + std::to_string(place.column);
    };
    lines.push_back(node.key + at(node.key_at) + " " +
                    (node.value ? TomlValue(*node.value) : std::string(node.kind)) +
                    at(node.value_at));
  }
  return lines;
}

TEST(TomlFileTest, IsAListOfKeysInTheirOrderWithTheirPlaces) {
  EXPECT_THAT(
      Lines("z = 1\na.b = true\n\n[t.u]\n  s = 'x'\nl = [\n 'p', \"q\"]\n"),
      ElementsAre("z@1:1 1@1:5", "a@2:1 a table@2:1", "a.b@2:3 true@2:7", "t@4:2 a table@4:1",
                  "t.u@4:4 a table@4:1", "t.u.s@5:3 \"x\"@5:7", "t.u.l@6:1 [\"p\", \"q\"]@6:5"));
}

TEST(TomlFileTest, NamesWhatNoSettingCanBe) {
  EXPECT_THAT(Lines("a = 1.5\nb = 2020-01-01\nc = [1]\nd = []\n[[e]]\n"),
              ElementsAre("a@1:1 a number with a fraction@1:5", "b@2:1 a date or time@2:5",
                          "c@3:1 an array of something else@3:5", "d@4:1 []@4:5",
                          "e@5:3 an array of tables@5:1", "e[0]@5:3 a table@5:1"));
}

TEST(TomlFileTest, NumbersTheElementsOfAnArrayOfTables) {
  EXPECT_THAT(
      Lines("[[a.b]]\nx = 1\n[c]\n[[a.b]]\n\n[[a.b]]\ny.z = 2\n[a.b.t]\n"),
      ElementsAre("a@1:3 a table@1:1", "a.b@1:5 an array of tables@1:1", "a.b[0]@1:5 a table@1:1",
                  "a.b[0].x@2:1 1@2:5", "c@3:2 a table@3:1", "a.b[1]@4:1 a table@4:1",
                  "a.b[2]@6:1 a table@6:1", "a.b[2].y@7:1 a table@7:1", "a.b[2].y.z@7:3 2@7:7",
                  "a.b[2].t@8:6 a table@8:1"));
  EXPECT_THAT(Lines("a = [{x = 1}, {}]\n"),
              ElementsAre("a@1:1 an array of tables@1:5", "a[0]@1:6 a table@1:6",
                          "a[0].x@1:7 1@1:11", "a[1]@1:15 a table@1:15"));
}

TEST(TomlFileTest, SaysWhichElementOfTheOutermostArrayAKeyStandsIn) {
  const TomlFile file = ParseToml("[[a]]\n[[a]]\nx.y = 1\n[[a.b]]\nz = 2\n[c]\nd = 3\n");
  std::vector<std::string> lines;
  for (const TomlNode& node : file.nodes) {
    lines.push_back(node.key + ": " + node.array + " " + std::to_string(node.element) + " " +
                    node.inside);
  }
  EXPECT_THAT(lines, ElementsAre("a:  0 ", "a[0]: a 0 ", "a[1]: a 1 ", "a[1].x: a 1 x",
                                 "a[1].x.y: a 1 x.y", "a[1].b: a 1 b", "a[1].b[0]: a 1 b[0]",
                                 "a[1].b[0].z: a 1 b[0].z", "c:  0 ", "c.d:  0 "));
}

TEST(TomlFileTest, KeepsAQuotedDotApartFromATable) {
  EXPECT_THAT(Lines("\"server.listen\" = 1\n"), ElementsAre("\"server.listen\"@1:1 1@1:19"));
}

TEST(TomlFileTest, IsEmptyWithoutKeys) {
  EXPECT_THAT(Lines("# nothing\n"), IsEmpty());
}

TEST(TomlFileTest, TellsWhereTheTextIsNotToml) {
  struct Case {
    std::string text;
    std::uint32_t line;
    std::uint32_t column;
  };
  for (const Case& c : {
           Case{"a = 1\nb = \n", 2, 5},
           Case{"a = 1\na = 2\n", 2, 5},
           Case{"[t\n", 1, 3},
           Case{"a = 'x\n", 1, 7},
           Case{"a = \"\xff\"\n", 1, 5},
           Case{"a = 1 b = 2\n", 1, 7},
           Case{"a = 99999999999999999999\n", 1, 25},
           Case{std::string("a\0b = 1", 7), 1, 2},
       }) {
    const TomlFile file = ParseToml(c.text);
    ASSERT_TRUE(file.mistake) << c.text;
    EXPECT_THAT(file.nodes, IsEmpty());
    EXPECT_FALSE(file.mistake->message.empty());
    EXPECT_EQ(file.mistake->at.line, c.line) << c.text;
    EXPECT_EQ(file.mistake->at.column, c.column) << c.text << " " << file.mistake->message;
  }
}

TEST(TomlFileTest, ShowsNoValueInAMistake) {
  for (const char* text :
       {"token = 12345678901234567890123\n", "token = 0x12345678901234567890123\n",
        "token = sk-12345678901234567890123\n", "token = \"12345678901234567890123\n"}) {
    const TomlFile file = ParseToml(text);
    ASSERT_TRUE(file.mistake) << text;
    EXPECT_THAT(file.mistake->message, Not(HasSubstr("345678"))) << text;
  }
}

TEST(TomlFileTest, SurvivesDeepNesting) {
  const TomlFile file = ParseToml("a = " + std::string(100'000, '['));
  EXPECT_TRUE(file.mistake);
}

TEST(TomlFileTest, TellsAMistakeOnOneLine) {
  const TomlFile file = ParseToml("\"a\\nb\" = 1\n\"a\\nb\" = 2\n");
  ASSERT_TRUE(file.mistake);
  EXPECT_THAT(file.mistake->message, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace larder

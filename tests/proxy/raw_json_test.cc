#include "proxy/json/raw_json.h"

#include <gmock/gmock.h>

#include "proxy/json/json.h"

namespace larder {
namespace {

using testing::ElementsAre;

std::vector<std::string> Texts(const std::vector<RawJson>& values) {
  std::vector<std::string> texts;
  for (const RawJson& value : values) texts.emplace_back(value.text());
  return texts;
}

TEST(RawJsonTest, TakesAndRefusesWhatTheValidatingParserDoes) {
  for (const char* text : {"{}",
                           "[]",
                           "null",
                           "0",
                           "\"\"",
                           " \t\r\n{ } ",
                           "-0.0",
                           "[1e2,1E-2]",
                           "1e+2",
                           "\"\\u0000\"",
                           "[[],{}]",
                           R"({"a":{"b":[true,false]}})",
                           "[ 1 , 2 ]",
                           R"({"a" : 1 , "b":2})",
                           R"("\"\\\/\b\f\n\r\t")",
                           "18446744073709551615",
                           "",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "1e",
                           "1e+",
                           "-",
                           "--1",
                           "NaN",
                           "Infinity",
                           "\"\n\"",
                           R"("\x41")",
                           R"("\u12")",
                           "tru",
                           "truee",
                           "{} {}",
                           "{}x",
                           "[1 2]",
                           "{\"a\"}",
                           "\"",
                           "\"\\",
                           "\"\\\"",
                           "// c\n{}",
                           "[}",
                           "{]",
                           "[1}",
                           "{\"a\":}",
                           "{\"a\":1]",
                           "{,}",
                           "[,1]",
                           "{\"a\" 1}",
                           ",",
                           "[\"a\":1]",
                           "{1:1}",
                           "null null",
                           "]",
                           "[[1]"}) {
    EXPECT_EQ(RawJson::Parse(text).has_value(), JsonDocument::Parse(text).ok()) << text;
  }
}

TEST(RawJsonTest, IsBoundedInDepthButNotInWidth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(RawJson::Parse(nested(512)));
  EXPECT_FALSE(RawJson::Parse(nested(513)));
  EXPECT_FALSE(RawJson::Parse(nested(1'000'000)));
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += "[[]],";
  EXPECT_EQ(RawJson::Parse(wide + "0]")->Elements().size(), 1001U);
}

TEST(RawJsonTest, LetsPassHalfACharacterSoThatItsHalvesCanMeet) {
  const auto first = RawJson::Parse(R"("\ud83d")");
  const auto second = RawJson::Parse(R"("\ude00")");
  ASSERT_TRUE(first && second);
  const std::string joined =
      "\"" + std::string(first->Inside()) + std::string(second->Inside()) + "\"";
  EXPECT_EQ(RawJson::Parse(joined)->Unescaped(), "\xF0\x9F\x98\x80");
  EXPECT_TRUE(RawJson::Parse("\"\xF0\x9F\""));
}

TEST(RawJsonTest, GivesEveryValueAsItIsWritten) {
  const auto value = RawJson::Parse(
      R"( { "big" : 18446744073709551616 , "float":1.50e+1,"text":"\u00e9 {[,\"" , "list":[ 1, {"a":[]} ,"]"],
          "object": { "x" : null } } )");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->Find("big")->text(), "18446744073709551616");
  EXPECT_EQ(value->Find("float")->text(), "1.50e+1");
  EXPECT_EQ(value->Find("text")->text(), R"("\u00e9 {[,\"")");
  EXPECT_EQ(value->Find("object")->text(), R"({ "x" : null })");
  EXPECT_THAT(Texts(value->Find("list")->Elements()), ElementsAre("1", R"({"a":[]})", R"("]")"));
  EXPECT_EQ(value->Find("x"), std::nullopt);
  EXPECT_EQ(value->Members().size(), 5U);
}

TEST(RawJsonTest, OfAnotherKindHasNoPartsAndNoCharacters) {
  for (const char* text : {"null", "1", "true", "[]", "{}", R"("")"}) {
    const auto value = RawJson::Parse(text);
    EXPECT_TRUE(value->Members().empty()) << text;
    EXPECT_TRUE(value->Elements().empty()) << text;
    EXPECT_EQ(value->Unescaped(), "") << text;
    EXPECT_EQ(value->Find("a"), std::nullopt) << text;
    EXPECT_EQ(value->FindString("a"), "") << text;
  }
  EXPECT_TRUE(RawJson().is_null());
}

TEST(RawJsonTest, UnescapesLikeTheValidatingParser) {
  for (const char* text : {R"("plain")", R"("\"\\\/\b\f\n\r\t")", R"("\u0041\u00e9\u20ac\u0000")",
                           R"("\ud83c\udf6e!")", R"("\\u0041")", R"("a\\")"}) {
    std::string_view expected;
    const auto document = JsonDocument::Parse(text);
    ASSERT_EQ(document->root().get(expected), simdjson::SUCCESS);
    EXPECT_EQ(RawJson::Parse(text)->Unescaped(), expected) << text;
  }
}

TEST(RawJsonTest, FindsAMemberByItsUnescapedNameAndTheLastOfSeveral) {
  const auto value = RawJson::Parse(R"({"a":1,"\u0061":"second","a\\":3,"b":"t"})");
  EXPECT_EQ(value->Find("a")->text(), R"("second")");
  EXPECT_EQ(value->Find("a\\")->text(), "3");
  EXPECT_EQ(value->FindString("b"), "t");
  EXPECT_EQ(value->FindString("a\\"), "");
}

}  // namespace
}  // namespace larder

#include "proxy/json/json.h"

#include <gmock/gmock.h>

#include "proxy/json/json_writer.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(JsonDocumentTest, TakesWhatRfc8259Allows) {
  for (const char* text :
       {"{}", "[]", "null", "0", "\"\"", " \t\r\n{ } ", "[1e2,-0.0,1E-2]", R"("\ud83c\udf6e")",
        R"({"a":{"b":[true,false,null]}})", R"("\u0000")", "18446744073709551615"}) {
    EXPECT_TRUE(JsonDocument::Parse(text).ok()) << text;
  }
}

TEST(JsonDocumentTest, RefusesWhatItDoesNot) {
  for (const char* text :
       {"",        " ",        "{",         "}",         "[1,]",    "{\"a\":1,}", "{a:1}",
        "{'a':1}", "01",       "+1",        ".5",        "1.",      "NaN",        "Infinity",
        "1e400",   "\"\n\"",   R"("\x41")", R"("\u12")", "tru",     "{} {}",      "{}x",
        "[1 2]",   "\"\xFF\"", "\"\xC3\"",  "\xEF\xBB",  "{\"a\"}", "\"",         "// c\n{}"}) {
    const auto document = JsonDocument::Parse(text);
    ASSERT_FALSE(document.ok()) << text;
    EXPECT_EQ(document.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(JsonDocumentTest, RefusesHalfOfASurrogatePairSoThatNoTwoStringsBecomeOne) {
  for (const char* text : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\u0041")"}) {
    EXPECT_FALSE(JsonDocument::Parse(text).ok()) << text;
  }
}

TEST(JsonDocumentTest, NeverQuotesTheTextInItsError) {
  const auto document = JsonDocument::Parse("{\"secret-prompt\": oops}");
  ASSERT_FALSE(document.ok());
  EXPECT_THAT(document.error().message, Not(HasSubstr("secret")));
}

TEST(JsonDocumentTest, IsBoundedInDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonDocument::Parse(nested(500)).ok());
  EXPECT_FALSE(JsonDocument::Parse(nested(513)).ok());
  EXPECT_FALSE(JsonDocument::Parse(nested(1'000'000)).ok());
}

TEST(JsonDocumentTest, OutlivesTheTextAndOtherDocuments) {
  std::string text = R"({"a":"first"})";
  const auto first = JsonDocument::Parse(text);
  text.assign(text.size(), 'x');
  const auto second = JsonDocument::Parse(R"({"a":"second"})");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(StringMember(first->root(), "a"), "first");
  EXPECT_EQ(StringMember(second->root(), "a"), "second");
}

TEST(JsonDocumentTest, ParsesASmallTextAfterAVeryLargeOne) {
  EXPECT_TRUE(JsonDocument::Parse("[\"" + std::string(6'000'000, 'x') + "\"]").ok());
  EXPECT_TRUE(JsonDocument::Parse("[1]").ok());
}

class JsonMemberTest : public testing::Test {
 protected:
  JsonElement root() const { return document_.root(); }
  const JsonDocument document_ =
      JsonDocument::Parse(R"({"text":"t","escap\u0065d":"e","yes":true,"whole":2,"as_double":2.0,
          "half":2.5,"big":18446744073709551615,"huge":1e300,"nothing":null,"list":[]})")
          .value();
};

TEST_F(JsonMemberTest, IsAbsentWhereThereIsNoneAndNullWhereItSaysSo) {
  EXPECT_FALSE(Member(root(), "no").has_value());
  ASSERT_TRUE(Member(root(), "nothing").has_value());
  EXPECT_TRUE(Member(root(), "nothing")->is_null());
  EXPECT_FALSE(Member(*Member(root(), "list"), "text").has_value());
}

TEST_F(JsonMemberTest, IsFoundByItsUnescapedName) {
  EXPECT_EQ(StringMember(root(), "escaped"), "e");
}

TEST_F(JsonMemberTest, OfAnotherTypeIsAbsent) {
  EXPECT_EQ(StringMember(root(), "whole"), std::nullopt);
  EXPECT_EQ(StringMember(root(), "nothing"), std::nullopt);
  EXPECT_EQ(BoolMember(root(), "text"), std::nullopt);
  EXPECT_EQ(BoolMember(root(), "yes"), true);
  EXPECT_EQ(IntMember(root(), "text"), std::nullopt);
  EXPECT_EQ(NumberMember(root(), "nothing"), std::nullopt);
}

TEST_F(JsonMemberTest, IsAWholeNumberOnlyWhereItsValueIsOne) {
  EXPECT_EQ(IntMember(root(), "whole"), 2);
  EXPECT_EQ(IntMember(root(), "as_double"), 2);
  EXPECT_EQ(IntMember(root(), "half"), std::nullopt);
  EXPECT_EQ(IntMember(root(), "big"), std::nullopt);
  EXPECT_EQ(IntMember(root(), "huge"), std::nullopt);
  EXPECT_EQ(NumberMember(root(), "half"), 2.5);
  EXPECT_EQ(NumberMember(root(), "whole"), 2.0);
}

TEST(DuplicateMemberTest, FindsANameThatOccursTwiceHoweverItIsSpelt) {
  const struct {
    const char* json;
    std::optional<std::string_view> twice;
  } kCases[] = {{R"({"a":1,"b":2})", std::nullopt},
                {R"({"a":1,"b":2,"a":1})", "a"},
                {R"({"a":1,"\u0061":2})", "a"},
                {R"({"a":1,"A":2})", std::nullopt},
                {R"({"o":{"a":1,"a":2}})", std::nullopt},  // only its own members
                {R"([1,1])", std::nullopt}};
  for (const auto& c : kCases) {
    EXPECT_EQ(DuplicateMember(JsonDocument::Parse(c.json)->root()), c.twice) << c.json;
  }
}

TEST(JsonWriterTest, WritesWhatAParserReadsBack) {
  JsonWriter json;
  const std::string odd("\"\\\n\r\t\b\x01\x1f/\x7f\xC3\xA9\0x", 15);
  json.BeginObject().Member("text", odd).Member("whole", std::int64_t{-7}).Member("flag", false);
  json.Key("list").BeginArray().Number(0.1).Null().BeginArray().EndArray().EndArray();
  json.Member(odd, "key").Key("empty").BeginObject().EndObject().EndObject();
  const auto document = JsonDocument::Parse(json.str());
  ASSERT_TRUE(document.ok()) << json.str();
  EXPECT_EQ(StringMember(document->root(), "text"), odd);
  EXPECT_EQ(StringMember(document->root(), odd), "key");
  EXPECT_EQ(IntMember(document->root(), "whole"), -7);
  EXPECT_EQ(BoolMember(document->root(), "flag"), false);
  EXPECT_THAT(json.str(), HasSubstr("[0.1,null,[]]"));
}

TEST(JsonWriterTest, WritesNumbersThatReadBackTheSameAndNeverAnInfinity) {
  const auto as_double = [](double value) {
    std::string out;
    AppendJsonNumber(value, out);
    return out;
  };
  EXPECT_EQ(as_double(0.1), "0.1");
  EXPECT_EQ(as_double(1e300), "1e+300");
  EXPECT_EQ(as_double(5e-324), "5e-324");
  EXPECT_EQ(as_double(1.0 / 0.0), "null");
  EXPECT_EQ(as_double(0.0 / 0.0), "null");
  std::string out;
  AppendJsonNumber(0.1F, out);
  EXPECT_EQ(out, "0.1");
}

}  // namespace
}  // namespace larder

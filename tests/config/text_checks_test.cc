#include "config/text_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(PlainTextTest, IsWellFormedUtf8) {
  for (const char* text :
       {"", "a b~", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsPlainText(text)) << text;
  }
}

TEST(PlainTextTest, IsNeitherOverlongNorSurrogateNorCutNorBeyondUnicode) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf", "\xe1\x80",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf1\x80\x80 ", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "ok\xe2\x82"}) {
    EXPECT_FALSE(IsPlainText(text));
  }
}

TEST(PlainTextTest, HasNoControlCharacters) {
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), 'b'};
    EXPECT_EQ(IsPlainText(text), byte >= 0x20 && byte != 0x7f) << byte;
  }
}

TEST(AdminTokenTest, IsVisibleAsciiThatAHeaderAndACookieCanCarry) {
  for (int byte = 0; byte < 0x100; ++byte) {
    const auto c = static_cast<char>(byte);
    const bool carried =
        byte > 0x20 && byte < 0x7f && std::string_view("\",;\\").find(c) == std::string_view::npos;
    EXPECT_EQ(NormaliseToken(std::string(3, c)).ok(), carried) << byte;
  }
}

TEST(AdminTokenTest, HasOneTo4096Characters) {
  EXPECT_FALSE(NormaliseToken("").ok());
  EXPECT_EQ(*NormaliseToken("a"), "a");
  EXPECT_TRUE(NormaliseToken(std::string(4096, 'a')).ok());
  EXPECT_FALSE(NormaliseToken(std::string(4097, 'a')).ok());
}

TEST(ApiKeyTest, IsVisibleAsciiThatAHeaderCanCarry) {
  for (int byte = 0; byte < 0x100; ++byte) {
    const bool carried = byte > 0x20 && byte < 0x7f;
    EXPECT_EQ(NormaliseApiKey(std::string(3, static_cast<char>(byte))).ok(), carried) << byte;
  }
  EXPECT_FALSE(NormaliseApiKey("").ok());
  EXPECT_TRUE(NormaliseApiKey(std::string(4096, 'a')).ok());
  EXPECT_FALSE(NormaliseApiKey(std::string(4097, 'a')).ok());
}

TEST(VariableNameTest, IsOfLettersDigitsAndUnderscores) {
  for (const char* name : {"", "A", "_", "OPENAI_API_KEY", "key2"}) {
    ASSERT_TRUE(NormaliseVariableName(name).ok()) << name;
    EXPECT_EQ(*NormaliseVariableName(name), name);
  }
  for (const char* name : {"2A", "A-B", "A B", "A=B", "$A", "A\n", "\xc3\xa9"}) {
    const auto result = NormaliseVariableName(name);
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_EQ(result.error().message.find(name), std::string::npos) << "shown: " << name;
  }
}

TEST(KeyHeaderTest, IsKeptInLowerCase) {
  for (const auto& [name, kept] :
       std::vector<std::pair<const char*, const char*>>{{"Authorization", "authorization"},
                                                        {"x-api-key", "x-api-key"},
                                                        {"X-Goog-Api-Key", "x-goog-api-key"},
                                                        {"api-key", "api-key"},
                                                        {"my.Key~1", "my.key~1"}}) {
    ASSERT_TRUE(NormaliseKeyHeader(name).ok()) << name;
    EXPECT_EQ(*NormaliseKeyHeader(name), kept);
  }
}

TEST(KeyHeaderTest, IsNoFieldThatTheMessageNeedsForItself) {
  for (const char* name : {"", "Host", "content-length", "Transfer-Encoding", "connection", "a b",
                           "a:b", "a\r\nb", "\xc3\xa9", "accept-encoding", "via", "cookie"}) {
    EXPECT_FALSE(NormaliseKeyHeader(name).ok()) << name;
  }
  EXPECT_FALSE(NormaliseKeyHeader(std::string(65, 'x')).ok());
}

}  // namespace
}  // namespace larder

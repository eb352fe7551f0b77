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

}  // namespace
}  // namespace larder

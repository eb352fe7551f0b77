#include "base/base64url.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(Base64UrlTest, WritesTheUrlsAlphabetWithoutPadding) {
  EXPECT_EQ(ToBase64Url(""), "");
  EXPECT_EQ(ToBase64Url("f"), "Zg");
  EXPECT_EQ(ToBase64Url("fo"), "Zm8");
  EXPECT_EQ(ToBase64Url("foo"), "Zm9v");
  EXPECT_EQ(ToBase64Url("\xfb\xff\xbe"), "-_--");
}

TEST(Base64UrlTest, ReadsWhatItWroteOfEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(DecodeBase64Url(ToBase64Url(bytes)), bytes) << i;
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(Base64UrlTest, RefusesEveryOtherSpelling) {
  for (const char* text :
       {"Zg==", "Zg=", "Z", "Zm9v=", "-_+-", "ab/d", "Zh", "Zm9", "Zm 8", "Zm8\n", "\xc3\xa4"}) {
    EXPECT_EQ(DecodeBase64Url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace larder

#include "base/utf8.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(CleanNameTest, KeepsWhatIsPlain) {
  for (const char* name : {"", "gpt-4o-mini", "größe", "模型", "a b"}) {
    EXPECT_EQ(CleanName(name, 64), name);
  }
}

TEST(CleanNameTest, CutsBetweenCodePoints) {
  EXPECT_EQ(CleanName("abcdef", 4), "abcd");
  EXPECT_EQ(CleanName("abc\xc3\xa9", 4), "abc");
  EXPECT_EQ(CleanName("ab\xc3\xa9", 4), "ab\xc3\xa9");
  EXPECT_EQ(CleanName(std::string(100, 'x'), 64).size(), 64U);
}

TEST(CleanNameTest, ReplacesControlCharactersAndWhatIsNotUtf8) {
  EXPECT_EQ(CleanName("a\nb\x7f", 64), "a?b?");
  EXPECT_EQ(CleanName("\xff\xc3(\xed\xa0\x80", 64), std::string("??") + "(???");
  EXPECT_EQ(CleanName("a\xe2\x80\xa8z", 64), "a?z");  // U+2028
}

}  // namespace
}  // namespace larder

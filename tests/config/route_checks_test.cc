#include "config/route_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(UpstreamNameTest, IsShortAndMayStandInALabel) {
  for (const char* name : {"a", "anthropic", "eu_west-1", "12345678901234567890123456789012"}) {
    EXPECT_TRUE(NormaliseUpstreamName(name).ok()) << name;
  }
  for (const char* name : {"", "Anthropic", "a b", "a.b", "a\n", "\xc3\xa9", "default",
                           "123456789012345678901234567890123"}) {
    EXPECT_FALSE(NormaliseUpstreamName(name).ok()) << name;
  }
}

TEST(FallbackTest, MayBeTheDefaultUpstream) {
  EXPECT_TRUE(NormaliseFallback("default").ok());
  EXPECT_FALSE(NormaliseFallback("Default").ok());
}

TEST(ModelPatternTest, IsAnyTextThatIsNotEmpty) {
  for (const char* pattern : {"*", "gpt-4o*", "meta-llama/Llama-3:free", "a b"}) {
    EXPECT_TRUE(NormaliseModelPattern(pattern).ok()) << pattern;
  }
  for (const std::string& pattern : {std::string(), std::string("a\n"), std::string(257, 'a')}) {
    EXPECT_FALSE(NormaliseModelPattern(pattern).ok()) << pattern;
  }
}

TEST(PathPatternTest, BeginsBelowV1) {
  for (const char* pattern : {"/messages", "/chat/*", "*", "*/completions", "/v10", "/"}) {
    EXPECT_TRUE(NormalisePathPattern(pattern).ok()) << pattern;
  }
  for (const std::string& pattern : {std::string(), std::string("messages"), std::string("/v1"),
                                     std::string("/v1/messages"), "/" + std::string(256, 'a')}) {
    EXPECT_FALSE(NormalisePathPattern(pattern).ok()) << pattern;
  }
}

TEST(AliasTest, IsANameAndTheUpstreamsOwn) {
  struct Case {
    const char* text;
    const char* name;
    const char* known_as;
  };
  for (const Case& c : {Case{"fast=claude-haiku-4-5", "fast", "claude-haiku-4-5"},
                        Case{" fast = claude ", "fast", "claude"}, Case{"a=b=c", "a", "b=c"}}) {
    const auto alias = NormaliseAlias(c.text);
    ASSERT_TRUE(alias.ok()) << c.text;
    EXPECT_EQ(SplitAlias(*alias), (std::pair<std::string, std::string>(c.name, c.known_as)));
  }
  for (const std::string& text :
       {std::string(), std::string("fast"), std::string("=x"), std::string("x="),
        std::string(" = "), std::string("a=b\n"), "a=" + std::string(511, 'b')}) {
    EXPECT_FALSE(NormaliseAlias(text).ok()) << text;
  }
}

}  // namespace
}  // namespace larder

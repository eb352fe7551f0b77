#include "proxy/pattern.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

struct Row {
  const char* name;
  const char* pattern;
  const char* text;
  bool matches;
};

class PatternTest : public testing::TestWithParam<Row> {};

TEST_P(PatternTest, MatchesAsTheRowSays) {
  EXPECT_EQ(MatchesPattern(GetParam().pattern, GetParam().text), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(Table, PatternTest,
                         testing::Values(Row{"SameText", "gpt-4o", "gpt-4o", true},
                                         Row{"CaseCounts", "gpt-4o", "GPT-4o", false},
                                         Row{"NoPrefixWithoutStar", "gpt-4", "gpt-4o", false},
                                         Row{"StarAtTheEnd", "gpt-4*", "gpt-4o-mini", true},
                                         Row{"StarMatchesNothing", "gpt-4*", "gpt-4", true},
                                         Row{"StarAtTheFront", "*-mini", "gpt-4o-mini", true},
                                         Row{"StarInTheMiddle", "gpt*mini", "gpt-4o-mini", true},
                                         Row{"StarMatchesSlashes", "/files*", "/files/abc/content",
                                             true},
                                         Row{"TwoStars", "*4o*", "gpt-4o-mini", true},
                                         Row{"StarsTakeMoreWhenTheyMust", "*ab", "aabab", true},
                                         Row{"RestMustMatch", "*ab", "aaba", false},
                                         Row{"StarAloneMatchesEmpty", "*", "", true},
                                         Row{"EmptyMatchesEmpty", "", "", true},
                                         Row{"EmptyMatchesNothingElse", "", "a", false},
                                         Row{"ADotIsADot", "a.c", "abc", false}),
                         [](const auto& row) { return row.param.name; });

TEST(PatternsTest, NoPatternIsNoCondition) {
  EXPECT_TRUE(MatchesAny({}, "anything"));
}

TEST(PatternsTest, OneThatMatchesIsEnough) {
  const std::vector<std::string> patterns = {"a*", "b*"};
  EXPECT_TRUE(MatchesAny(patterns, "bee"));
  EXPECT_FALSE(MatchesAny(patterns, "cow"));
}

}  // namespace
}  // namespace larder

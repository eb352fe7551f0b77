#include "proxy/lifetime_rules.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::chrono::seconds;

struct Row {
  const char* name;
  const char* model;
  const char* path;
  std::optional<seconds> lifetime;
};

class LifetimeRulesTest : public testing::TestWithParam<Row> {
 protected:
  const LifetimeRules rules_{{
      {{"gpt-4o-realtime*"}, {}, seconds{0}},
      {{"gpt-4o*", "o3"}, {"/chat/completions"}, seconds{600}},
      {{}, {"/models*"}, seconds{60}},
      {{"claude-*"}, {"/messages", "/chat/*"}, seconds{120}},
      {{"gpt-4o-mini"}, {}, seconds{7}},
  }};
};

TEST_P(LifetimeRulesTest, GiveTheLifetimeOfTheRow) {
  EXPECT_EQ(rules_.Match(GetParam().model, GetParam().path), GetParam().lifetime);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LifetimeRulesTest,
    testing::Values(Row{"ByModelAndPath", "gpt-4o-mini", "/chat/completions", seconds{600}},
                    Row{"ByTheSecondModel", "o3", "/chat/completions", seconds{600}},
                    Row{"TheModelAloneIsNotEnough", "gpt-4o", "/responses", std::nullopt},
                    Row{"ThePathAloneIsNotEnough", "gpt-3.5", "/chat/completions", std::nullopt},
                    Row{"ALaterRuleWhereTheFirstOfTheModelFailsByPath", "gpt-4o-mini", "/responses",
                        seconds{7}},
                    Row{"TheFirstThatMatchesBeforeANarrowerOne", "gpt-4o-realtime-1",
                        "/chat/completions", seconds{0}},
                    Row{"WithoutAModelByPathAlone", "", "/models/gpt-4o", seconds{60}},
                    Row{"WithoutAModelNoRuleThatAsksForOne", "", "/chat/completions", std::nullopt},
                    Row{"ByTheSecondPath", "claude-haiku-4-5", "/chat/completions", seconds{120}},
                    Row{"NoneWhereNothingMatches", "text-embedding-3-small", "/embeddings",
                        std::nullopt}),
    [](const auto& row) { return row.param.name; });

TEST(NoLifetimeRulesTest, MatchNothing) {
  EXPECT_EQ(LifetimeRules().Match("gpt-4o", "/chat/completions"), std::nullopt);
}

TEST(NoLifetimeRulesTest, ARuleWithoutPatternsMatchesEverything) {
  EXPECT_EQ(LifetimeRules(std::vector<LifetimeRule>{{{}, {}, seconds{5}}}).Match("", ""),
            seconds{5});
}

}  // namespace
}  // namespace larder

// [[keys]] and [[limits]] as a file gives them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "config/load.h"
#include "tests/config/loading.h"

namespace larder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kSecret = "sk-team-0123456789abcdef";

std::string ProblemOf(Loading& loading) {
  const LoadResult result = loading.Load();
  return result.problems.empty() ? "none" : result.problems.front();
}
std::string ProblemOf(const std::string& file) {
  Loading loading;
  loading.File(file);
  return ProblemOf(loading);
}

TEST(KeysTableTest, TakesASecretFromADigestAVariableOrAFile) {
  Loading loading;
  const std::string digest = ToHex(Sha256Of("of another"));
  loading.Environment("TEAM_KEY", kSecret)
      .File(
          "[[keys]]\nname = 'a'\nsecret_env = 'TEAM_KEY'\n"
          "[[keys]]\nname = 'b'\ntenant = 'acme'\nsecret_file = '" +
          loading.Write("secret", std::string(kSecret) + "-b\n") +
          "'\n"
          "[[keys]]\nname = 'c'\nsha256 = '" +
          digest + "'\n");
  const auto result = loading.Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const auto& keys = result.loaded->config.keys;
  ASSERT_THAT(keys, SizeIs(3));
  EXPECT_EQ(keys[0].sha256, ToHex(Sha256Of(kSecret)));
  EXPECT_EQ(keys[0].tenant, "default");
  EXPECT_EQ(keys[1].sha256, ToHex(Sha256Of(std::string(kSecret) + "-b")));
  EXPECT_EQ(keys[1].tenant, "acme");
  EXPECT_EQ(keys[2].sha256, digest);
}

TEST(KeysTableTest, HasModelsUpstreamsLimitsAndABudget) {
  Loading loading;
  loading.Environment("K", kSecret)
      .File(
          "[[keys]]\nname = 'a'\nsecret_env = 'K'\nmodels = ['gpt-*']\nupstreams = ['default']\n"
          "requests_per_minute = 60\ntokens_per_hour = 1000\nbudget_money = 12.5\n"
          "budget_tokens = 7\nbudget_period = 'week'\n");
  const auto result = loading.Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const ClientKey key = ClientKeyOf(result.loaded->config.keys[0]);
  EXPECT_EQ(key.id, "config:a");
  EXPECT_THAT(key.models, ElementsAre("gpt-*"));
  EXPECT_THAT(key.upstreams, ElementsAre("default"));
  ASSERT_THAT(key.limits, SizeIs(1));
  EXPECT_EQ(key.limits[0].limits.requests_per_minute, 60);
  EXPECT_EQ(key.limits[0].limits.tokens_per_hour, 1000);
  EXPECT_EQ(key.budget.money_nano, 12'500'000'000U);
  EXPECT_EQ(key.budget.tokens, 7);
  EXPECT_EQ(key.budget.period, BudgetPeriod::kWeek);
}

TEST(KeysTableTest, TellsWhatIsWrongAndShowsNoSecret) {
  EXPECT_THAT(ProblemOf("[[keys]]\nname = 'a'\n"), HasSubstr("needs one of sha256"));
  EXPECT_THAT(ProblemOf("[[keys]]\nname = 'a'\nsecret_env = 'NOT_SET'\n"), HasSubstr("is not set"));
  EXPECT_THAT(ProblemOf("[[keys]]\nname = 'a'\nsecret_file = '/nowhere/at/all'\n"),
              HasSubstr("cannot be read"));
  const std::string wrong = ProblemOf("[[keys]]\nname = 'a'\nsha256 = 'sk-the-secret-itself'\n");
  EXPECT_THAT(wrong, HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(wrong, Not(HasSubstr("sk-the-secret")));
  Loading brief;
  brief.Environment("K", "short").File("[[keys]]\nname = 'a'\nsecret_env = 'K'\n");
  EXPECT_THAT(ProblemOf(brief), HasSubstr("too short"));
  Loading unknown;
  unknown.Environment("K", kSecret)
      .File("[[keys]]\nname = 'a'\nsecret_env = 'K'\nupstreams = ['defualt']\n");
  EXPECT_THAT(ProblemOf(unknown), HasSubstr("did you mean \"default\"?"));
  Loading same;
  same.Environment("K", kSecret)
      .File("[[keys]]\nname = 'a'\nsecret_env = 'K'\n[[keys]]\nname = 'b'\nsecret_env = 'K'\n");
  EXPECT_THAT(ProblemOf(same), HasSubstr("the same secret as the one at larder.toml:"));
  for (const char* line : {"tenant = 'a b'", "budget_money = -1", "budget_period = 'year'",
                           "name = ''", "secret_env = 'a-b'"}) {
    EXPECT_NE(ProblemOf("[[keys]]\n" + std::string(line) + "\n"), "none") << line;
  }
}

TEST(LimitsTableTest, HasCallersPathsAndRates) {
  const auto result = Loading()
                          .File(
                              "[[limits]]\nrequests_per_minute = 5\n"
                              "[[limits]]\ncallers = ['acme', 'batch-*']\n"
                              "paths = ['/embeddings']\ntokens_per_minute = 9\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const auto& limits = result.loaded->config.limits;
  ASSERT_THAT(limits, SizeIs(2));
  EXPECT_EQ(limits[0].limits.requests_per_minute, 5);
  EXPECT_TRUE(limits[0].MatchesPath("/anything"));
  EXPECT_THAT(limits[1].callers, ElementsAre("acme", "batch-*"));
  EXPECT_FALSE(limits[1].MatchesPath("/chat/completions"));
  EXPECT_EQ(limits[1].limits.tokens_per_minute, 9);
}

}  // namespace
}  // namespace larder

#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Pair;

TEST(CommandLineTest, ServesWhenNothingIsSaid) {
  const auto parsed = ParseCommandLine({});
  ASSERT_TRUE(parsed.command);
  EXPECT_EQ(parsed.command->verb, Verb::kServe);
  EXPECT_TRUE(parsed.command->settings.empty());
}

TEST(CommandLineTest, TakesServeFlagsWithoutTheVerb) {
  const auto parsed = ParseCommandLine({"--listen", "127.0.0.1:0", "--config", "a.toml", "--once"});
  ASSERT_TRUE(parsed.command);
  EXPECT_EQ(parsed.command->verb, Verb::kServe);
  EXPECT_THAT(parsed.command->settings, testing::ElementsAre(Pair("server.listen", "127.0.0.1:0")));
  EXPECT_EQ(parsed.command->config_file, "a.toml");
  EXPECT_TRUE(parsed.command->once);
}

TEST(CommandLineTest, EveryVerbIsItself) {
  const std::vector<std::pair<std::vector<std::string>, Verb>> cases = {
      {{"serve"}, Verb::kServe},
      {{"check-config"}, Verb::kCheckConfig},
      {{"print-config"}, Verb::kPrintConfig},
      {{"stats", "--json"}, Verb::kStats},
      {{"warm", "-"}, Verb::kWarm},
      {{"search", "some text"}, Verb::kSearch},
      {{"version"}, Verb::kVersion},
      {{"--version"}, Verb::kVersion},
  };
  for (const auto& [arguments, verb] : cases) {
    const auto parsed = ParseCommandLine(arguments);
    ASSERT_TRUE(parsed.command) << arguments[0];
    EXPECT_EQ(parsed.command->verb, verb) << arguments[0];
  }
}

TEST(CommandLineTest, EverySettingFlagNamesItsSetting) {
  const auto parsed =
      ParseCommandLine({"serve", "--data-dir", "d", "--upstream", "builtin", "--mode", "replay",
                        "--log-format", "json", "--log-level", "debug"});
  ASSERT_TRUE(parsed.command);
  EXPECT_THAT(parsed.command->settings,
              testing::ElementsAre(Pair("data_dir", "d"), Pair("upstream.url", "builtin"),
                                   Pair("cache.mode", "replay"), Pair("log.format", "json"),
                                   Pair("log.level", "debug")));
}

TEST(CommandLineTest, HelpIsNoFailure) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"serve", "--help"}, {"warm", "--help"}, {"search", "--help"}}) {
    const auto parsed = ParseCommandLine(arguments);
    EXPECT_FALSE(parsed.command);
    EXPECT_EQ(parsed.status, 0);
    EXPECT_THAT(parsed.message, HasSubstr("Usage"));
  }
}

TEST(CommandLineTest, BadUsageIsStatusTwoAndSaysWhatToDo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"bogus"},
                                             {"--bogus"},
                                             {"search"},
                                             {"search", "x", "--top-k", "0"},
                                             {"search", "x", "--ef-search", "0"},
                                             {"search", "x", "--min-score", "much"},
                                             {"warm", "--batch", "2049"},
                                             {"serve", "--listen"},
                                             {"serve", "surplus"}}) {
    const auto parsed = ParseCommandLine(arguments);
    EXPECT_FALSE(parsed.command) << arguments[0];
    EXPECT_EQ(parsed.status, 2) << arguments[0];
    EXPECT_THAT(parsed.message, HasSubstr("--help")) << arguments[0];
  }
}

TEST(CommandLineTest, AnUnknownVerbIsNamed) {
  EXPECT_THAT(ParseCommandLine({"bogus"}).message, HasSubstr("bogus"));
}

}  // namespace
}  // namespace larder

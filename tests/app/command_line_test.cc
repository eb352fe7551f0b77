#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_commands.h"
#include "app/search_command.h"
#include "app/serve_command.h"
#include "app/stats_command.h"
#include "app/warm_command.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// The options of a command line that is right.
template <typename Command>
Command Parsed(std::vector<std::string> arguments) {
  const auto parsed = ParseCommandLine(std::move(arguments));
  const auto* verb = dynamic_cast<const VerbOf<Command>*>(parsed.verb.get());
  EXPECT_NE(verb, nullptr) << parsed.message;
  return verb == nullptr ? Command{} : verb->options;
}

TEST(CommandLineTest, ServesWhenNothingIsSaid) {
  const auto parsed = ParseCommandLine({});
  ASSERT_NE(parsed.verb, nullptr);
  EXPECT_EQ(parsed.name, "serve");
  EXPECT_TRUE(Parsed<ServeCommand>({}).settings.empty());
}

TEST(CommandLineTest, TakesServeFlagsWithoutTheVerb) {
  const auto serve =
      Parsed<ServeCommand>({"--listen", "127.0.0.1:0", "--config", "a.toml", "--once"});
  EXPECT_THAT(serve.settings, ElementsAre(Pair("server.listen", "127.0.0.1:0")));
  EXPECT_EQ(serve.config_file, "a.toml");
  EXPECT_TRUE(serve.once);
}

TEST(CommandLineTest, VersionIsAlsoAFlag) {
  EXPECT_EQ(ParseCommandLine({"--version"}).name, "version");
}

TEST(CommandLineTest, EverySettingFlagNamesItsSetting) {
  const auto serve =
      Parsed<ServeCommand>({"serve", "--data-dir", "d", "--upstream", "builtin", "--mode", "replay",
                            "--log-format", "json", "--log-level", "debug"});
  EXPECT_THAT(serve.settings, ElementsAre(Pair("data_dir", "d"), Pair("upstream.url", "builtin"),
                                          Pair("cache.mode", "replay"), Pair("log.format", "json"),
                                          Pair("log.level", "debug")));
}

TEST(CommandLineTest, FlagsAndOperandsMayStandInAnyOrderAndWithAnEqualsSign) {
  const auto warm = Parsed<WarmCommand>(
      {"warm", "--rate=12.5", "a.csv", "--dimensions", "64", "--server", "http://h:1", "--json"});
  EXPECT_EQ(warm.file, "a.csv");
  EXPECT_EQ(warm.rate, 12.5);
  EXPECT_EQ(warm.dimensions, 64);
  EXPECT_EQ(warm.server, "http://h:1");
  EXPECT_TRUE(warm.json);
}

TEST(CommandLineTest, WhatIsNotSaidHasItsDefault) {
  const auto warm = Parsed<WarmCommand>({"warm"});
  EXPECT_EQ(warm.file, "-");
  EXPECT_EQ(warm.batch, 256);
  EXPECT_EQ(warm.concurrency, 2);
  EXPECT_FALSE(warm.rate);
  EXPECT_EQ(Parsed<SearchCommand>({"search", "x"}).top_k, 10);
}

TEST(CommandLineTest, HelpOfEveryVerbIsNoFailureAndHasItsFlagsAndExamples) {
  for (const VerbRow& row : Verbs()) {
    const auto parsed = ParseCommandLine({std::string(row.name), "--help"});
    EXPECT_EQ(parsed.verb, nullptr);
    EXPECT_EQ(parsed.status, 0);
    EXPECT_THAT(parsed.message, HasSubstr("Usage: larder " + std::string(row.name)));
    EXPECT_THAT(parsed.message, HasSubstr(std::string(row.examples)));
    const auto verb = row.make();
    FlagTable table;
    verb->Declare(table);
    for (const Flag& flag : table.flags()) {
      EXPECT_THAT(parsed.message, HasSubstr(flag.long_name())) << row.name;
      EXPECT_FALSE(flag.help.empty()) << row.name << " " << flag.name;
    }
  }
}

TEST(CommandLineTest, HelpListsEveryVerb) {
  const auto parsed = ParseCommandLine({"--help"});
  EXPECT_EQ(parsed.status, 0);
  for (const VerbRow& row : Verbs()) {
    EXPECT_THAT(parsed.message, HasSubstr("  " + std::string(row.name) + " "));
  }
}

TEST(CommandLineTest, BadUsageIsStatusTwoAndSaysWhatToDo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"bogus"},
                                             {"--bogus"},
                                             {"search"},
                                             {"search", "x", "y"},
                                             {"search", "x", "--top-k", "0"},
                                             {"search", "x", "--ef-search", "0"},
                                             {"search", "x", "--min-score", "much"},
                                             {"warm", "--batch", "2049"},
                                             {"warm", "--rate", "0"},
                                             {"warm", "--format", "xml"},
                                             {"serve", "--listen"},
                                             {"serve", "surplus"}}) {
    const auto parsed = ParseCommandLine(arguments);
    EXPECT_EQ(parsed.verb, nullptr) << arguments[0];
    EXPECT_EQ(parsed.status, 2) << arguments[0];
    EXPECT_THAT(parsed.message, HasSubstr("--help")) << arguments[0];
  }
}

TEST(CommandLineTest, AValueOutOfItsRangeIsToldWithTheRange) {
  EXPECT_THAT(ParseCommandLine({"warm", "--batch", "0"}).message,
              HasSubstr("--batch: must be a whole number in [1, 2048], got '0'"));
}

TEST(CommandLineTest, AnUnknownVerbIsNamed) {
  EXPECT_THAT(ParseCommandLine({"bogus"}).message, HasSubstr("bogus"));
}

}  // namespace
}  // namespace larder

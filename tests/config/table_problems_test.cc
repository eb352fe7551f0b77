#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/settings.h"
#include "tests/config/loading.h"

namespace larder {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kFirst = "[[upstreams]]\nname = 'a'\nurl = 'builtin'\n";

TEST(TableProblemsTest, AreToldAllAtOnceEachWithItsPlace) {
  const auto result = Loading()
                          .File(
                              "[[upstreams]]\n"
                              "name = \"Anthropic\"\n"
                              "url = \"api.anthropic.com\"\n"
                              "max_conections = 3\n"
                              "models = \"claude-*\"\n"
                              "[[upstreams]]\n"
                              "name = \"local\"\n"
                              "url = \"builtin\"\n"
                              "fallbacks = [\"locale\", \"local\", \"default\", \"default\"]\n"
                              "aliases = [\"a=b\", \"a=c\"]\n"
                              "api_key_env = \"NOT_SET\"\n"
                              "  max_queue = -1\n"
                              "  [upstreams.more]\n"
                              "  x = 1\n"
                              "[[upstreams]]\n"
                              "name = \"local\"\n"
                              "[[cache.lifetimes]]\n"
                              "paths = [\"/v1/chat/completions\"]\n"
                              "[server]\n"
                              "worker_threads = 0\n")
                          .Load();
  EXPECT_THAT(
      result.problems,
      ElementsAre(
          "larder.toml:2:8: upstreams.name must be a name of 1 to 32 characters from a-z, 0-9, _ "
          "and -, got \"Anthropic\"",
          "larder.toml:3:7: upstreams.url must be \"builtin\" or a base URL such as "
          "https://api.openai.com/v1; this one does not start with http:// or https://",
          "larder.toml:4:1: unknown setting upstreams.max_conections; did you mean "
          "upstreams.max_connections?",
          "larder.toml:5:10: upstreams.models must be an array of strings, got a string",
          "larder.toml:12:15: upstreams.max_queue must be in [0, 1000000], got -1",
          AllOf(StartsWith("larder.toml:13:14: unknown table upstreams.more")),
          "larder.toml:18:9: cache.lifetimes.paths must hold paths below /v1, without it, such as "
          "\"/chat/completions\", got \"/v1/chat/completions\"",
          "larder.toml:20:18: server.worker_threads must be in [1, 4096], got 0",
          "larder.toml:15:1: upstreams.url is missing; every [[upstreams]] needs one, such as url "
          "= \"https://api.anthropic.com/v1\"",
          "larder.toml:17:1: cache.lifetimes.lifetime_s is missing; every [[cache.lifetimes]] "
          "needs one, such as lifetime_s = 600",
          "larder.toml:16:8: upstreams.name \"local\" is taken by the one at larder.toml:7:8",
          "larder.toml:9:13: upstreams.fallbacks names the upstream itself; name another",
          "larder.toml:9:13: upstreams.fallbacks names \"default\" twice",
          "larder.toml:10:11: upstreams.aliases gives \"a\" twice",
          "larder.toml:11:15: upstreams.api_key_env names a variable that is not set, or set to "
          "nothing; set it to the provider's key"));
}

TEST(TableProblemsTest, NameAFallbackThatIsNoUpstream) {
  EXPECT_THAT(Loading().File(kFirst + std::string("fallbacks = ['defualt']\n")).Load().problems,
              ElementsAre("larder.toml:4:13: upstreams.fallbacks names \"defualt\", which is no "
                          "upstream; did you mean \"default\"?"));
  EXPECT_THAT(Loading().File(kFirst + std::string("fallbacks = ['elsewhere']\n")).Load().problems,
              ElementsAre("larder.toml:4:13: upstreams.fallbacks names \"elsewhere\", which is no "
                          "upstream; give one of [[upstreams]] this name, or name \"default\""));
}

TEST(TableProblemsTest, AreNotToldOfFallbacksWhoseUpstreamMayBeTheOneWithABadName) {
  EXPECT_THAT(Loading()
                  .File(kFirst + std::string("fallbacks = ['b']\n[[upstreams]]\nname = 'B'\nurl "
                                             "= 'builtin'\n"))
                  .Load()
                  .problems,
              ElementsAre(StartsWith("larder.toml:6:8: upstreams.name must be a name")));
}

TEST(TableProblemsTest, AllowSixtyFourUpstreamsAnd256Lifetimes) {
  std::string upstreams;
  std::string lifetimes;
  for (int i = 0; i < 64; ++i) {
    upstreams += "[[upstreams]]\nname = 'u" + std::to_string(i) + "'\nurl = 'builtin'\n";
  }
  for (int i = 0; i < 256; ++i) lifetimes += "[[cache.lifetimes]]\nlifetime_s = 1\n";
  const auto most = Loading().File(upstreams + lifetimes).Load();
  ASSERT_TRUE(most.ok()) << most.problems.front();
  EXPECT_THAT(most.loaded->config.upstreams, SizeIs(64));
  EXPECT_THAT(most.loaded->config.lifetimes, SizeIs(256));
  EXPECT_THAT(
      Loading().File(upstreams + "[[upstreams]]\nnonsense = 1\n[[upstreams]]\n").Load().problems,
      ElementsAre("larder.toml:193:1: upstreams must hold at most 64 tables; this is one more"));
  EXPECT_THAT(Loading().File(lifetimes + "[[cache.lifetimes]]\nlifetime_s = 1\n").Load().problems,
              ElementsAre("larder.toml:513:1: cache.lifetimes must hold at most 256 tables; this "
                          "is one more"));
}

TEST(TableProblemsTest, TellATableFromAnArrayOfTables) {
  for (const char* text : {"[upstreams]\nname = 'a'\n", "upstreams = 1\n", "upstreams = ['a']\n",
                           "upstreams = [{name = 'a'}, 1]\n"}) {
    EXPECT_THAT(Loading().File(text).Load().problems,
                ElementsAre(AllOf(StartsWith("larder.toml:1:"),
                                  HasSubstr(": upstreams must be an array of tables: "
                                            "[[upstreams]]"))))
        << text;
  }
  EXPECT_THAT(Loading().File("[[upstream]]\nurl = 'builtin'\n").Load().problems,
              ElementsAre("larder.toml:1:1: upstream must be a table: [upstream]"));
}

TEST(TableProblemsTest, NameTheArrayOfTablesThatWasMeant) {
  EXPECT_THAT(Loading().File("[[upstrems]]\nname = 'a'\n").Load().problems,
              ElementsAre("larder.toml:1:3: unknown table upstrems; did you mean upstreams?"));
  EXPECT_THAT(Loading().File("[[cache.lifetime]]\nlifetime_s = 1\n").Load().problems,
              ElementsAre("larder.toml:1:9: unknown table cache.lifetime; did you mean "
                          "cache.lifetimes?"));
}

TEST(TableProblemsTest, SayThatArraysOfTablesAreNoSettings) {
  EXPECT_THAT(Loading().Flag("upstreams.url", "builtin").Load().problems, SizeIs(1));
}

TEST(TableProblemsTest, ShowNoCredential) {
  const auto result = Loading()
                          .Environment("SPACES", "hunter2 hunter2")
                          .File(
                              "[[upstreams]]\nname = 'a'\nurl = 'https://hunter2@host/v1'\n"
                              "api_key = 'hunter2'\napi_key_env = 'SPACES'\n"
                              "[[upstreams]]\nname = 'b'\nurl = 'https://host/?key=hunter2'\n"
                              "api_key_env = 'hunter2'\n"
                              "[[upstreams]]\nname = 'c'\nurl = 'builtin'\n"
                              "api_key_file = 'hunter2'\n")
                          .Load();
  EXPECT_THAT(result.problems, AllOf(SizeIs(6), Each(Not(HasSubstr("hunter2")))));
  EXPECT_THAT(result.problems[1],
              AllOf(StartsWith("larder.toml:4:1: upstreams.api_key is a secret"),
                    HasSubstr("upstreams.api_key_env"), HasSubstr("upstreams.api_key_file")));
}

TEST(TableProblemsTest, SayWhichUpstreamsFileCannotBeReadOnce) {
  Loading loading;
  loading.File("[upstream]\nca_file = '" + loading.Path("none") + "'\n" + kFirst +
               "[[upstreams]]\nname = 'b'\nurl = 'builtin'\nca_file = '" + loading.Path("none2") +
               "'\n");
  EXPECT_THAT(loading.Load().problems,
              ElementsAre("larder.toml:2:11: upstream.ca_file names \"none\", which cannot be "
                          "read: No such file or directory",
                          "larder.toml:9:11: upstreams.ca_file names \"none2\", which cannot be "
                          "read: No such file or directory"));
}

}  // namespace
}  // namespace larder

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
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

TEST(ConfigProblemsTest, AreToldAllAtOnceWithLineAndColumn) {
  const auto result = Loading()
                          .File(
                              "data_dir = \"/data\"\n"
                              "\n"
                              "[server]\n"
                              "worker_threads = 0\n"
                              "lisen = \"127.0.0.1:1\"\n"
                              "  loops = \"two\"\n")
                          .Load();
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(
      result.problems,
      ElementsAre("larder.toml:4:18: server.worker_threads must be in [1, 4096], got 0",
                  "larder.toml:5:1: unknown setting server.lisen; did you mean server.listen?",
                  "larder.toml:6:11: server.loops must be a whole number in [0, 256], got a "
                  "string"));
}

TEST(ConfigProblemsTest, OfEverySourceAreToldTogether) {
  const auto result = Loading()
                          .File("[log\n")
                          .Environment("LARDER_LOG_LEVEL", "loud")
                          .Flag("upstream.url", "api.openai.com")
                          .Load();
  EXPECT_THAT(result.problems,
              ElementsAre(StartsWith("larder.toml:1:5: "),
                          "environment LARDER_LOG_LEVEL: log.level must be \"debug\", \"info\", "
                          "\"warning\" or \"error\", got \"loud\"",
                          "flag --upstream: upstream.url must be \"builtin\" or a base URL such as "
                          "https://api.openai.com/v1; this one does not start with http:// or "
                          "https://"));
}

TEST(ConfigProblemsTest, AreToldOfValuesThatALaterSourceOverrides) {
  const auto result = Loading()
                          .File("server.listen = 'here'\n")
                          .Environment("LARDER_LISTEN", "there")
                          .Flag("server.listen", "127.0.0.1:0")
                          .Load();
  EXPECT_THAT(result.problems,
              ElementsAre(StartsWith("larder.toml:1:17: server.listen must be HOST:PORT"),
                          StartsWith("environment LARDER_LISTEN: server.listen must be")));
}

TEST(ConfigProblemsTest, NameTheTypeThatASettingHas) {
  struct Case {
    const char* line;
    const char* problem;
  };
  for (const Case& c : {
           Case{"server.loops = 1.0",
                "server.loops must be a whole number in [0, 256], got a number with a fraction"},
           Case{"server.loops = true",
                "server.loops must be a whole number in [0, 256], got a boolean"},
           Case{"data_dir = 1", "data_dir must be a string, got a whole number"},
           Case{"data_dir = ['a']", "data_dir must be a string, got an array"},
           Case{"data_dir = 2020-01-01", "data_dir must be a string, got a date or time"},
           Case{"data_dir = ''", "data_dir must not be empty"},
           Case{"data_dir = \"a\\u0000b\"", "data_dir must be UTF-8 without control characters"},
           Case{"data_dir = {a = 1}", "data_dir must be a string, got a table"},
           Case{"log.format = 'xml'", "log.format must be \"text\" or \"json\", got \"xml\""},
           Case{"log.format = 1", "log.format must be \"text\" or \"json\", got a whole number"},
           Case{"cache.embeddings.store_inputs = 'no'",
                "cache.embeddings.store_inputs must be true or false, got a string"},
           Case{"admin.allowed_hosts = 'a'",
                "admin.allowed_hosts must be an array of strings, got a string"},
           Case{"admin.allowed_hosts = ['a', 1]",
                "admin.allowed_hosts must be an array of strings, got an array of something else"},
           Case{"admin.allowed_hosts = ['a', 'b:1']",
                "admin.allowed_hosts must hold host names or addresses without scheme, port and "
                "brackets, such as \"larder.example.org\", got \"b:1\""},
           Case{"server = 5", "server must be a table: [server]"},
           Case{"[[server]]", "server must be a table: [server]"},
           Case{"[[nonsense]]\ntenant = 'a'",
                "unknown table nonsense; \"larder print-config\" lists all there are"},
           Case{"\"server.listen\" = '127.0.0.1:1'",
                "unknown setting \"\\\"server.listen\\\"\"; did you mean server.listen?"},
       }) {
    const auto result = Loading().File(std::string(c.line) + "\n").Load();
    ASSERT_THAT(result.problems, SizeIs(1)) << c.line;
    EXPECT_THAT(result.problems[0], AllOf(StartsWith("larder.toml:1:"), HasSubstr(c.problem)));
  }
}

TEST(ConfigProblemsTest, NameAnUnknownTableOnceWhereverItsKeysStand) {
  const auto result = Loading()
                          .File(
                              "[serve]\n"
                              "listen = '127.0.0.1:1'\n"
                              "[log]\n"
                              "level = 'info'\n"
                              "[serve.more]\n"
                              "x = 1\n"
                              "[cache]\n"
                              "[cache.embedding]\n")
                          .Load();
  EXPECT_THAT(result.problems,
              ElementsAre("larder.toml:1:2: unknown table serve; did you mean server?",
                          "larder.toml:8:8: unknown table cache.embedding; did you mean "
                          "cache.embeddings?"));
}

TEST(ConfigProblemsTest, SendSecretsToTheEnvironmentOrAFileAndDoNotShowThem) {
  const std::string sentence =
      "admin.token is a secret, which stands neither in the config file nor on the command line; "
      "set LARDER_ADMIN_TOKEN, or name a file that holds it with admin.token_file";
  EXPECT_THAT(Loading().File("[admin]\n token = 'hunter2'\n").Load().problems,
              ElementsAre("larder.toml:2:2: " + sentence));
  EXPECT_THAT(Loading().Flag("admin.token", "hunter2").Load().problems,
              ElementsAre("flag --admin.token: " + sentence));
}

TEST(ConfigProblemsTest, SayWhyTheProvidersKeyCannotBeHad) {
  struct Case {
    const char* value;  // of the variable MY_KEY
    const char* lines;
    const char* problem;
  };
  for (const Case& c : {
           Case{"", "api_key_env = 'MY_KEY'",
                "larder.toml:2:15: upstream.api_key_env names a variable that is not set, or set "
                "to nothing; set it to the provider's key"},
           Case{"hunter2 x", "api_key_env = 'MY_KEY'",
                "larder.toml:2:15: upstream.api_key_env names a variable whose value must be 1 to "
                "4096 visible ASCII characters"},
           Case{"", "api_key_env = 'sk-hunter2'",
                "larder.toml:2:15: upstream.api_key_env must be the name of an environment "
                "variable, of letters, digits and underscores, such as \"OPENAI_API_KEY\"; a key "
                "itself never stands here"},
           Case{"", "api_key_env = 'sk_hunter2'",
                "larder.toml:2:15: upstream.api_key_env names a variable that is not set, or set "
                "to nothing; set it to the provider's key"},
           Case{"", "api_key_file = '/nowhere/hunter2'",
                "larder.toml:2:16: upstream.api_key_file names a file that cannot be read: No such "
                "file or directory"},
           Case{"", "api_key_file = '/dev/null'",
                "larder.toml:2:16: upstream.api_key_file names a file whose content must be 1 to "
                "4096 visible ASCII characters"},
           Case{"x", "api_key_env = 'MY_KEY'\napi_key_file = '/dev/null'",
                "larder.toml:3:16: upstream.api_key_file stands beside upstream.api_key_env: name "
                "one place that holds the key"},
           Case{"", "api_key = 'hunter2'",
                "larder.toml:2:1: upstream.api_key is a secret, which stands neither in the config "
                "file nor on the command line; name the variable that holds it with "
                "upstream.api_key_env, or name a file that holds it with upstream.api_key_file"},
       }) {
    EXPECT_THAT(Loading()
                    .Environment("MY_KEY", c.value)
                    .File("[upstream]\n" + std::string(c.lines) + "\n")
                    .Load()
                    .problems,
                ElementsAre(c.problem));
  }
}

TEST(ConfigProblemsTest, ShowNoCredential) {
  Loading loading;
  loading
      .File(
          "upstream.url = 'https://hunter2@host/v1'\nupstream.api_key = 'hunter2'\n"
          "admin.token_file = '" +
          loading.Write("token", "hunter2 hunter2") + "'\nadmin.token = 'hunter2'\n")
      .Environment("LARDER_UPSTREAM", "https://host/?key=hunter2");
  EXPECT_THAT(loading.Load().problems, AllOf(SizeIs(5), Each(Not(HasSubstr("hunter2")))));
  EXPECT_THAT(Loading().Environment("LARDER_ADMIN_TOKEN", "hunter2 x").Load().problems,
              ElementsAre(AllOf(StartsWith("environment LARDER_ADMIN_TOKEN: admin.token must be"),
                                Not(HasSubstr("hunter2")))));
}

TEST(ConfigProblemsTest, SayWhyAFileCannotBeRead) {
  Loading loading;
  const std::string nowhere = loading.Path("none.toml");
  loading.inputs().file = nowhere;
  EXPECT_THAT(loading.Load().problems,
              ElementsAre("flag --config: cannot read \"none.toml\": No such file or directory"));
  EXPECT_THAT(
      Loading().Environment("LARDER_CONFIG", "/nowhere/larder.toml").Load().problems,
      ElementsAre("environment LARDER_CONFIG: cannot read \"/nowhere/larder.toml\": No such "
                  "file or directory"));
  EXPECT_THAT(Loading().Environment("LARDER_CONFIG", "/").Load().problems,
              ElementsAre("environment LARDER_CONFIG: cannot read \"/\": Is a directory"));
  EXPECT_THAT(Loading().Environment("LARDER_CONFIG", "/dev/zero").Load().problems,
              ElementsAre("environment LARDER_CONFIG: cannot read \"/dev/zero\": larger than "
                          "1048576 bytes"));
}

TEST(ConfigProblemsTest, SayWhichSettingNamesAFileThatCannotBeUsed) {
  Loading loading;
  loading.File("server.listen = '0.0.0.0:1'\nadmin.token_file = '" + loading.Path("none") +
               "'\nupstream.ca_file = '" + loading.Path("none.pem") + "'\n");
  EXPECT_THAT(
      loading.Load().problems,
      ElementsAre("larder.toml:3:20: upstream.ca_file names \"none.pem\", which cannot be "
                  "read: No such file or directory",
                  "larder.toml:2:20: admin.token_file names \"none\", which cannot be read: "
                  "No such file or directory"));
}

TEST(ConfigProblemsTest, RefuseATokenFileWithoutAToken) {
  for (const char* content : {"", "\n", "two words", "two\nlines", "a;b", "\xc3\xa9"}) {
    Loading loading;
    loading.Environment("LARDER_ADMIN_TOKEN_FILE", loading.Write("token", content));
    EXPECT_THAT(
        loading.Load().problems,
        ElementsAre(StartsWith("environment LARDER_ADMIN_TOKEN_FILE: admin.token_file names "
                               "\"token\", whose content must be 1 to 4096 visible ASCII")));
  }
}

TEST(ConfigProblemsTest, NameAFlagThatIsNoSetting) {
  EXPECT_THAT(Loading().Flag("lisen", "x").Load().problems,
              ElementsAre("flag --lisen: unknown setting lisen; \"larder print-config\" lists all "
                          "there are"));
}

TEST(ConfigProblemsTest, AreOneLineEach) {
  const auto result = Loading()
                          .File("\"a\\nb\" = 1\nlog.level = \"x\\ny\"\n\"c\\nd\".e = 1\n")
                          .Environment("LARDER_LISTEN", "a\nb\xff")
                          .Flag("data_dir", "a\nb")
                          .Load();
  EXPECT_THAT(result.problems, AllOf(SizeIs(5), Each(Not(HasSubstr("\n")))));
}

}  // namespace
}  // namespace larder

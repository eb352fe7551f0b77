#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace larder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LoadConfigTest, GivesTheDefaultsWithoutAnySource) {
  const auto result = LoadConfig({});
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_TRUE(ValuesOf(result.loaded->config) == ValuesOf(Config{}));
  EXPECT_EQ(result.loaded->file, "");
  EXPECT_EQ(result.loaded->origins.size(), Settings().size());
  for (const auto& [key, origin] : result.loaded->origins) EXPECT_EQ(origin, "default") << key;
}

TEST(LoadConfigTest, PrefersFlagsToTheEnvironmentToTheFileToDefaults) {
  const std::string file = "\n[server]\n  listen = \"127.0.0.1:1\"\n";
  struct Case {
    bool with_file;
    bool with_environment;
    bool with_flag;
    const char* listen;
    const char* origin;
  };
  for (const Case& c : {
           Case{false, false, false, "127.0.0.1:8787", "default"},
           Case{true, false, false, "127.0.0.1:1", "file larder.toml:3"},
           Case{false, true, false, "127.0.0.1:2", "environment LARDER_LISTEN"},
           Case{true, true, false, "127.0.0.1:2", "environment LARDER_LISTEN"},
           Case{false, false, true, "127.0.0.1:3", "flag --listen"},
           Case{true, false, true, "127.0.0.1:3", "flag --listen"},
           Case{false, true, true, "127.0.0.1:3", "flag --listen"},
           Case{true, true, true, "127.0.0.1:3", "flag --listen"},
       }) {
    Loading loading;
    if (c.with_file) loading.File(file);
    if (c.with_environment) loading.Environment("LARDER_LISTEN", "127.0.0.1:2");
    if (c.with_flag) loading.Flag("server.listen", "127.0.0.1:3");
    const auto result = loading.Load();
    ASSERT_TRUE(result.ok()) << result.problems.front();
    EXPECT_EQ(result.loaded->config.listen, c.listen);
    EXPECT_EQ(result.loaded->origins.at("server.listen"), c.origin);
    EXPECT_EQ(result.loaded->origins.at("log.level"), "default");
  }
}

TEST(LoadConfigTest, ReadsEveryVariableOfTheTable) {
  Loading loading;
  loading.Environment("LARDER_DATA_DIR", "/data")
      .Environment("LARDER_LISTEN", "localhost:5")
      .Environment("LARDER_UPSTREAM", "http://up.example/v1/")
      .Environment("LARDER_MODE", "read-only")
      .Environment("LARDER_LOG_FORMAT", "json")
      .Environment("LARDER_LOG_LEVEL", "warning")
      .Environment("LARDER_LOG_FILE", "/log")
      .Environment("LARDER_ADMIN_TOKEN", "t0ken")
      .Environment("LARDER_ADMIN_TOKEN_FILE", loading.Write("token", "other"))
      .Environment("LARDER_ADMIN_LISTEN", "localhost:6")
      .Environment("LARDER_ENCRYPTION_KEY_FILE", loading.Write("key", std::string(64, 'a')))
      .Environment("LARDER_ENCRYPTION_PREVIOUS_KEY_FILE",
                   loading.Write("previous", std::string(64, 'b')))
      .Environment("LARDER_ADMIN_ALLOWED_HOSTS", "a.example,b.example");
  const auto result = loading.Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const Config& config = result.loaded->config;
  EXPECT_EQ(config.data_dir, "/data");
  EXPECT_EQ(config.listen, "localhost:5");
  EXPECT_EQ(config.upstream.url, "http://up.example/v1");
  EXPECT_EQ(config.cache_mode, CacheMode::kReadOnly);
  EXPECT_EQ(config.log_format, LogFormat::kJson);
  EXPECT_EQ(config.log_level, LogLevel::kWarning);
  EXPECT_EQ(config.log_file, "/log");
  EXPECT_EQ(config.admin.token, "t0ken");
  EXPECT_EQ(config.admin.listen, "localhost:6");
  EXPECT_THAT(config.admin.allowed_hosts, ElementsAre("a.example", "b.example"));
  for (const Setting& setting : Settings()) {
    if (setting.environment.empty()) continue;
    EXPECT_EQ(result.loaded->origins.find(setting.key)->second,
              "environment " + std::string(setting.environment));
  }
}

TEST(LoadConfigTest, TakesAVariableSetToNothingForNotSet) {
  const auto result = Loading()
                          .Environment("LARDER_LISTEN", "")
                          .Environment("LARDER_CONFIG", "")
                          .Environment("OPENAI_API_KEY", "")
                          .Environment("LARDER_ADMIN_TOKEN", "")
                          .Load();
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(ValuesOf(result.loaded->config) == ValuesOf(Config{}));
}

TEST(LoadConfigTest, TakesTheLastOfAFlagGivenTwice) {
  const auto result = Loading().Flag("log.level", "debug").Flag("log.level", "error").Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.log_level, LogLevel::kError);
  EXPECT_EQ(result.loaded->origins.at("log.level"), "flag --log.level");
}

TEST(LoadConfigTest, ReadsTheFileThatTheEnvironmentNames) {
  Loading loading;
  loading.Environment("LARDER_CONFIG", loading.Write("larder.toml", "log.level = 'debug'\n"));
  const auto result = loading.Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.log_level, LogLevel::kDebug);
  EXPECT_EQ(result.loaded->origins.at("log.level"), "file larder.toml:1");
  EXPECT_EQ(result.loaded->file, loading.Path("larder.toml"));
}

TEST(LoadConfigTest, ReadsTheFileOfTheFlagInsteadOfTheEnvironments) {
  Loading loading;
  loading.File("log.level = 'debug'\n")
      .Environment("LARDER_CONFIG", loading.Write("other.toml", "log.level = 'error'\n"));
  const auto result = loading.Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.log_level, LogLevel::kDebug);
}

TEST(LoadConfigTest, SplitsListenIntoHostAndPort) {
  const auto result = Loading().Flag("server.listen", "[::1]:0").Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.listen, "[::1]:0");
  EXPECT_EQ(result.loaded->config.front.host, "::1");
  EXPECT_EQ(result.loaded->config.front.port, 0);
}

TEST(LoadConfigTest, AsksOpenAiByDefaultOnlyWhenThereIsAKeyForIt) {
  const auto result = Loading().Environment("OPENAI_API_KEY", "sk-x").Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.upstream.url, "https://api.openai.com/v1");
  EXPECT_EQ(result.loaded->origins.at("upstream.url"), "default, as OPENAI_API_KEY is set");
}

TEST(LoadConfigTest, AsksTheNamedUpstreamWhateverKeyThereIs) {
  for (const char* upstream : {"builtin", "http://localhost:1/v1"}) {
    const auto result =
        Loading().Environment("OPENAI_API_KEY", "sk-x").Flag("upstream.url", upstream).Load();
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.loaded->config.upstream.url, upstream);
    EXPECT_EQ(result.loaded->origins.at("upstream.url"), "flag --upstream");
  }
}

TEST(LoadConfigTest, NeverReadsOpenAisBaseUrlVariable) {
  const auto result = Loading().Environment("OPENAI_BASE_URL", "http://127.0.0.1:8787/v1").Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.upstream.url, "builtin");
}

TEST(LoadConfigTest, NeedsAnAdminTokenWhereOtherMachinesCanReachIt) {
  for (const char* listen : {"0.0.0.0:8787", "[::]:8787", "192.168.1.2:0", "larder.example:80"}) {
    Loading loading;
    loading.Flag("server.listen", listen);
    EXPECT_THAT(loading.Load().problems,
                ElementsAre("flag --listen: server.listen is \"" + std::string(listen) +
                            "\", which other machines may reach, so an admin token is needed: set "
                            "LARDER_ADMIN_TOKEN, or name a file that holds one with "
                            "admin.token_file"));
    EXPECT_TRUE(loading.Environment("LARDER_ADMIN_TOKEN", "t").Load().ok()) << listen;
  }
}

TEST(LoadConfigTest, NeedsNoAdminTokenOnLoopback) {
  for (const char* listen : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(Loading().Flag("server.listen", listen).Load().ok()) << listen;
  }
}

TEST(LoadConfigTest, ReadsTheAdminTokenFromItsFileWithoutTheLineEnd) {
  for (const char* content : {"s3cret", "s3cret\n", "s3cret\r\n"}) {
    Loading loading;
    loading.File("admin.token_file = '" + loading.Write("token", content) + "'\n")
        .Flag("server.listen", "0.0.0.0:1");
    const auto result = loading.Load();
    ASSERT_TRUE(result.ok()) << result.problems.front();
    EXPECT_EQ(result.loaded->config.admin.token, "s3cret");
    EXPECT_EQ(result.loaded->origins.at("admin.token"), "admin.token_file token");
  }
}

TEST(LoadConfigTest, ReadsTheProvidersKeyFromTheVariableOrTheFileThatIsNamed) {
  Loading loading;
  const auto from_variable =
      loading.Environment("MY_KEY", "sk-,;\"x").File("upstream.api_key_env = 'MY_KEY'\n").Load();
  ASSERT_TRUE(from_variable.ok()) << from_variable.problems.front();
  EXPECT_EQ(from_variable.loaded->config.upstream.api_key, "sk-,;\"x");
  EXPECT_EQ(from_variable.loaded->config.upstream.api_key_header, "authorization");
  EXPECT_EQ(from_variable.loaded->origins.at("upstream.api_key"), "environment MY_KEY");

  const auto from_file = loading
                             .File("[upstream]\napi_key_file = '" + loading.Write("key", "sk-y\n") +
                                   "'\napi_key_header = 'X-Api-Key'\n")
                             .Load();
  ASSERT_TRUE(from_file.ok()) << from_file.problems.front();
  EXPECT_EQ(from_file.loaded->config.upstream.api_key, "sk-y");
  EXPECT_EQ(from_file.loaded->config.upstream.api_key_header, "x-api-key");
  EXPECT_EQ(from_file.loaded->origins.at("upstream.api_key"), "upstream.api_key_file key");
}

TEST(LoadConfigTest, LetsTheClientsKeyThroughWhenNoneIsNamed) {
  const auto result = Loading().Environment("OPENAI_API_KEY", "sk-x").Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.upstream.api_key, "");
}

TEST(LoadConfigTest, PrefersTheTokenOfTheEnvironmentToItsFile) {
  const auto result = Loading()
                          .Environment("LARDER_ADMIN_TOKEN", "t0ken")
                          .File("admin.token_file = '/nowhere'\n")
                          .Load();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.loaded->config.admin.token, "t0ken");
}

}  // namespace
}  // namespace larder

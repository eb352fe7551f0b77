#include "config/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "config/toml_text.h"
#include "tests/config/loading.h"

namespace larder {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The text with each "#key = value" made a setting.
std::string WithoutCommentMarks(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    out += (is_setting ? line.substr(1) : line) + "\n";
  }
  return out;
}

// What cannot be set beside api_key_file: another place of it, and access tokens.
bool IsOtherCredential(std::string_view key) {
  return key.ends_with("key_env") || key == "admin.oidc_client_secret_env" ||
         (key.starts_with("upstream.oauth_") && FindSetting(key)->kind == SettingKind::kString);
}

// A file that sets every setting but those to something else than its default.
std::string EverythingSet(Loading& loading) {
  std::string file;
  for (const Setting& setting : Settings()) {
    if (setting.secret || IsOtherCredential(setting.key)) continue;
    SettingValue value = setting.read(Config{});
    if (auto* number = std::get_if<std::int64_t>(&value)) {
      value = *number == setting.max ? setting.min : setting.max;
    } else if (auto* flag = std::get_if<bool>(&value)) {
      value = !*flag;
    } else if (!setting.choices.empty()) {
      const bool is_last = setting.choices.back() == std::get<std::string>(value);
      value = std::string(is_last ? setting.choices.front() : setting.choices.back());
    } else if (setting.key == "data_dir") {
      value = std::string("/d\xc3\xa4ta \"x\"\\y # z");
    } else if (setting.key == "server.listen") {
      value = std::string("[::]:1");
    } else if (setting.key == "upstream.url") {
      value = std::string("http://host:1/v1");
    } else if (setting.key == "upstream.api_key_header") {
      value = std::string("x-api-key");
    } else if (setting.key == "telemetry.currency") {
      value = std::string("EUR");
    } else if (setting.key == "server.cors_origins") {
      value = std::vector<std::string>{"https://a.example:8443", "*"};
    } else if (setting.key == "cache.key_headers") {
      value = std::vector<std::string>{"x-team"};
    } else if (setting.key == "admin.listen") {
      value = std::string("127.0.0.1:2");
    } else if (setting.key == "admin.oidc_issuer") {
      value = std::string("https://issuer.example");
    } else if (setting.key == "admin.oidc_redirect_url") {
      value = std::string("https://a.example/dashboard/oidc/callback");
    } else if (setting.key == "admin.oidc_allowed") {
      value = std::vector<std::string>{"*@example.org", "sub:1"};
    } else if (setting.key == "admin.allowed_hosts") {
      value = std::vector<std::string>{"a.example", "b.example"};
    } else {
      value = loading.Write("secret", std::string(64, 'a'));
    }
    file += TomlLine(setting.key, TomlValue(value));
  }
  return file;
}

TEST(PrintConfigTest, SaysWhereEveryValueCameFrom) {
  const auto result = Loading()
                          .File("[server]\nloops = 2\n")
                          .Environment("LARDER_LOG_LEVEL", "debug")
                          .Flag("server.listen", "localhost:0")
                          .Load();
  ASSERT_TRUE(result.ok());
  const std::string text = PrintConfig(*result.loaded);
  EXPECT_THAT(text, HasSubstr("\n[server]\nlisten = \"localhost:0\"  # flag --listen\n"
                              "tls_certificate_file = \"\"  # default\n"
                              "tls_key_file = \"\"  # default\n"
                              "loops = 2  # file larder.toml:2\n"
                              "max_connections = 20000  # default\n"));
  EXPECT_THAT(text, HasSubstr("level = \"debug\"  # environment LARDER_LOG_LEVEL\n"));
}

TEST(PrintConfigTest, RedactsSecrets) {
  Loading loading;
  const auto unset = loading.Load();
  ASSERT_TRUE(unset.ok());
  EXPECT_THAT(PrintConfig(*unset.loaded), HasSubstr("\n# token: not set\n"));

  const auto from_file =
      loading.Environment("LARDER_ADMIN_TOKEN_FILE", loading.Write("token", "hunter2\n")).Load();
  ASSERT_TRUE(from_file.ok());
  EXPECT_THAT(PrintConfig(*from_file.loaded),
              HasSubstr("\n# token: set from admin.token_file token, redacted\n"));
  EXPECT_THAT(PrintConfig(*from_file.loaded), Not(HasSubstr("hunter2")));

  const auto from_environment = loading.Environment("LARDER_ADMIN_TOKEN", "hunter2").Load();
  ASSERT_TRUE(from_environment.ok());
  EXPECT_THAT(PrintConfig(*from_environment.loaded),
              HasSubstr("\n# token: set from environment LARDER_ADMIN_TOKEN, redacted\n"));
  EXPECT_THAT(PrintConfig(*from_environment.loaded), Not(HasSubstr("hunter2")));
}

TEST(PrintConfigTest, NamesWhereTheProvidersKeyComesFromAndNotTheKey) {
  Loading loading;
  const auto from_variable =
      loading.File("upstream.api_key_env = 'MY_KEY'\n").Environment("MY_KEY", "hunter2").Load();
  ASSERT_TRUE(from_variable.ok()) << from_variable.problems.front();
  EXPECT_THAT(PrintConfig(*from_variable.loaded),
              AllOf(HasSubstr("\n# api_key: set from environment MY_KEY, redacted\n"),
                    HasSubstr("\napi_key_env = \"MY_KEY\"  # file larder.toml:1\n"),
                    Not(HasSubstr("hunter2"))));

  const auto from_file =
      loading.File("upstream.api_key_file = '" + loading.Write("key", "hunter2\n") + "'\n").Load();
  ASSERT_TRUE(from_file.ok()) << from_file.problems.front();
  EXPECT_THAT(PrintConfig(*from_file.loaded),
              AllOf(HasSubstr("\n# api_key: set from upstream.api_key_file key, redacted\n"),
                    Not(HasSubstr("hunter2"))));
}

TEST(PrintConfigTest, GivesEveryElementOfTheArraysOfTables) {
  Loading loading;
  const auto first = loading
                         .File(
                             "[upstream]\nmax_queue = 7\n"
                             "[[upstreams]]\nname = 'a'\nurl = 'https://host/v1'\n"
                             "models = ['x*', 'y']\naliases = ['y=z']\napi_key_env = 'MY_KEY'\n"
                             "[[upstreams]]\nname = 'b'\nurl = 'builtin'\nfallbacks = ['a']\n"
                             "[[cache.lifetimes]]\npaths = ['/models*']\nlifetime_s = 5\n")
                         .Environment("MY_KEY", "hunter2")
                         .Load();
  ASSERT_TRUE(first.ok()) << first.problems.front();
  const std::string text = PrintConfig(*first.loaded);
  EXPECT_THAT(text, HasSubstr("\n[[upstreams]]  # file larder.toml:3\n"
                              "name = \"a\"  # file larder.toml:4\n"
                              "url = \"https://host/v1\"  # file larder.toml:5\n"
                              "models = [\"x*\", \"y\"]  # file larder.toml:6\n"
                              "paths = []  # default\n"
                              "aliases = [\"y=z\"]  # file larder.toml:7\n"
                              "fallbacks = []  # default\n"
                              "# api_key: set from environment MY_KEY, redacted\n"
                              "api_key_env = \"MY_KEY\"  # file larder.toml:8\n"));
  EXPECT_THAT(text, HasSubstr("\nmax_queue = 7  # as upstream.max_queue\n"));
  EXPECT_THAT(text, HasSubstr("\n[[cache.lifetimes]]  # file larder.toml:13\n"));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));

  const auto second = loading.File(text).Load();
  ASSERT_TRUE(second.ok()) << second.problems.front();
  EXPECT_TRUE(ValuesOf(second.loaded->config) == ValuesOf(first.loaded->config));
  for (const TableSetting& table : TableSettings()) {
    ASSERT_EQ(table.size(second.loaded->config), table.size(first.loaded->config));
    for (std::size_t i = 0; i < table.size(first.loaded->config); ++i) {
      for (const Setting& row : table.rows) {
        EXPECT_TRUE(row.read(second.loaded->config, i) == row.read(first.loaded->config, i))
            << row.key;
      }
    }
  }
}

TEST(PrintConfigTest, PrintsWhatLoadsToTheSameConfig) {
  Loading loading;
  const auto first = loading.File(EverythingSet(loading)).Load();
  ASSERT_TRUE(first.ok()) << first.problems.front();
  const auto values = ValuesOf(first.loaded->config);
  for (const auto& [key, value] : ValuesOf(Config{})) {
    EXPECT_EQ(values.at(key) == value, IsOtherCredential(key)) << key;
  }

  const auto second = loading.File(PrintConfig(*first.loaded)).Load();
  ASSERT_TRUE(second.ok()) << second.problems.front();
  EXPECT_TRUE(ValuesOf(second.loaded->config) == values);
}

TEST(PrintConfigTest, PrintsTheDefaultsAsTheyLoad) {
  Loading loading;
  const auto first = loading.Environment("OPENAI_API_KEY", "sk-x").Load();
  ASSERT_TRUE(first.ok());
  const auto second = Loading().File(PrintConfig(*first.loaded)).Load();
  ASSERT_TRUE(second.ok()) << second.problems.front();
  EXPECT_TRUE(ValuesOf(second.loaded->config) == ValuesOf(first.loaded->config));
  EXPECT_EQ(second.loaded->config.upstream.url, "https://api.openai.com/v1");
}

TEST(PrintConfigTest, StaysTomlWhateverTheNameOfTheFile) {
  Loading loading;
  loading.inputs().file = loading.Write("a\nb\xff.toml", "server.loops = 2\n");
  const auto first = loading.Load();
  ASSERT_TRUE(first.ok()) << first.problems.front();
  EXPECT_TRUE(Loading().File(PrintConfig(*first.loaded)).Load().ok());
}

TEST(DocumentedDefaultsTest, AreTheTextOfLarderToml) {
  EXPECT_EQ(ReadWhole(LARDER_SOURCE_DIR "/config/larder.toml"), DocumentedDefaults());
}

TEST(DocumentedDefaultsTest, LoadToTheDefaults) {
  const auto result = Loading().File(DocumentedDefaults()).Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_TRUE(ValuesOf(result.loaded->config) == ValuesOf(Config{}));
  for (const auto& [key, origin] : result.loaded->origins) EXPECT_EQ(origin, "default") << key;
}

TEST(DocumentedDefaultsTest, LoadToTheDefaultsWithEveryCommentMarkTakenAway) {
  const auto result = Loading()
                          .File(WithoutCommentMarks(DocumentedDefaults()))
                          .Environment("ANTHROPIC_API_KEY", "sk-ant")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_TRUE(ValuesOf(result.loaded->config) == ValuesOf(Config{}));
  for (const Setting& setting : Settings()) {
    const std::string& origin = result.loaded->origins.find(setting.key)->second;
    EXPECT_EQ(origin.starts_with("file larder.toml:"), !setting.secret) << setting.key;
  }
}

TEST(DocumentedDefaultsTest, GiveAnElementOfEachArrayOfTablesAsAnExample) {
  const auto commented = Loading().File(DocumentedDefaults()).Load();
  const auto result = Loading()
                          .File(WithoutCommentMarks(DocumentedDefaults()))
                          .Environment("ANTHROPIC_API_KEY", "sk-ant")
                          .Load();
  ASSERT_TRUE(commented.ok() && result.ok());
  for (const TableSetting& table : TableSettings()) {
    EXPECT_EQ(table.size(commented.loaded->config), 0U) << table.key;
    ASSERT_EQ(table.size(result.loaded->config), 1U) << table.key;
    Config config;
    table.Append(config);
    for (const Setting& row : table.rows) {
      if (row.secret) continue;
      SCOPED_TRACE(row.key);
      const SettingValue value = row.read(result.loaded->config, 0);
      EXPECT_EQ(row.decimal ? std::get<std::string>(value) : TomlValue(value),
                row.example.empty() ? TomlValue(row.read(config, 0)) : std::string(row.example));
      EXPECT_THAT(result.loaded->origins.at(ElementKey(table, 0, row.name())),
                  StartsWith("file larder.toml:"));
    }
  }
  EXPECT_EQ(result.loaded->config.upstreams[0].api_key, "sk-ant");
}

TEST(DocumentedDefaultsTest, FitTheWidthOfAScreen) {
  std::istringstream lines(DocumentedDefaults());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(DocumentedDefaultsTest, NameRangeUnitAndDefaultOfEveryNumber) {
  EXPECT_THAT(DocumentedDefaults(),
              HasSubstr("\n# Freshness lifetime of an embedding.\n"
                        "# Unit: seconds. Range: 1 to 315360000 (10 years). Default: 2592000 (30 "
                        "days).\n#lifetime_s = 2592000\n"));
}

}  // namespace
}  // namespace larder

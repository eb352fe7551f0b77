#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "config/setting_check.h"
#include "config/toml_text.h"
#include "tests/config/loading.h"

namespace larder {
namespace {

using ::testing::ElementsAre;

std::string RangeOf(const Setting& setting) {
  return "[" + std::to_string(setting.min) + ", " + std::to_string(setting.max) + "]";
}

TEST(SettingsTest, HaveKeysOfTheirOwnInOneBlockATable) {
  std::set<std::string_view> keys;
  std::set<std::string_view> tables;
  std::string_view table;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_EQ(FindSetting(setting.key), &setting);
    if (setting.table() == table) continue;
    table = setting.table();
    EXPECT_TRUE(tables.insert(table).second) << "[" << table << "] is opened twice";
  }
  EXPECT_EQ(Settings().front().table(), "") << "a TOML file begins with what is in no table";
}

TEST(SettingsTest, AreNotFoundUnderPartOfAKey) {
  for (const char* key : {"", "server", "listen", "server.", "server.listen.x", "SERVER.LISTEN"}) {
    EXPECT_EQ(FindSetting(key), nullptr) << key;
  }
}

TEST(SettingsTest, SayWhatTheyAreInWholeSentences) {
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(setting.description.ends_with(".")) << setting.key;
    EXPECT_EQ(setting.description.find('\n'), std::string_view::npos) << setting.key;
    EXPECT_EQ(setting.description.find("  "), std::string_view::npos) << setting.key;
  }
}

TEST(SettingsTest, CarryTheirUnitInTheirKey) {
  for (const Setting& setting : Settings()) {
    if (setting.kind != SettingKind::kInteger) continue;
    EXPECT_FALSE(setting.unit.empty()) << setting.key;
    EXPECT_EQ(setting.unit == "seconds", setting.key.ends_with("_s")) << setting.key;
    EXPECT_EQ(setting.unit == "milliseconds", setting.key.ends_with("_ms")) << setting.key;
    EXPECT_EQ(setting.unit == "bytes", setting.key.ends_with("_bytes")) << setting.key;
  }
}

TEST(SettingsTest, HaveDefaultsThatTheyAcceptUnchanged) {
  for (const Setting& setting : Settings()) {
    if (setting.secret) continue;
    const SettingValue value = setting.read(Config{});
    const auto checked = CheckSetting(setting, value);
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    EXPECT_TRUE(*checked == value) << setting.key;
  }
}

TEST(SettingsTest, HaveDefaultsThatLoseNothingInTheUnitOfTheirKey) {
  const Config defaults;
  Config rewritten;
  for (const Setting& setting : Settings()) setting.write(rewritten, setting.read(defaults));
  EXPECT_EQ(rewritten.front.connection.head_timeout, defaults.front.connection.head_timeout);
  EXPECT_EQ(rewritten.front.connection.body_timeout, defaults.front.connection.body_timeout);
  EXPECT_EQ(rewritten.front.connection.idle_timeout, defaults.front.connection.idle_timeout);
  EXPECT_EQ(rewritten.front.connection.tunnel_idle_timeout,
            defaults.front.connection.tunnel_idle_timeout);
  EXPECT_EQ(rewritten.front.connection.write_timeout, defaults.front.connection.write_timeout);
  EXPECT_EQ(rewritten.upstream.first_byte_timeout, defaults.upstream.first_byte_timeout);
  EXPECT_EQ(rewritten.upstream.idle_timeout, defaults.upstream.idle_timeout);
  EXPECT_EQ(rewritten.upstream.total_timeout, defaults.upstream.total_timeout);
  EXPECT_EQ(rewritten.upstream.retry.max_retry_after, defaults.upstream.retry.max_retry_after);
  EXPECT_EQ(rewritten.upstream.breaker.open, defaults.upstream.breaker.open);
}

TEST(SettingsTest, AcceptTheirLeastAndMostAndRefuseWhatLiesBeyond) {
  int numbers = 0;
  for (const Setting& setting : Settings()) {
    if (setting.kind != SettingKind::kInteger) continue;
    SCOPED_TRACE(setting.key);
    ++numbers;
    for (const std::int64_t number : {setting.min, setting.max}) {
      const auto result = Loading().File(TomlLine(setting.key, std::to_string(number))).Load();
      ASSERT_TRUE(result.ok()) << result.problems.front();
      EXPECT_EQ(std::get<std::int64_t>(setting.read(result.loaded->config)), number);
    }
    const std::string column = std::to_string(setting.key.size() + 4);
    for (const std::int64_t number : {setting.min - 1, setting.max + 1}) {
      const auto result = Loading().File(TomlLine(setting.key, std::to_string(number))).Load();
      EXPECT_THAT(
          result.problems,
          ElementsAre("larder.toml:1:" + column + ": " + std::string(setting.key) + " must be in " +
                      RangeOf(setting) + ", got " + std::to_string(number)));
    }
  }
  EXPECT_GE(numbers, 30);
}

TEST(SettingsTest, EachChangeTheirOwnValueAlone) {
  for (const Setting& setting : Settings()) {
    if (setting.secret) continue;
    SCOPED_TRACE(setting.key);
    auto expected = ValuesOf(Config{});
    SettingValue& value = expected[std::string(setting.key)];
    if (auto* number = std::get_if<std::int64_t>(&value)) {
      *number = *number == setting.max ? setting.min : setting.max;
    } else if (auto* flag = std::get_if<bool>(&value)) {
      *flag = !*flag;
    } else if (setting.key == "server.cors_origins") {
      value = std::vector<std::string>{"https://one.example", "*"};
    } else if (setting.key.ends_with("_env")) {
      value = std::string("OTHER_KEY");
    } else if (setting.key == "upstream.api_key_header") {
      value = std::string("x-api-key");
    } else if (auto* items = std::get_if<std::vector<std::string>>(&value)) {
      *items = {"one.example", "two.example"};
    } else if (!setting.choices.empty()) {
      const bool is_last = setting.choices.back() == std::get<std::string>(value);
      value = std::string(is_last ? setting.choices.front() : setting.choices.back());
    } else if (setting.key.ends_with(".listen")) {
      value = std::string("[::1]:9");
    } else if (setting.key == "admin.oidc_issuer" || setting.key == "admin.oidc_redirect_url") {
      value = std::string("https://other.example");
    } else if (setting.key == "telemetry.currency") {
      value = std::string("EUR");
    } else {
      value = std::string("https://other.example/x");
    }
    Config config;
    const auto checked = CheckSetting(setting, value);
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    setting.write(config, *checked);
    EXPECT_TRUE(ValuesOf(config) == expected);
  }
}

TEST(SettingsTest, AgreeWithTheModulesOnTheirDefaults) {
  const Config config;
  EXPECT_EQ(config.upstream.name, "default");
  EXPECT_EQ(config.listen, config.front.host + ":" + std::to_string(config.front.port));
}

TEST(SettingsTest, TakeHeaderFieldsForTheKeyInLowerCase) {
  const auto result = Loading().File("cache.key_headers = ['X-Team', 'x-model-version']\n").Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_EQ(result.loaded->config.key_headers,
            (std::vector<std::string>{"x-team", "x-model-version"}));
  for (const char* bad : {"", "a b", "x:y", "OpenAI-Project"}) {
    EXPECT_FALSE(Loading().File(std::string("cache.key_headers = ['") + bad + "']\n").Load().ok())
        << bad;
  }
}

TEST(SettingsTest, NameEveryModeOfTheCache) {
  struct Case {
    const char* name;
    CacheMode mode;
  };
  for (const Case& c : {Case{"on", CacheMode::kOn}, Case{"record", CacheMode::kRecord},
                        Case{"replay", CacheMode::kReplay}, Case{"read-only", CacheMode::kReadOnly},
                        Case{"off", CacheMode::kOff}}) {
    const auto result = Loading().Flag("cache.mode", c.name).Load();
    ASSERT_TRUE(result.ok()) << c.name;
    EXPECT_EQ(result.loaded->config.cache_mode, c.mode) << c.name;
    EXPECT_EQ(result.loaded->origins.at("cache.mode"), "flag --mode");
  }
}

TEST(SettingsTest, OfTheUpstreamReachItsOptions) {
  const auto result =
      Loading()
          .File(
              "[upstream]\n"
              "max_connections = 1\nmax_tunnels = 14\nmax_queue = 2\nqueue_timeout_ms = 3\n"
              "connect_timeout_ms = 4\nfirst_byte_timeout_s = 5\n"
              "idle_timeout_s = 6\ntotal_timeout_s = 7\nmax_retries = 8\n"
              "retry_backoff_ms = 9\nretry_max_backoff_ms = 10\n"
              "retry_max_after_s = 11\nbreaker_failures = 12\n"
              "breaker_open_s = 13\nbody_window_bytes = 16384\n")
          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const UpstreamOptions& upstream = result.loaded->config.upstream;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  EXPECT_EQ(upstream.http.max_connections, 1U);
  EXPECT_EQ(upstream.http.max_tunnels, 14U);
  EXPECT_EQ(upstream.http.max_queue, 2U);
  EXPECT_EQ(upstream.http.queue_timeout, milliseconds{3});
  EXPECT_EQ(upstream.http.connect_timeout, milliseconds{4});
  EXPECT_EQ(upstream.first_byte_timeout, seconds{5});
  EXPECT_EQ(upstream.idle_timeout, seconds{6});
  EXPECT_EQ(upstream.total_timeout, seconds{7});
  EXPECT_EQ(upstream.retry.max_retries, 8);
  EXPECT_EQ(upstream.retry.backoff, milliseconds{9});
  EXPECT_EQ(upstream.retry.max_backoff, milliseconds{10});
  EXPECT_EQ(upstream.retry.max_retry_after, seconds{11});
  EXPECT_EQ(upstream.breaker.failures, 12);
  EXPECT_EQ(upstream.breaker.open, seconds{13});
  EXPECT_EQ(upstream.http.body_window_bytes, 16384U);
}

TEST(SettingsTest, OfStaleAnswersReachTheModulesThatGiveThem) {
  const auto result = Loading()
                          .File(
                              "[cache.responses]\nstale_while_revalidate_s = 0\n"
                              "stale_if_error_s = 2\nrefresh_threads = 3\nrefresh_queue = 4\n"
                              "[server]\npreflight_max_age_s = 0\ncors_origins = ['*']\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const Config& config = result.loaded->config;
  EXPECT_EQ(config.responses.policy.stale_while_revalidate, std::chrono::seconds{0});
  EXPECT_EQ(config.responses.policy.stale_if_error, std::chrono::seconds{2});
  EXPECT_EQ(config.refreshes.max_threads, 3U);
  EXPECT_EQ(config.refreshes.queue_limit, 4U);
  EXPECT_EQ(config.preflight_max_age, std::chrono::seconds{0});
  EXPECT_THAT(config.cors_origins, ElementsAre("*"));
}

TEST(SettingsTest, ReadTheTextOfVariablesAndFlagsByTheirKind) {
  struct Case {
    const char* key;
    const char* text;
    const char* toml;  // the value; of a refusal, null
  };
  for (const Case& c : {
           Case{"server.loops", "8", "8"},
           Case{"server.loops", "", nullptr},
           Case{"server.loops", "8 ", nullptr},
           Case{"server.loops", "+8", nullptr},
           Case{"server.loops", "0x8", nullptr},
           Case{"server.loops", "8.0", nullptr},
           Case{"server.loops", "257", nullptr},
           Case{"server.loops", "99999999999999999999", nullptr},
           Case{"search.index_cached_inputs", "false", "false"},
           Case{"search.index_cached_inputs", "true", "true"},
           Case{"search.index_cached_inputs", "1", nullptr},
           Case{"search.index_cached_inputs", "True", nullptr},
           Case{"log.level", "debug", "\"debug\""},
           Case{"log.level", "DEBUG", nullptr},
           Case{"log.level", "", nullptr},
           Case{"admin.allowed_hosts", "A.example, b.example,", "[\"a.example\", \"b.example\"]"},
           Case{"admin.allowed_hosts", "", "[]"},
           Case{"admin.allowed_hosts", "a.example,b c", nullptr},
           Case{"cache.mode", "read-only", "\"read-only\""},
           Case{"cache.mode", "readonly", nullptr},
           Case{"server.cors_origins", "https://a.example, *", "[\"https://a.example\", \"*\"]"},
           Case{"server.cors_origins", "https://a.example/", nullptr},
           Case{"upstream.api_key_header", "X-API-Key", "\"x-api-key\""},
           Case{"upstream.api_key_header", "host", nullptr},
           Case{"upstream.api_key_env", "sk-x", nullptr},
           Case{"data_dir", "/var/lib/larder", "\"/var/lib/larder\""},
           Case{"data_dir", "", nullptr},
           Case{"data_dir", "a\nb", nullptr},
           Case{"data_dir", "a\xff", nullptr},
       }) {
    SCOPED_TRACE(std::string(c.key) + " = " + c.text);
    const auto value = ParseSetting(*FindSetting(c.key), c.text);
    ASSERT_EQ(value.ok(), c.toml != nullptr);
    if (value.ok()) {
      EXPECT_EQ(TomlValue(*value), c.toml);
    } else {
      EXPECT_TRUE(value.error().message.starts_with(std::string(c.key) + " must "))
          << value.error().message;
    }
  }
}

}  // namespace
}  // namespace larder

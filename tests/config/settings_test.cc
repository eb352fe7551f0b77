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
  EXPECT_EQ(rewritten.front.connection.write_timeout, defaults.front.connection.write_timeout);
  EXPECT_EQ(rewritten.upstream_timeout, defaults.upstream_timeout);
  EXPECT_EQ(rewritten.http.connect_timeout, defaults.http.connect_timeout);
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
    } else if (auto* items = std::get_if<std::vector<std::string>>(&value)) {
      *items = {"one.example", "two.example"};
    } else if (!setting.choices.empty()) {
      const bool is_last = setting.choices.back() == std::get<std::string>(value);
      value = std::string(is_last ? setting.choices.front() : setting.choices.back());
    } else if (setting.key == "server.listen") {
      value = std::string("[::1]:9");
    } else {
      value = std::string("http://other.example");
    }
    Config config;
    const auto checked = CheckSetting(setting, value);
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    setting.write(config, *checked);
    EXPECT_TRUE(ValuesOf(config) == expected);
  }
}

TEST(SettingsTest, ReachEveryModuleThatWaitsForUpstream) {
  const auto result = Loading().File("upstream.timeout_s = 7\n").Load();
  ASSERT_TRUE(result.ok());
  const Config& config = result.loaded->config;
  EXPECT_EQ(config.upstream_timeout, std::chrono::seconds{7});
  EXPECT_EQ(config.embeddings.upstream_timeout, std::chrono::seconds{7});
  EXPECT_EQ(config.responses.upstream_timeout, std::chrono::seconds{7});
}

TEST(SettingsTest, AgreeWithTheModulesOnTheirDefaults) {
  const Config config;
  EXPECT_EQ(config.embeddings.upstream_timeout, config.upstream_timeout);
  EXPECT_EQ(config.responses.upstream_timeout, config.upstream_timeout);
  EXPECT_EQ(config.listen, config.front.host + ":" + std::to_string(config.front.port));
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

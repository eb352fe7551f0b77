#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "config/load.h"
#include "config/setting_check.h"
#include "config/settings.h"
#include "config/toml_text.h"
#include "tests/config/loading.h"

namespace larder {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// An element with what every one needs, and `lines` beside that.
std::string Element(const TableSetting& table, const std::string& lines = "") {
  std::string text = "[[" + std::string(table.key) + "]]\n" + lines;
  for (const Setting& row : table.rows) {
    if (!row.required || lines.find(std::string(row.name()) + " = ") != std::string::npos) continue;
    text += TomlLine(row.name(), std::string(row.example));
  }
  // A key needs one of three.
  if (table.key == "keys" && lines.find("sha256 = ") == std::string::npos) {
    text += TomlLine("sha256", std::string(table.Find("sha256")->example));
  }
  return text;
}

TEST(TableSettingsTest, HaveRowsWithKeysOfTheirOwn) {
  std::set<std::string_view> keys;
  for (const TableSetting& table : TableSettings()) {
    EXPECT_EQ(FindTable(table.key), &table);
    EXPECT_EQ(FindSetting(table.key), nullptr);
    EXPECT_TRUE(table.description.ends_with(".")) << table.key;
    EXPECT_EQ(table.size(Config{}), 0U);
    bool is_after_a_table = false;
    for (const Setting& setting : Settings()) {
      is_after_a_table = is_after_a_table || setting.table() == table.after;
    }
    EXPECT_TRUE(is_after_a_table) << table.key << " would not be printed";
    for (const Setting& row : table.rows) {
      EXPECT_TRUE(keys.insert(row.key).second) << row.key;
      EXPECT_EQ(row.table(), table.key);
      EXPECT_EQ(table.Find(row.name()), &row);
      EXPECT_TRUE(row.description.ends_with(".")) << row.key;
      EXPECT_EQ(FindSetting(row.key), nullptr) << row.key;
      if (row.kind != SettingKind::kInteger) continue;
      EXPECT_EQ(row.unit == "seconds", row.key.ends_with("_s")) << row.key;
      EXPECT_EQ(row.unit == "milliseconds", row.key.ends_with("_ms")) << row.key;
      EXPECT_EQ(row.unit == "bytes", row.key.ends_with("_bytes")) << row.key;
    }
  }
  EXPECT_EQ(FindTable("upstream"), nullptr);
  EXPECT_EQ(FindTable(""), nullptr);
}

TEST(TableSettingsTest, AcceptTheirLeastAndMostAndRefuseWhatLiesBeyond) {
  int numbers = 0;
  for (const TableSetting& table : TableSettings()) {
    for (const Setting& row : table.rows) {
      if (row.kind != SettingKind::kInteger) continue;
      SCOPED_TRACE(row.key);
      ++numbers;
      for (const std::int64_t number : {row.min, row.max}) {
        const auto result =
            Loading().File(Element(table, TomlLine(row.name(), std::to_string(number)))).Load();
        ASSERT_TRUE(result.ok()) << result.problems.front();
        EXPECT_EQ(std::get<std::int64_t>(row.read(result.loaded->config, 0)), number);
      }
      for (const std::int64_t number : {row.min - 1, row.max + 1}) {
        const auto result =
            Loading().File(Element(table, TomlLine(row.name(), std::to_string(number)))).Load();
        EXPECT_THAT(
            result.problems,
            ElementsAre("larder.toml:2:" + std::to_string(row.name().size() + 4) + ": " +
                        std::string(row.key) + " must be in [" + std::to_string(row.min) + ", " +
                        std::to_string(row.max) + "], got " + std::to_string(number)));
      }
    }
  }
  EXPECT_GE(numbers, 15);
}

TEST(TableSettingsTest, EachChangeTheirOwnValueOfTheirOwnElementAlone) {
  for (const TableSetting& table : TableSettings()) {
    for (const Setting& row : table.rows) {
      if (row.secret) continue;
      SCOPED_TRACE(row.key);
      Config config;
      for (int i = 0; i < 3; ++i) table.Append(config);
      const auto values = [&] {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < table.size(config); ++i) {
          for (const Setting& each : table.rows) {
            all.push_back(ElementKey(table, i, each.name()) + TomlValue(each.read(config, i)));
          }
        }
        return all;
      };
      const auto before = values();
      const auto globals = ValuesOf(config);
      SettingValue value = row.read(config, 1);
      if (auto* number = std::get_if<std::int64_t>(&value)) {
        *number = *number == row.max ? row.min : row.max;
      } else if (auto* items = std::get_if<std::vector<std::string>>(&value)) {
        *items = {"a=b", "c=d"};
      } else if (!row.choices.empty()) {
        const bool is_last = std::get<std::string>(value) == row.choices.back();
        value = std::string(is_last ? row.choices.front() : row.choices.back());
      } else {
        value = std::string("other");
      }
      row.write(config, value, 1);
      EXPECT_TRUE(row.read(config, 1) == value);
      const auto after = values();
      int changed = 0;
      for (std::size_t i = 0; i < after.size(); ++i) changed += after[i] != before[i] ? 1 : 0;
      EXPECT_EQ(changed, 1);
      EXPECT_TRUE(ValuesOf(config) == globals);
    }
  }
}

TEST(UpstreamTablesTest, BecomeUpstreamsInTheOrderOfTheFile) {
  Loading loading;
  loading.Environment("ANTHROPIC_API_KEY", "sk-ant")
      .File(
          "[[upstreams]]\n"
          "name = 'anthropic'\n"
          "url = 'https://API.anthropic.com/v1/'\n"
          "models = ['claude-*', 'fast']\n"
          "paths = ['/messages']\n"
          "aliases = ['fast=claude-haiku-4-5', 'best = claude-opus-4-5']\n"
          "fallbacks = ['local', 'default']\n"
          "api_key_env = 'ANTHROPIC_API_KEY'\n"
          "api_key_header = 'X-API-Key'\n"
          "[log]\n"
          "level = 'debug'\n"
          "[[upstreams]]\n"
          "name = 'local'\n"
          "url = 'http://127.0.0.1:8000/v1'\n"
          "api_key_file = '" +
          loading.Write("key", "sk-local\n") + "'\n");
  const auto result = loading.Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_EQ(result.loaded->config.log_level, LogLevel::kDebug);
  ASSERT_THAT(result.loaded->config.upstreams, SizeIs(2));
  const UpstreamOptions& anthropic = result.loaded->config.upstreams[0];
  EXPECT_EQ(anthropic.name, "anthropic");
  EXPECT_EQ(anthropic.url, "https://api.anthropic.com/v1");
  EXPECT_THAT(anthropic.models, ElementsAre("claude-*", "fast"));
  EXPECT_THAT(anthropic.paths, ElementsAre("/messages"));
  EXPECT_THAT(anthropic.aliases,
              ElementsAre(Pair("fast", "claude-haiku-4-5"), Pair("best", "claude-opus-4-5")));
  EXPECT_THAT(anthropic.fallbacks, ElementsAre("local", "default"));
  EXPECT_EQ(anthropic.api_key, "sk-ant");
  EXPECT_EQ(anthropic.api_key_header, "x-api-key");
  const UpstreamOptions& local = result.loaded->config.upstreams[1];
  EXPECT_EQ(local.name, "local");
  EXPECT_THAT(local.models, IsEmpty());
  EXPECT_EQ(local.api_key, "sk-local");
  EXPECT_EQ(local.api_key_header, "authorization");
  const auto& origins = result.loaded->origins;
  EXPECT_EQ(origins.at("upstreams[0]"), "file larder.toml:1");
  EXPECT_EQ(origins.at("upstreams[1]"), "file larder.toml:12");
  EXPECT_EQ(origins.at("upstreams[0].name"), "file larder.toml:2");
  EXPECT_EQ(origins.at("upstreams[1].models"), "default");
  EXPECT_EQ(origins.at("upstreams[1].max_queue"), "as upstream.max_queue");
  EXPECT_EQ(origins.at("upstreams[0].api_key"), "environment ANTHROPIC_API_KEY");
  EXPECT_EQ(origins.at("upstreams[1].api_key"), "upstreams.api_key_file key");
}

TEST(UpstreamTablesTest, MayBeWrittenInline) {
  const auto result =
      Loading().File("upstreams = [{name = 'a', url = 'builtin', max_queue = 3}]\n").Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  ASSERT_THAT(result.loaded->config.upstreams, SizeIs(1));
  EXPECT_EQ(result.loaded->config.upstreams[0].http.max_queue, 3U);
}

TEST(UpstreamTablesTest, MayBeNone) {
  const auto result = Loading().File("upstreams = []\ncache.lifetimes = []\n").Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_THAT(result.loaded->config.upstreams, IsEmpty());
}

TEST(UpstreamTablesTest, HaveEachLimitOfTheUpstreamTableUnlessTheyGiveItAgain) {
  const TableSetting& table = *FindTable("upstreams");
  int limits = 0;
  for (const Setting& row : table.rows) {
    if (row.inherits.empty()) continue;
    SCOPED_TRACE(row.key);
    ++limits;
    EXPECT_EQ(row.inherits, "upstream." + std::string(row.name()));
    Loading loading;
    const bool is_number = row.kind == SettingKind::kInteger;
    const SettingValue first = is_number ? SettingValue(row.max) : loading.Write("first", "x");
    const SettingValue second = is_number ? SettingValue(row.min) : loading.Write("second", "x");
    // What [upstream] says holds wherever it stands.
    const auto result =
        loading
            .File(
                "[[upstreams]]\nname = 'a'\nurl = 'builtin'\n[[upstreams]]\nname = 'b'\nurl = "
                "'builtin'\n" +
                TomlLine(row.name(), TomlValue(second)) + "[upstream]\n" +
                TomlLine(row.name(), TomlValue(first)))
            .Load();
    ASSERT_TRUE(result.ok()) << result.problems.front();
    EXPECT_TRUE(row.read(result.loaded->config, 0) == first);
    EXPECT_TRUE(row.read(result.loaded->config, 1) == second);
    EXPECT_EQ(result.loaded->origins.at(ElementKey(table, 0, row.name())),
              "as " + std::string(row.inherits));
  }
  EXPECT_GE(limits, 16);
  // All of [upstream] but where it leads and with whose credential.
  for (const Setting& setting : Settings()) {
    if (setting.table() != "upstream") continue;
    const Setting* row = table.Find(setting.name());
    ASSERT_NE(row, nullptr) << setting.key;
    const bool own = setting.name() == "url" || setting.name().starts_with("api_key") ||
                     setting.name().starts_with("oauth_");
    EXPECT_EQ(row->inherits.empty(), own) << setting.key;
  }
}

TEST(UpstreamTablesTest, DoNotHaveTheUpstreamTablesKey) {
  const auto result = Loading()
                          .Environment("MY_KEY", "sk-x")
                          .File(
                              "[upstream]\napi_key_env = 'MY_KEY'\napi_key_header = 'api-key'\n"
                              "[[upstreams]]\nname = 'a'\nurl = 'builtin'\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_EQ(result.loaded->config.upstreams[0].api_key, "");
  EXPECT_EQ(result.loaded->config.upstreams[0].api_key_header, "authorization");
}

TEST(LifetimeTablesTest, BecomeRulesInTheOrderOfTheFile) {
  const auto result = Loading()
                          .File(
                              "[[cache.lifetimes]]\nmodels = ['gpt-4o*']\npaths = "
                              "['/chat/completions']\nlifetime_s = 600\n"
                              "[[cache.lifetimes]]\nlifetime_s = 0\n"
                              "[cache]\nmode = 'record'\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const auto& rules = result.loaded->config.lifetimes;
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_THAT(rules[0].models, ElementsAre("gpt-4o*"));
  EXPECT_THAT(rules[0].paths, ElementsAre("/chat/completions"));
  EXPECT_EQ(rules[0].lifetime, seconds{600});
  EXPECT_THAT(rules[1].models, IsEmpty());
  EXPECT_EQ(rules[1].lifetime, seconds{0});
  EXPECT_EQ(result.loaded->config.cache_mode, CacheMode::kRecord);
}

TEST(PriceTablesTest, TakeNumbersWithQuotesOrWithout) {
  const auto result = Loading()
                          .File(
                              "[[prices]]\nmodels = ['a']\ninput = 2.50\noutput = 10\n"
                              "[[prices]]\nmodels = ['b']\ninput = '0.000000001'\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const auto& prices = result.loaded->config.prices;
  ASSERT_THAT(prices, SizeIs(2));
  EXPECT_EQ(prices[0].input, "2.5");
  EXPECT_EQ(prices[0].output, "10");
  EXPECT_EQ(prices[1].input, "0.000000001");
  EXPECT_EQ(prices[1].output, "");
}

TEST(PriceTablesTest, RefuseWhatIsNoPrice) {
  for (const char* price : {"-1", "-0.5", "'a'", "1e9", "true", "nan", "inf", "0.0000000001"}) {
    EXPECT_FALSE(Loading().File(std::string("[[prices]]\ninput = ") + price + "\n").Load().ok())
        << price;
  }
}

}  // namespace
}  // namespace larder

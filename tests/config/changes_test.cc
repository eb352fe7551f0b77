#include "config/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/print.h"
#include "config/settings.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ConfigChangesTest, TheSameConfigurationChangesNothing) {
  Config config;
  config.upstreams.emplace_back().name = "one";
  const ConfigChanges changes = CompareConfigs(config, config);
  EXPECT_THAT(changes.now, IsEmpty());
  EXPECT_THAT(changes.at_next_start, IsEmpty());
}

TEST(ConfigChangesTest, TellsWhatChangesNowFromWhatWaitsForTheNextStart) {
  Config read;
  read.listen = "127.0.0.1:1";
  read.log_level = LogLevel::kDebug;
  read.disk.max_bytes = 1;
  read.embedding_cache.memory_bytes = 1;
  const ConfigChanges changes = CompareConfigs(Config{}, read);
  EXPECT_THAT(changes.now, ElementsAre("cache.store.max_bytes", "log.level"));
  EXPECT_THAT(changes.at_next_start, ElementsAre("server.listen", "cache.embeddings.memory_bytes"));
}

TEST(ConfigChangesTest, AnArrayOfTablesIsNamedAsAWhole) {
  Config running;
  running.upstreams.emplace_back().name = "one";
  Config read = running;
  read.upstreams[0].models = {"a-*"};
  EXPECT_THAT(CompareConfigs(running, read).at_next_start, ElementsAre("upstreams"));
  EXPECT_THAT(CompareConfigs(running, Config{}).at_next_start, ElementsAre("upstreams"));
}

TEST(ConfigChangesTest, ASecretIsNamedAndNotTold) {
  Config read;
  read.admin.token = "hunter2";
  EXPECT_THAT(CompareConfigs(Config{}, read).at_next_start, ElementsAre("admin.token"));
}

TEST(ConfigChangesTest, OnlyWhatChangesOnReloadIsTaken) {
  Config read;
  read.listen = "127.0.0.1:1";
  read.log_level = LogLevel::kDebug;
  read.maintenance.eviction_interval = std::chrono::seconds{7};
  Config running;
  TakeLiveSettings(running, read);
  EXPECT_EQ(running.listen, Config{}.listen);
  EXPECT_EQ(running.log_level, LogLevel::kDebug);
  EXPECT_EQ(running.maintenance.eviction_interval, std::chrono::seconds{7});
  EXPECT_THAT(CompareConfigs(running, read).now, IsEmpty());
}

TEST(ConfigChangesTest, TheDocumentedSettingsSayWhichChangeOnReload) {
  std::vector<std::string_view> live;
  for (const Setting& setting : Settings()) {
    if (setting.live) live.push_back(setting.key);
  }
  EXPECT_THAT(live,
              ElementsAre("cache.store.max_bytes", "maintenance.eviction_interval_s",
                          "maintenance.expiry_interval_s", "maintenance.compaction_interval_s",
                          "admin.allowed_hosts", "log.level", "log.file", "log.requests"));
  std::size_t said = 0;
  const std::string text = DocumentedDefaults();
  for (std::size_t at = 0; (at = text.find("reload.", at)) != std::string::npos; ++at) ++said;
  EXPECT_EQ(said, live.size());
}

}  // namespace
}  // namespace larder

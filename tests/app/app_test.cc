#include "app/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/data_dir.h"
#include "app/http_client.h"
#include "app/self_check.h"
#include "tests/support/eventually.h"
#include "tests/support/started_app.h"

namespace larder {
namespace {

using testing::HasSubstr;

constexpr const char* kEmbed = R"({"model":"larder-hash-384","input":"a text"})";

class AppTest : public StartedAppTest {
 protected:
  AppTest() : StartedAppTest(LogFormat::kText, LogLevel::kError) {}
  static std::string StatusOf(const App& app) {
    const auto reply = CallServer(app.address(), "POST", "/v1/embeddings", {}, kEmbed);
    return reply.ok() ? std::string(reply->headers.Find("cache-status").value_or("")) : "no answer";
  }
  static std::string Get(const App& app, const std::string& path) {
    const auto reply = CallServer(app.address(), "GET", path, {}, "");
    return reply.ok() ? reply->body : "no answer";
  }
};

TEST_F(AppTest, KeepsItsEntriesOverARestart) {
  auto app = Started();
  EXPECT_THAT(StatusOf(*app), HasSubstr("fwd=miss"));
  EXPECT_TRUE(app->Stop());
  app.reset();
  app = Started();
  EXPECT_THAT(StatusOf(*app), HasSubstr("; hit;"));
}

TEST_F(AppTest, ADataDirectoryIsOneServersAlone) {
  const auto app = Started();
  const auto second = App::Start(config_, log_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("--data-dir"));
  EXPECT_THAT(StatusOf(*app), HasSubstr("larder"));
}

TEST_F(AppTest, WhatItKeepsIsPrivate) {
  const auto app = Started();
  const auto mode = [](const std::string& path) {
    return static_cast<int>(std::filesystem::status(path).permissions() &
                            std::filesystem::perms::all);
  };
  EXPECT_EQ(mode(config_.data_dir), 0700);
  EXPECT_EQ(mode(config_.data_dir + "/partition.key"), 0600);
}

TEST_F(AppTest, ADamagedCacheIsMovedAsideAndTheServerStarts) {
  Started()->Stop();
  std::ofstream(config_.data_dir + "/cache/CURRENT") << "no such manifest\n";
  auto app = Started();
  EXPECT_THAT(StatusOf(*app), HasSubstr("fwd=miss"));
  app->Stop();
  bool aside = false;
  for (const auto& entry : std::filesystem::directory_iterator(config_.data_dir)) {
    aside = aside || entry.path().filename().string().starts_with("cache.damaged-");
  }
  EXPECT_TRUE(aside);
}

TEST_F(AppTest, ACacheThatCannotBeOpenedStopsNoRequest) {
  std::filesystem::create_directories(config_.data_dir);
  std::ofstream(config_.data_dir + "/cache") << "a file where the directory should be";
  const auto app = Started();
  EXPECT_THAT(StatusOf(*app), HasSubstr("store-failed"));
  EXPECT_THAT(StatusOf(*app), HasSubstr("; hit;"));  // from the memory tier
}

TEST_F(AppTest, ACacheThatCouldNotBeOpenedComesBackAndSaysSo) {
  config_.reopening = {std::chrono::milliseconds{5}, std::chrono::milliseconds{20},
                       std::chrono::milliseconds{20}};
  std::filesystem::create_directories(config_.data_dir);
  std::ofstream(config_.data_dir + "/cache") << "a file where the directory should be";
  const auto app = Started();
  EXPECT_THAT(Get(*app, "/readyz"), HasSubstr(R"("cache":"degraded","cache_message":")"));
  EXPECT_THAT(Get(*app, "/readyz"), HasSubstr(R"("status":"ok")")) << "it serves all the same";
  EXPECT_THAT(Get(*app, "/metrics"), HasSubstr("larder_database_state{database=\"cache\"} 3"));
  EXPECT_THAT(Get(*app, "/admin/v1/stats"),
              HasSubstr(R"("databases":{"cache":{"state":"unusable")"));
  std::filesystem::remove(config_.data_dir + "/cache");
  EXPECT_TRUE(Eventually([&] {
    return Get(*app, "/readyz").find(R"("cache":"ok","data":"ok")") != std::string::npos;
  }));
  EXPECT_THAT(StatusOf(*app), HasSubstr("stored"));
  EXPECT_THAT(Get(*app, "/metrics"),
              HasSubstr("larder_database_reopened_total{database=\"cache\"} 1"));
}

TEST_F(AppTest, DamagedCachesAreCountedAndTheOldestGoOnlyWhenThatIsAskedFor) {
  Started()->Stop();
  for (const char* when : {"9", "10", "11"}) {
    std::filesystem::create_directories(config_.data_dir + "/cache.damaged-" + when);
  }
  EXPECT_THAT(Get(*Started(), "/metrics"), HasSubstr("larder_damaged_caches 3"));
  config_.keep_damaged_caches = 2;
  EXPECT_THAT(Get(*Started(), "/metrics"), HasSubstr("larder_damaged_caches 2"));
  EXPECT_FALSE(std::filesystem::exists(config_.data_dir + "/cache.damaged-9"));
}

TEST_F(AppTest, TellsHowFarTheCollectionsAre) {
  const auto app = Started();
  const auto reply = CallServer(app->address(), "GET", "/readyz", {}, "");
  ASSERT_TRUE(reply.ok());
  EXPECT_THAT(reply->body, HasSubstr(R"("collections":"ready","collections_percent":100)"));
}

TEST_F(AppTest, ADamagedCollectionsDatabaseIsLeftAsItIsAndTheServerStarts) {
  Started()->Stop();
  const std::string current = config_.data_dir + "/data/CURRENT";
  std::ofstream(current) << "no such manifest\n";
  const auto app = Started();
  const auto reply = CallServer(app->address(), "GET", "/readyz", {}, "");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 200);
  EXPECT_THAT(reply->body, HasSubstr(R"("collections":"unusable")"));
  EXPECT_THAT(StatusOf(*app), HasSubstr("fwd=miss"));
  app->Stop();
  std::ostringstream left;
  left << std::ifstream(current).rdbuf();
  EXPECT_EQ(left.str(), "no such manifest\n");
  for (const auto& entry : std::filesystem::directory_iterator(config_.data_dir)) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr("damaged")));
  }
}

TEST_F(AppTest, ADamagedPartitionKeyIsAnErrorThatSaysWhatToDo) {
  std::filesystem::create_directories(config_.data_dir);
  std::ofstream(config_.data_dir + "/partition.key") << "short";
  const auto app = App::Start(config_, log_);
  ASSERT_FALSE(app.ok());
  EXPECT_THAT(app.error().message, HasSubstr("restore it, or remove it"));
}

TEST_F(AppTest, ATakenAddressIsAnErrorThatSaysWhatToDo) {
  const auto app = Started();
  Config second = config_;
  second.data_dir = dir_.path() + "/second";
  second.front.port =
      static_cast<std::uint16_t>(std::stoi(app->address().substr(app->address().rfind(':') + 1)));
  const auto refused = App::Start(second, log_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("--listen"));
}

TEST_F(AppTest, AnUpstreamThatLeadsBackIsALoop) {
  // The port is not known before the start: take a free one, give it back, and point at it.
  auto probe = Started();
  const std::string address = probe->address();
  probe->Stop();
  probe.reset();
  config_.front.port =
      static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  config_.upstream.url = address + "/v1";
  const auto app = Started();
  const auto reply = CallServer(app->address(), "POST", "/v1/embeddings", {}, kEmbed);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 508);
  EXPECT_THAT(reply->body, HasSubstr("loop_detected"));
}

TEST_F(AppTest, ALifetimeRuleCountsForWhatItMatches) {
  config_.lifetimes = {{{"other-model"}, {}, std::chrono::seconds{5}},
                       {{"larder-hash-*"}, {"/embeddings"}, std::chrono::seconds{60}}};
  const auto app = Started();
  EXPECT_THAT(StatusOf(*app), HasSubstr("fwd=miss"));
  EXPECT_THAT(StatusOf(*app), HasSubstr("; hit; ttl=60;"));
}

TEST_F(AppTest, AConfiguredUpstreamGetsTheModelsThatItNamesAndNoOthers) {
  UpstreamOptions& unreachable = config_.upstreams.emplace_back();
  unreachable.name = "unreachable";
  unreachable.url = "http://127.0.0.1:1/v1";
  unreachable.models = {"far-*"};
  const auto app = Started();
  const auto reply = CallServer(app->address(), "POST", "/v1/embeddings", {},
                                R"({"model":"far-away","input":"a text"})");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 502);
  EXPECT_THAT(StatusOf(*app), HasSubstr("fwd-status=200"));
}

TEST_F(AppTest, TheSelfCheckPassesWhateverIsConfigured) {
  config_.cache_mode = CacheMode::kReplay;
  config_.upstream.url = "http://127.0.0.1:1/v1";
  config_.upstreams.emplace_back() = config_.upstream;
  config_.upstreams.back().name = "unreachable";
  config_.lifetimes = {{{}, {}, std::chrono::seconds{0}}};
  std::ostringstream out;
  EXPECT_TRUE(RunSelfCheck(config_, log_, out)) << out.str();
}

TEST_F(AppTest, TheSelfCheckPassesAndLeavesNothingBehind) {
  std::ostringstream out;
  EXPECT_TRUE(RunSelfCheck(config_, log_, out)) << out.str();
  EXPECT_THAT(out.str(), HasSubstr("fwd=miss"));
  EXPECT_THAT(out.str(), HasSubstr("larder; hit"));
  EXPECT_FALSE(std::filesystem::exists(config_.data_dir));
}

TEST_F(AppTest, StoppingTwiceDoesNothingMore) {
  const auto app = Started();
  EXPECT_TRUE(app->Stop());
  EXPECT_TRUE(app->Stop());
}

}  // namespace
}  // namespace larder

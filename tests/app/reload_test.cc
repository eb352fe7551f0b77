#include "app/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/http_client.h"
#include "base/sha256.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest() {
    Write("");
    EXPECT_TRUE(log_.Open(log_path_).ok());
    const LoadResult loaded = Load();
    EXPECT_TRUE(loaded.ok());
    auto app = App::Start(loaded.loaded->config, log_);
    EXPECT_TRUE(app.ok());
    app_ = std::move(app).value();
    reloader_.emplace(loaded.loaded->config, *app_, log_, [this] { return Load(); });
  }
  // The configuration file, beside what every test needs.
  void Write(const std::string& text, const std::string& listen = "127.0.0.1:0") {
    std::ofstream(dir_.path() + "/larder.toml")
        << "data_dir = \"" << dir_.path() << "/data\"\n[server]\nlisten = \"" << listen
        << "\"\n[log]\nfile = \"" << log_path_ << "\"\nrequests = false\n"
        << text;
  }
  LoadResult Load() const { return LoadConfig({.file = dir_.path() + "/larder.toml"}); }
  // What was logged since the last call.
  std::string Logged() {
    std::ifstream file(log_path_);
    file.seekg(static_cast<std::streamoff>(seen_));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    seen_ += text.size();
    return text;
  }
  std::string Get(const std::string& path) const {
    const auto reply = CallServer(app_->address(), "GET", path, {}, "");
    return reply.ok() ? reply->body : reply.error().message;
  }

  TempDir dir_;
  const std::string log_path_ = dir_.path() + "/larder.log";
  std::size_t seen_ = 0;
  Log log_{LogFormat::kText, LogLevel::kInfo};
  std::unique_ptr<App> app_;
  std::optional<Reloader> reloader_;
};

TEST_F(ReloaderTest, KeysAndLimitsChangeAtOnceAndWhatWasUsedStays) {
  const auto embed = [&](const char* key) {
    Headers headers{{"authorization", std::string("Bearer ") + key}};
    const auto reply = CallServer(app_->address(), "POST", "/v1/embeddings", headers,
                                  R"({"model":"larder-hash-384","input":"a text"})");
    return reply.ok() ? reply->status : 0;
  };
  EXPECT_EQ(embed("lk_of-the-configuration"), 401);
  EXPECT_EQ(embed("sk-of-the-provider"), 200);
  Write("[[keys]]\nname = \"team\"\nsha256 = \"" + ToHex(Sha256Of("lk_of-the-configuration")) +
        "\"\n[[limits]]\nrequests_per_hour = 2\n");
  reloader_->Reload();
  EXPECT_THAT(Logged(), HasSubstr("keys"));
  EXPECT_EQ(embed("sk-of-the-provider"), 401);
  EXPECT_EQ(embed("lk_of-the-configuration"), 200);
  EXPECT_EQ(embed("lk_of-the-configuration"), 200);
  EXPECT_EQ(embed("lk_of-the-configuration"), 429);
  Write("[[keys]]\nname = \"team\"\nsha256 = \"" + ToHex(Sha256Of("lk_of-the-configuration")) +
        "\"\n[[limits]]\nrequests_per_hour = 3\n");
  reloader_->Reload();
  EXPECT_EQ(embed("lk_of-the-configuration"), 200);
  EXPECT_EQ(embed("lk_of-the-configuration"), 429);
  Write("");
  reloader_->Reload();
  EXPECT_EQ(embed("lk_of-the-configuration"), 401);
}

TEST_F(ReloaderTest, WhatCanChangeChangesAndIsNamed) {
  EXPECT_THAT(Get("/admin/v1/stats"), HasSubstr("\"limit_bytes\":21474836480"));
  Write("level = \"debug\"\n[cache.store]\nmax_bytes = 1073741824\n");
  Logged();
  reloader_->Reload();
  EXPECT_THAT(Logged(), AllOf(HasSubstr("changed=\"cache.store.max_bytes, log.level\""),
                              Not(HasSubstr("next start"))));
  EXPECT_THAT(Get("/admin/v1/stats"), HasSubstr("\"limit_bytes\":1073741824"));
  EXPECT_EQ(log_.level(), LogLevel::kDebug);
}

TEST_F(ReloaderTest, WhatCannotChangeIsNamedEachTime) {
  Write("[search]\nm = 12\n", "127.0.0.1:1");
  for (int i = 0; i < 2; ++i) {
    Logged();
    reloader_->Reload();
    EXPECT_THAT(Logged(), HasSubstr("takes effect at the next start: server.listen, search.m"));
  }
}

TEST_F(ReloaderTest, AWrongConfigurationChangesNothingAndEveryProblemIsTold) {
  Write("level = \"debug\"\n[cache.store]\nmax_bytes = 1073741824\nmin_free_bytes = -1\nx = 1\n");
  Logged();
  reloader_->Reload();
  EXPECT_THAT(Logged(), AllOf(HasSubstr("nothing was changed"), HasSubstr("min_free_bytes"),
                              HasSubstr("cache.store.x")));
  EXPECT_THAT(Get("/admin/v1/stats"), HasSubstr("\"limit_bytes\":21474836480"));
  EXPECT_EQ(log_.level(), LogLevel::kInfo);
}

TEST_F(ReloaderTest, ANameUnderWhichBrowsersMayComeCanBeAdded) {
  const auto status = [&] {
    const auto reply =
        CallServer(app_->address(), "GET", "/admin/v1/stats", {{"Host", "cache.example"}}, "");
    return reply.ok() ? reply->status : 0;
  };
  EXPECT_EQ(status(), 403);
  Write("[admin]\nallowed_hosts = [\"cache.example\"]\n");
  reloader_->Reload();
  EXPECT_EQ(status(), 200);
}

TEST_F(ReloaderTest, ALogThatWasMovedAwayIsBegunAnew) {
  std::filesystem::rename(log_path_, log_path_ + ".1");
  reloader_->ReopenLog();
  log_.Info("after the first");
  EXPECT_THAT(Logged(), HasSubstr("after the first"));
  std::filesystem::rename(log_path_, log_path_ + ".2");
  seen_ = 0;
  reloader_->Reload();
  EXPECT_THAT(Logged(), HasSubstr("the configuration was read again"));
}

TEST_F(ReloaderTest, AMaintenanceTaskCanBeStartedAndIsShown) {
  const auto started =
      CallServer(app_->address(), "POST", "/admin/v1/maintenance",
                 {{"content-type", "application/json"}}, R"({"task":"compaction"})");
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(started->status, 202);
  EXPECT_EQ(started->body, R"({"task":"compaction","started":true})");
  EXPECT_THAT(Get("/admin/v1/stats"),
              AllOf(HasSubstr(R"("name":"expiry")"), HasSubstr(R"("name":"eviction")"),
                    HasSubstr(R"("name":"compaction")"), HasSubstr(R"("name":"snapshot")"),
                    HasSubstr(R"("name":"history")")));
  EXPECT_THAT(Get("/readyz"), HasSubstr("\"disk\":\""));
}

}  // namespace
}  // namespace larder

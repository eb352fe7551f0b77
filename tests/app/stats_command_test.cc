#include "app/stats_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/stats_screen.h"
#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kStats = R"({"version":"0.1.0","upstream":"https://api.example/v1",
  "builtin":false,"uptime_s":7260,"window_s":3600,
  "embeddings":{"requests":10,"inputs":1200,"input_hits":900,"hit_rate":0.75},
  "responses":{"requests":40,"hits":10,"misses":28,"bypass":1,"stale":1,"request":0,"hit_rate":0.25},
  "requests":{"total":50,"errors_4xx":2,"errors_5xx":1,"collapsed":3},
  "tokens":{"billed":1000,"saved":3000},
  "money":{"currency":"USD","spent":0.02,"saved":1.5,"unpriced_tokens":1200,"unpriced_models":["my-model"]},
  "time_saved_s":81.2,
  "miss_reasons":{"cold":5,"expired":0,"changed":9},"changed_fields":{"temperature":9},
  "bypass_details":{"skip-cache":1},
  "latency_ms":{"hit":{"count":20,"mean":0.3,"p50":0.25,"p95":0.9,"p99":1.5},"miss":{"count":0}},
  "disk":{"used_bytes":1200000000,"limit_bytes":10000000000,"free_bytes":34000000000,
          "evicted_entries":7,"state":"warning","message":"90 % used"},
  "memory":{"embeddings":{"entries":1200,"bytes":7000000,"limit_bytes":268000000}},
  "index":{"ready":true,"vectors":1200,"bytes":2000000},
  "by_model":[{"name":"text-embedding-3-small","requests":10,"hits":9,"tokens_billed":100,
               "tokens_saved":900,"saved":1.5,"priced":true},
              {"name":"bad\u001b[31m","requests":1,"hits":0,"priced":null}]})";

std::string Screen(const char* text) {
  const auto document = JsonDocument::Parse(text);
  return document.ok() ? RenderStatsScreen(document->root(), false) : "";
}

TEST(StatsScreenTest, ShowsRatesSavingsReasonsLatencyDiskAndModels) {
  const std::string screen = Screen(kStats);
  for (const char* part :
       {"up 2h 01m  figures of the last 1h 00m", "1,200 inputs, 900 from the cache (75.0 %)",
        "40 requests, 10 from the cache (25.0 %), 1 stale, 1 bypass",
        "50, 3 collapsed, 2 answered 4xx, 1 5xx", "1,000 billed, 3,000 saved (75.0 %)",
        "$0.02 spent, $1.50 saved; 1,200 tokens of models without a price (my-model)", "1m 21s",
        "changed 9, cold 5; what changed: temperature 9; bypass: skip-cache 1",
        "hit      p50 0.25 ms  p95 0.90 ms  p99 1.50 ms  of 20",
        "1.2 GB of 10 GB, 34 GB free, 7 entries evicted  warning: 90 % used",
        "1,200 embeddings in 7.0 MB of 268 MB", "1,200 vectors in 2.0 MB",
        "text-embedding-3-small                     10    90.0 %            100            900"}) {
    EXPECT_THAT(screen, HasSubstr(part));
  }
}

TEST(StatsScreenTest, LeavesOutWhatAServerDoesNotTell) {
  const std::string screen = Screen(R"({"version":"0.1.0","upstream":"builtin","builtin":true})");
  EXPECT_THAT(screen, HasSubstr("a stand-in, no model"));
  EXPECT_THAT(screen, HasSubstr("since the start"));
  for (const char* label : {"money", "disk", "latency", "model "}) {
    EXPECT_THAT(screen, Not(HasSubstr(std::string("\n") + label)));
  }
}

TEST(StatsScreenTest, ANameBringsNoEscapeSequence) {
  EXPECT_THAT(Screen(kStats), Not(HasSubstr("\x1b")));
}

class StatsCommandTest : public testing::Test {
 protected:
  StatsCommandTest() { command_.server = server_.url(); }

  FakeLarder server_;
  StatsCommand command_;
};

TEST_F(StatsCommandTest, AsksForTheWindowAndTheFilters) {
  server_.Answer("GET", "/admin/v1/stats", {.body = kStats});
  command_.window = "24h";
  command_.model = "a b";
  command_.route = "chat";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(server_.calls().at(0).query, "window=24h&model=a%20b&route=chat");
  EXPECT_THAT(run.out, HasSubstr("1,200 inputs"));
}

TEST_F(StatsCommandTest, GivesTheServersJsonToMachines) {
  server_.Answer("GET", "/admin/v1/stats", {.body = R"({"version":"x"})"});
  command_.json = true;
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "{\"version\":\"x\"}\n");
}

TEST_F(StatsCommandTest, AMissingTokenIsToldWithWhatToDo) {
  server_.Answer("GET", "/admin/v1/stats",
                 {.status = 401, .body = R"({"error":{"message":"no token"}})"});
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("no token; set LARDER_ADMIN_TOKEN"));
}

TEST_F(StatsCommandTest, AnAnswerThatIsNoJsonIsNoScreen) {
  server_.Answer("GET", "/admin/v1/stats", {.content_type = "text/html", .body = "<html>"});
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("is it a larder?"));
}

}  // namespace
}  // namespace larder

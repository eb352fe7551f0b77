#include "app/tail_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <ctime>

#include "app/tail_line.h"
#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Event(int seq, const std::string& more = "") {
  const std::string number = std::to_string(seq);
  return "id: " + number + "\nevent: request\ndata: {\"seq\":" + number +
         ",\"time_ms\":1700000000123,\"status\":200,\"outcome\":\"hit\",\"route\":\"embeddings\","
         "\"model\":\"m" +
         number + "\",\"total_us\":310" + more + "}\n\n";
}

std::string Line(const std::string& json) {
  const auto document = JsonDocument::Parse(json);
  return document.ok() ? RenderTailLine(document->root(), false) : "not JSON";
}

TEST(TailLineTest, SaysWhatItWasWhatItCostAndWhyItWasNoHit) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(Line(R"({"time_ms":1700000000123,"status":200,"outcome":"miss","route":"chat",
                     "model":"gpt-4o","total_us":220300,"tokens_billed":1200,"why":"changed",
                     "changed_field":"temperature","complete":true})"),
            "22:13:20.123  200  miss      220 ms  chat         gpt-4o                    1,200 "
            "billed  changed: temperature");
  EXPECT_EQ(Line(R"({"time_ms":1700000000123,"status":200,"outcome":"hit","route":"embeddings",
                     "model":"m","total_us":310,"items":8,"items_hit":8,"tokens_saved":12})"),
            "22:13:20.123  200  hit      0.31 ms  embeddings   m                         8/8  12 "
            "saved");
  EXPECT_THAT(Line(R"({"status":502,"outcome":"bypass","why":"bypass","reason":"skip-cache",
                       "complete":false})"),
              HasSubstr("cut short  bypass: skip-cache"));
}

TEST(TailLineTest, ANameBringsNoEscapeSequence) {
  EXPECT_THAT(Line(R"({"model":"\u001b[31mred"})"), Not(HasSubstr("\x1b")));
}

TEST(TailLineTest, ColoursAreThereWhenWanted) {
  const auto document = JsonDocument::Parse(R"({"outcome":"hit","status":500})");
  const std::string line = RenderTailLine(document->root(), true);
  EXPECT_THAT(line, HasSubstr("\x1b[32mhit"));
  EXPECT_THAT(line, HasSubstr("\x1b[31m500"));
}

class TailCommandTest : public testing::Test {
 protected:
  TailCommandTest() { command_.server = server_.url(); }
  static LarderReply Stream(std::vector<std::string> pieces, bool open = true) {
    return {.content_type = "text/event-stream", .pieces = std::move(pieces), .open = open};
  }

  FakeLarder server_;
  TailCommand command_;
};

TEST_F(TailCommandTest, ShowsTheRecentOnesAndExits) {
  server_.Answer("GET", "/admin/v1/events", Stream({Event(1), Event(2)}));
  command_.no_follow = true;
  command_.recent = 2;
  command_.model = "m";
  command_.outcome = "hit";
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.out, HasSubstr("m1"));
  EXPECT_THAT(run.out, HasSubstr("m2\n"));
  EXPECT_EQ(server_.calls().at(0).query, "model=m&outcome=hit&recent=2");
}

TEST_F(TailCommandTest, FewerRecentOnesThanAskedForEndItToo) {
  server_.Answer("GET", "/admin/v1/events", Stream({Event(1), ": still here\n\n"}));
  command_.no_follow = true;
  EXPECT_EQ(RunCaptured(command_).status, 0);
}

TEST_F(TailCommandTest, GivesEachRequestAsALineOfJsonToMachines) {
  server_.Answer("GET", "/admin/v1/events", Stream({Event(7)}));
  command_.no_follow = true;
  command_.recent = 1;
  command_.json = true;
  const auto run = RunCaptured(command_);
  EXPECT_THAT(run.out, testing::StartsWith("{\"seq\":7,"));
  EXPECT_THAT(run.out, testing::EndsWith("}\n"));
}

TEST_F(TailCommandTest, GoesOnBehindTheLastOneWhenTheServerWasAway) {
  std::atomic<int> connections{0};
  server_.AnswerBy("GET", "/admin/v1/events", [&](const LarderCall&) {
    if (++connections == 1) return Stream({Event(1), Event(2)}, false);
    std::raise(SIGINT);
    return Stream({Event(3)});
  });
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 130);
  EXPECT_THAT(run.err, HasSubstr("trying again"));
  const auto calls = server_.calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_FALSE(calls[0].headers.Has("last-event-id"));
  EXPECT_EQ(calls[0].query, "recent=10");
  EXPECT_EQ(calls[1].headers.Find("last-event-id"), "2");
  EXPECT_EQ(calls[1].query, "recent=0");
}

TEST_F(TailCommandTest, WhatCouldNotBeShownIsTold) {
  server_.Answer("GET", "/admin/v1/events",
                 Stream({"event: dropped\ndata: {\"count\":12}\n\n", Event(1)}));
  command_.no_follow = true;
  command_.recent = 1;
  EXPECT_THAT(RunCaptured(command_).err, HasSubstr("12 requests were not shown"));
}

TEST_F(TailCommandTest, ARefusalIsToldAndNotTriedAgain) {
  server_.Answer("GET", "/admin/v1/events",
                 {.status = 401, .body = R"({"error":{"message":"no token"}})"});
  const auto run = RunCaptured(command_);
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("LARDER_ADMIN_TOKEN"));
  EXPECT_EQ(server_.calls().size(), 1U);
}

TEST_F(TailCommandTest, NobodyThereIsAFailure) {
  command_.server = "http://127.0.0.1:1";
  EXPECT_EQ(RunCaptured(command_).status, 1);
}

}  // namespace
}  // namespace larder

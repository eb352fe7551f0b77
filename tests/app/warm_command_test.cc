#include "app/warm_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

#include "app/warm_state.h"
#include "base/mutex.h"
#include "proxy/json/json.h"
#include "tests/support/captured_run.h"
#include "tests/support/fake_larder.h"
#include "tests/support/temp_dir.h"

namespace larder {
namespace {

using testing::HasSubstr;

// Embeds whatever it is sent and counts how often each text came.
class WarmCommandTest : public testing::Test {
 protected:
  WarmCommandTest() {
    server_.AnswerBy("POST", "/v1/embeddings", [this](const LarderCall& call) {
      const int number = ++requests_;
      if (const auto scripted = refusals_.find(number); scripted != refusals_.end()) {
        return scripted->second;
      }
      const auto document = JsonDocument::Parse(call.body);
      JsonArray inputs;
      EXPECT_EQ(Member(document->root(), "input")->get(inputs), simdjson::SUCCESS);
      {
        MutexLock lock(mutex_);
        for (const JsonElement input : inputs) ++texts_[std::string(input.get_string().value())];
      }
      if (number == interrupt_at_) std::raise(SIGINT);
      return LarderReply{.body = "{}",
                         .headers = {{"cache-status", "larder; fwd=miss; detail=\"items=2,hit=1\""},
                                     {"x-larder-billed-tokens", "3"}}};
    });
    command_.server = server_.url();
    command_.file = dir_.path() + "/texts.txt";
    command_.batch = 2;
    command_.concurrency = 1;
  }

  void Write(int texts) {
    std::ofstream file(command_.file);
    for (int at = 0; at < texts; ++at) file << "text " << at << "\n";
  }
  // The exit status; what it printed is in out_ and err_.
  int Run() {
    CapturedRun run = RunCaptured(command_);
    out_ = std::move(run.out);
    err_ = std::move(run.err);
    return run.status;
  }
  std::map<std::string, int> Texts() {
    MutexLock lock(mutex_);
    return texts_;
  }
  std::string StatePath() const { return command_.file + ".warm-state"; }

  TempDir dir_;
  WarmCommand command_;
  std::atomic<int> requests_{0};
  std::map<int, LarderReply> refusals_;  // by the number of the request
  std::atomic<int> interrupt_at_{0};
  std::string out_;
  std::string err_;
  Mutex mutex_;
  std::map<std::string, int> texts_ LARDER_GUARDED_BY(mutex_);
  FakeLarder server_;  // last: its threads use the rest
};

TEST_F(WarmCommandTest, SendsEveryTextOnceAndSaysWhatItCost) {
  Write(5);
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(requests_, 3);
  EXPECT_EQ(Texts().size(), 5U);
  EXPECT_THAT(out_, HasSubstr("5 texts in "));
  EXPECT_THAT(out_, HasSubstr("2 embedded, 3 from the cache, 9 tokens billed"));
  EXPECT_FALSE(std::filesystem::exists(StatePath()));
}

TEST_F(WarmCommandTest, TellsTheSummaryAsJson) {
  Write(2);
  command_.json = true;
  EXPECT_EQ(Run(), 0);
  const auto document = JsonDocument::Parse(out_);
  ASSERT_TRUE(document.ok()) << out_;
  EXPECT_EQ(IntMember(document->root(), "texts"), 2);
  EXPECT_EQ(BoolMember(document->root(), "finished"), true);
}

TEST_F(WarmCommandTest, AsksForTheModelTheDimensionsAndWithTheProvidersKey) {
  ::setenv("OPENAI_API_KEY", "sk-mine", 1);
  Write(1);
  command_.model = "m";
  command_.dimensions = 64;
  EXPECT_EQ(Run(), 0);
  ::unsetenv("OPENAI_API_KEY");
  const LarderCall call = server_.calls().at(0);
  EXPECT_EQ(call.headers.Find("authorization"), "Bearer sk-mine");
  EXPECT_THAT(call.body, HasSubstr(R"("model":"m")"));
  EXPECT_THAT(call.body, HasSubstr(R"("dimensions":64)"));
}

TEST_F(WarmCommandTest, AfterCtrlCTheNextRunStartsBehindWhatIsDone) {
  Write(20);
  interrupt_at_ = 4;
  EXPECT_EQ(Run(), 130);
  EXPECT_THAT(err_, HasSubstr("run the same command again to go on after text "));
  const auto state = LoadWarmState(StatePath());
  ASSERT_TRUE(state.ok() && *state);
  EXPECT_GE((*state)->done, 6);  // the fourth batch may or may not count
  EXPECT_LE((*state)->done, 8);

  interrupt_at_ = 0;
  EXPECT_EQ(Run(), 0);
  EXPECT_THAT(err_, HasSubstr("going on after "));
  const auto texts = Texts();
  EXPECT_EQ(texts.size(), 20U);
  for (int at = 0; at < 6; ++at) EXPECT_EQ(texts.at("text " + std::to_string(at)), 1) << at;
  for (int at = 8; at < 20; ++at) EXPECT_EQ(texts.at("text " + std::to_string(at)), 1) << at;
  EXPECT_FALSE(std::filesystem::exists(StatePath()));
}

TEST_F(WarmCommandTest, WithSeveralRequestsAtATimeOnlyWhatIsDoneWithoutAGapCounts) {
  Write(40);
  command_.concurrency = 4;
  refusals_[3] = {.status = 400, .body = R"({"error":{"message":"too long"}})"};
  EXPECT_EQ(Run(), 1);
  const auto state = LoadWarmState(StatePath());
  ASSERT_TRUE(state.ok());
  const std::int64_t done = *state ? (*state)->done : 0;
  // What counts as done has been sent.
  const auto texts = Texts();
  for (std::int64_t at = 0; at < done; ++at) {
    EXPECT_EQ(texts.count("text " + std::to_string(at)), 1U) << at;
  }
  EXPECT_LT(done, 40);
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Texts().size(), 40U);
}

TEST_F(WarmCommandTest, AChangedFileIsNoticedAndStartedAnew) {
  Write(10);
  interrupt_at_ = 3;
  EXPECT_EQ(Run(), 130);
  interrupt_at_ = 0;
  {
    std::ofstream file(command_.file);
    file << "another text\n";
    for (int at = 1; at < 10; ++at) file << "text " << at << "\n";
  }
  EXPECT_EQ(Run(), 0);
  EXPECT_THAT(err_, HasSubstr("was changed since"));
  EXPECT_EQ(Texts().at("another text"), 1);
}

TEST_F(WarmCommandTest, AFileThatOnlyGrewIsGoneOnWith) {
  Write(10);
  interrupt_at_ = 3;
  EXPECT_EQ(Run(), 130);
  interrupt_at_ = 0;
  Write(12);
  EXPECT_EQ(Run(), 0);
  EXPECT_THAT(err_, HasSubstr("going on after"));
  EXPECT_EQ(Texts().at("text 0"), 1);
  EXPECT_EQ(Texts().at("text 11"), 1);
}

TEST_F(WarmCommandTest, AStateOfAnotherModelIsNotGoneOnWithAndRestartAsksForThat) {
  Write(10);
  interrupt_at_ = 3;
  EXPECT_EQ(Run(), 130);
  interrupt_at_ = 0;
  command_.model = "another";
  EXPECT_EQ(Run(), 0);
  EXPECT_THAT(err_, HasSubstr("is of another model"));
  EXPECT_EQ(Texts().at("text 0"), 2);

  interrupt_at_ = requests_ + 2;
  EXPECT_EQ(Run(), 130);
  interrupt_at_ = 0;
  command_.restart = true;
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Texts().at("text 0"), 4);
}

TEST_F(WarmCommandTest, WhatIsRefusedForNowIsSentAgainAfterThePauseThatIsAskedFor) {
  Write(4);
  refusals_[1] = {.status = 429, .body = "{}", .headers = {{"retry-after-ms", "5"}}};
  refusals_[2] = {.status = 503, .body = "{}", .headers = {{"retry-after-ms", "1"}}};
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(Texts().size(), 4U);
  EXPECT_THAT(out_, HasSubstr("2 requests sent again"));
}

TEST_F(WarmCommandTest, RepetitionsAreBoundedAndTheLastAnswerIsTold) {
  Write(4);
  command_.retries = 2;
  for (int at = 1; at <= 4; ++at) {
    refusals_[at] = {.status = 429,
                     .body = R"({"error":{"message":"slow down"}})",
                     .headers = {{"retry-after-ms", "1"}}};
  }
  EXPECT_EQ(Run(), 1);
  EXPECT_EQ(requests_, 3);
  EXPECT_THAT(err_, HasSubstr("texts 1 to 2: slow down"));
}

TEST_F(WarmCommandTest, AWrongLineIsToldAndWhatStandsBeforeItIsEmbedded) {
  command_.file = dir_.path() + "/texts.jsonl";
  std::ofstream(command_.file) << "\"one\"\n\"two\"\n\"three\"\nfour\n";
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(err_, HasSubstr("line 4 is not JSON"));
  EXPECT_EQ(Texts().size(), 3U);
}

TEST_F(WarmCommandTest, ARateHoldsRequestsBack) {
  Write(6);
  command_.rate = 100;  // three batches of two: the last begins after 40 ms
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Run(), 0);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(40));
}

TEST_F(WarmCommandTest, NobodyThereIsAFailure) {
  Write(1);
  command_.server = "http://127.0.0.1:1";
  command_.retries = 0;
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(err_, HasSubstr("is larder running there?"));
}

TEST_F(WarmCommandTest, AFileThatIsNoStateIsLeftAlone) {
  Write(1);
  std::ofstream(StatePath()) << "something else\n";
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(err_, HasSubstr("is no state of a warm"));
  EXPECT_TRUE(std::filesystem::exists(StatePath()));
}

TEST(WarmStateTest, IsReadBackAsItWasWritten) {
  const TempDir dir;
  const std::string path = dir.path() + "/state";
  EXPECT_FALSE(*LoadWarmState(path));
  TextHash hash;
  hash.Add("a");
  ASSERT_TRUE(SaveWarmState(path, {"m\"odel", 64, 1, hash.Digits()}).ok());
  const auto state = LoadWarmState(path);
  ASSERT_TRUE(state.ok() && *state);
  EXPECT_EQ((*state)->model, "m\"odel");
  EXPECT_EQ((*state)->dimensions, 64);
  EXPECT_EQ((*state)->done, 1);
  EXPECT_EQ((*state)->hash, hash.Digits());
}

TEST(WarmStateTest, AnEmptyFileIsNoState) {
  const TempDir dir;
  std::ofstream(dir.path() + "/state") << "";
  const auto state = LoadWarmState(dir.path() + "/state");
  ASSERT_TRUE(state.ok());
  EXPECT_FALSE(*state);
}

TEST(WarmStateTest, TextsThatJoinToTheSameBytesDiffer) {
  TextHash one;
  one.Add("ab");
  TextHash two;
  two.Add("a");
  two.Add("b");
  EXPECT_NE(one.Digits(), two.Digits());
}

}  // namespace
}  // namespace larder

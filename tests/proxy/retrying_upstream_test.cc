#include "proxy/upstream/retrying_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "proxy/http/byte_channel.h"
#include "proxy/upstream/stoppable_pause.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RetryingUpstreamTest : public testing::Test {
 protected:
  RetryingUpstreamTest() {
    options_.name = "main";
    options_.retry.max_retries = 2;
    Make();
  }
  // Anew, with options_ as they stand. A pause turns the clock.
  void Make() {
    upstream_.emplace(
        fake_, options_, clock_,
        [this](milliseconds pause) {
          pauses_.push_back(pause);
          clock_.Advance(pause);
          return !stopping_;
        },
        [] { return 0.0; });
  }
  static UpstreamRequest Post() {
    return {.method = "POST", .path_and_query = "/a", .body = "whole"};
  }
  // The status, or 0 for an error.
  int Send(UpstreamRequest request = Post()) {
    const auto reply = upstream_->Send(std::move(request));
    return reply.ok() ? reply->status : 0;
  }

  ManualClock clock_;
  FakeUpstream fake_;
  UpstreamOptions options_;
  std::vector<milliseconds> pauses_;
  bool stopping_ = false;
  std::optional<RetryingUpstream> upstream_;
};

TEST_F(RetryingUpstreamTest, RepeatsUntilAnAnswerIsNoFailure) {
  fake_.Fail(ErrorCode::kUnavailable);
  fake_.Reply({.status = 503});
  fake_.Reply({.status = 200});
  EXPECT_EQ(Send(), 200);
  ASSERT_EQ(fake_.call_count(), 3U);
  for (const FakeCall& call : fake_.calls()) EXPECT_EQ(call.body, "whole");
  EXPECT_THAT(pauses_, ElementsAre(milliseconds(500), milliseconds(1000)));
}

TEST_F(RetryingUpstreamTest, TheLastAttemptsOutcomeIsPassedOn) {
  fake_.ReplyAlways({.status = 503, .body = "busy"});
  const auto reply = upstream_->Send(Post());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 503);
  std::string body;
  EXPECT_EQ(reply->body->TryRead(100, body), ReadState::kData);
  EXPECT_EQ(body, "busy");
  EXPECT_EQ(fake_.call_count(), 3U);
}

TEST_F(RetryingUpstreamTest, WhatIsGivenUpIsDroppedBeforeThePause) {
  const auto first = fake_.Stream({.status = 503});
  fake_.Reply({.status = 200});
  bool dropped = false;
  upstream_.emplace(
      fake_, options_, clock_,
      [&](milliseconds) {
        dropped = first->dropped();
        return true;
      },
      [] { return 0.0; });
  EXPECT_EQ(Send(), 200);
  EXPECT_TRUE(dropped);
}

TEST_F(RetryingUpstreamTest, ABodyThatStreamsIsSentOnce) {
  fake_.ReplyAlways({.status = 503});
  const auto channel = std::make_shared<ByteChannel>(100);
  channel->Close(std::nullopt);
  UpstreamRequest request = Post();
  request.body_source = channel;
  EXPECT_EQ(Send(std::move(request)), 503);
  EXPECT_EQ(fake_.call_count(), 1U);
}

TEST_F(RetryingUpstreamTest, AStreamThatHasBegunIsPassedOnAndBreaksOffWithoutRepetition) {
  fake_.Reply({.pieces = {"data: 1\n\n"}, .cut = UpstreamError(ErrorCode::kUnavailable, "cut")});
  const auto reply = upstream_->Send(Post());
  ASSERT_TRUE(reply.ok());
  std::string body;
  EXPECT_EQ(reply->body->TryRead(100, body), ReadState::kData);
  EXPECT_EQ(reply->body->TryRead(100, body), ReadState::kFailed);
  EXPECT_EQ(fake_.call_count(), 1U);
}

TEST_F(RetryingUpstreamTest, WaitsAsLongAsUpstreamAsks) {
  fake_.Reply({.status = 429, .headers = {{"retry-after-ms", "70"}}});
  fake_.Reply({.status = 429, .headers = {{"retry-after", "120"}}});
  EXPECT_EQ(Send(), 429);
  EXPECT_THAT(pauses_, ElementsAre(milliseconds(70)));
}

TEST_F(RetryingUpstreamTest, TheTotalTimeoutCoversEveryAttemptAndPause) {
  options_.total_timeout = milliseconds(1200);
  Make();
  std::vector<milliseconds> left;
  class Recording final : public Upstream {
   public:
    Recording(FakeUpstream& fake, std::vector<milliseconds>& left) : fake_(fake), left_(left) {}
    const std::string& name() const override { return fake_.name(); }
    Result<UpstreamReply> Send(UpstreamRequest request) override {
      left_.push_back(request.total_timeout);
      return fake_.Send(std::move(request));
    }

   private:
    FakeUpstream& fake_;
    std::vector<milliseconds>& left_;
  } recording(fake_, left);
  fake_.ReplyAlways({.status = 503});
  RetryingUpstream upstream(
      recording, options_, clock_,
      [&](milliseconds pause) {
        clock_.Advance(pause);
        return true;
      },
      [] { return 0.0; });
  ASSERT_TRUE(upstream.Send(Post()).ok());
  // After the second attempt 700 ms are left, and the pause would be 1000.
  EXPECT_THAT(left, ElementsAre(milliseconds(1200), milliseconds(700)));
  left.clear();
  UpstreamRequest hasty = Post();
  hasty.total_timeout = milliseconds(600);
  ASSERT_TRUE(upstream.Send(std::move(hasty)).ok());
  EXPECT_THAT(left, ElementsAre(milliseconds(600), milliseconds(100)));
}

TEST_F(RetryingUpstreamTest, AStoppingServerEndsThePauseAndTheRequest) {
  stopping_ = true;
  fake_.ReplyAlways({.status = 503});
  const auto reply = upstream_->Send(Post());
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(fake_.call_count(), 1U);
}

TEST_F(RetryingUpstreamTest, AnOpenBreakerAnswersAtOnceWithASentence) {
  options_.retry.max_retries = 0;
  options_.breaker.failures = 2;
  Make();
  fake_.ReplyAlways({.status = 500});
  EXPECT_EQ(Send(), 500);
  EXPECT_EQ(Send(), 500);
  const auto refused = upstream_->Send(Post());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().message,
            "upstream main has failed 2 times in a row; it is asked again in 10 s");
  EXPECT_EQ(fake_.call_count(), 2U);
  clock_.Advance(milliseconds(10'000));
  fake_.Reply({.status = 200});
  EXPECT_EQ(Send(), 200);
  EXPECT_EQ(upstream_->stats().breaker, BreakerState::kClosed);
}

TEST_F(RetryingUpstreamTest, ABreakerThatOpensMeanwhileEndsTheRepetitions) {
  options_.breaker.failures = 2;
  Make();
  fake_.ReplyAlways({.status = 503});
  EXPECT_EQ(Send(), 503);
  EXPECT_EQ(fake_.call_count(), 2U);
  EXPECT_THAT(pauses_, ElementsAre(milliseconds(500)));
}

TEST_F(RetryingUpstreamTest, WhatTheClientIsToBlameForDoesNotOpenTheBreaker) {
  options_.breaker.failures = 1;
  Make();
  for (const int status : {400, 401, 404, 408, 409, 429}) {
    fake_.Reply({.status = status, .headers = {{"x-should-retry", "false"}}});
    EXPECT_EQ(Send(), status);
  }
  fake_.Fail(ErrorCode::kInvalidArgument);
  EXPECT_EQ(Send(), 0);
  EXPECT_EQ(upstream_->stats().breaker, BreakerState::kClosed);
}

TEST_F(RetryingUpstreamTest, CountsAttemptsRetriesFailuresAndRefusals) {
  options_.breaker.failures = 3;
  Make();
  fake_.ReplyAlways({.status = 503});
  EXPECT_EQ(Send(), 503);
  EXPECT_EQ(Send(), 0);
  const UpstreamStats stats = upstream_->stats();
  EXPECT_EQ(stats.label, "main");
  EXPECT_EQ(stats.attempts, 3U);
  EXPECT_EQ(stats.retries, 2U);
  EXPECT_EQ(stats.failures, 3U);
  EXPECT_EQ(stats.refused, 1U);
  EXPECT_EQ(stats.breaker, BreakerState::kOpen);
}

TEST_F(RetryingUpstreamTest, AWebsocketIsAskedForOnceAndTheBreakerKnowsOfIt) {
  class Tunnels final : public Upstream {
   public:
    const std::string& name() const override { return name_; }
    Result<UpstreamReply> Send(UpstreamRequest) override { return InternalError("not asked for"); }
    Result<UpstreamReply> OpenTunnel(UpstreamRequest) override {
      ++calls;
      return UpstreamReply{.status = calls == 1 ? 101 : 503, .headers = {}, .body = nullptr};
    }
    int calls = 0;

   private:
    const std::string name_ = "tunnels";
  } tunnels;
  options_.breaker.failures = 1;
  RetryingUpstream upstream(
      tunnels, options_, clock_, [](milliseconds) { return true; }, [] { return 0.0; });
  EXPECT_EQ(upstream.OpenTunnel(Post())->status, 101);
  EXPECT_EQ(upstream.OpenTunnel(Post())->status, 503);
  const auto refused = upstream.OpenTunnel(Post());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(tunnels.calls, 2);
}

TEST_F(RetryingUpstreamTest, ItIsCalledAsConfiguredAndKeepsTheNameThatKeysHave) {
  EXPECT_EQ(upstream_->label(), "main");
  EXPECT_EQ(upstream_->name(), fake_.name());
}

TEST(StoppablePauseTest, EndsByItselfOrWhenStoppedAndThenForGood) {
  StoppablePause pause;
  EXPECT_TRUE(pause.For(milliseconds(1)));
  auto waiting = std::async(std::launch::async, [&] { return pause.For(std::chrono::hours(1)); });
  pause.Stop();
  EXPECT_FALSE(waiting.get());
  EXPECT_FALSE(pause.For(milliseconds(1)));
}

}  // namespace
}  // namespace larder

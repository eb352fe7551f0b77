#include "proxy/upstream/token_source.h"

#include <future>

#include "tests/proxy/token_fixture.h"
#include "tests/support/fiber_transport.h"

namespace larder {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TokenSourceTest : public TokenFixture {};

TEST_F(TokenSourceTest, AsksOnceAndKeepsTheTokenForItsLife) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(3200));
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
  EXPECT_THAT(transport_.urls(), ElementsAre("https://login.example/token"));
}

TEST_F(TokenSourceTest, OneFlightServesFiftyFibersThatAskAtOnce) {
  endpoint().Hold();
  NextToken("t1");
  FiberLoop loop;
  std::vector<std::future<std::string>> fibers;
  for (int i = 0; i < 50; ++i) fibers.push_back(loop.Run([this] { return Get(); }));
  // The loop is free: all of them stand still, and it still runs others.
  EXPECT_TRUE(loop.Run([] { return true; }).get());
  ASSERT_TRUE(endpoint().WaitForCalls(1));
  endpoint().Release();
  for (auto& fiber : fibers) EXPECT_EQ(fiber.get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
}

TEST_F(TokenSourceTest, OneFlightServesThreadsToo) {
  endpoint().Hold();
  NextToken("t1");
  std::vector<std::future<std::string>> threads;
  for (int i = 0; i < 8; ++i) {
    threads.push_back(std::async(std::launch::async, [this] { return Get(); }));
  }
  ASSERT_TRUE(endpoint().WaitForCalls(1));
  endpoint().Release();
  for (auto& thread : threads) EXPECT_EQ(thread.get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
}

TEST_F(TokenSourceTest, NearItsEndOneFlightRefreshesWhileTheOldTokenIsUsed) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(3300) - milliseconds(1));
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
  clock_.Advance(milliseconds(1));
  endpoint().Hold();
  NextToken("t2");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Get(), "t1");
  ASSERT_TRUE(endpoint().WaitForCalls(2));
  EXPECT_TRUE(source_->state().refreshing);
  endpoint().Release();
  WaitForFlights(2);
  EXPECT_EQ(Get(), "t2");
  EXPECT_EQ(endpoint().call_count(), 2U);
}

TEST_F(TokenSourceTest, AShortLifeIsRefreshedAfterFourFifthsOfIt) {
  NextToken("t1", 100);
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(79));
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
  clock_.Advance(seconds(1));
  NextToken("t2", 100);
  EXPECT_EQ(Get(), "t1");
  WaitForFlights(2);
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenSourceTest, TheConfiguredTimeAheadIsKept) {
  options_.refresh_ahead = seconds(60);
  MakeSource();
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(3539));
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
  clock_.Advance(seconds(1));
  NextToken("t2");
  EXPECT_EQ(Get(), "t1");
  WaitForFlights(2);
  EXPECT_EQ(endpoint().call_count(), 2U);
}

TEST_F(TokenSourceTest, ATokenIsNotUsedInTheLastTenSecondsOfItsLife) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(3590));
  NextToken("t2");
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenSourceTest, ATokenOfNoTimeAtAllServesThoseWhoWaitedForIt) {
  NextToken("t1", 1);
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(1));
  NextToken("t2", 1);
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenSourceTest, TheWallClockSteppingBackMakesNoTokenLiveLonger) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.StepWall(-std::chrono::hours(24));
  clock_.Advance(seconds(3000));
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(590));
  NextToken("t2");
  EXPECT_EQ(Get(), "t2");
  EXPECT_EQ(endpoint().call_count(), 2U);
}

TEST_F(TokenSourceTest, TheWallClockSteppingForwardCostsOneFlight) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.StepWall(std::chrono::hours(24));  // or the machine slept for a day
  NextToken("t2");
  EXPECT_EQ(Get(), "t2");
  clock_.StepWall(-std::chrono::hours(24));
  EXPECT_EQ(Get(), "t2");
  EXPECT_EQ(endpoint().call_count(), 2U);
}

TEST_F(TokenSourceTest, ATokenSurvivesARestart) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(1000));
  MakeSource();
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(2300));  // 300 s before its end, as without the restart
  NextToken("t2");
  EXPECT_EQ(Get(), "t1");
  WaitForFlights(2);
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenSourceTest, AfterARestartATokenAtItsEndOrFromTheFutureIsNotUsed) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.StepWall(-seconds(1));
  MakeSource();
  NextToken("t2");
  EXPECT_EQ(Get(), "t2") << "the wall clock stands before the moment it was received";
  clock_.Advance(seconds(3600));
  MakeSource();
  NextToken("t3");
  EXPECT_EQ(Get(), "t3");
  options_.client_secret = "rotated";
  MakeSource();
  NextToken("t4");
  EXPECT_EQ(Get(), "t4") << "it was given for another secret";
}

TEST_F(TokenSourceTest, AWaitEndsAtItsDeadlineAndTheFlightGoesOn) {
  endpoint().Hold();
  NextToken("t1");
  const auto late = source_->Get(milliseconds(20));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(late.error().message, HasSubstr("azure"));
  endpoint().Release();
  WaitForFlights(1);
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 1U);
}

TEST_F(TokenSourceTest, AFailureIsToldWithItsCauseAndNoSecret) {
  endpoint().Reply({.status = 401, .body = R"({"error":"invalid_client"})"});
  const Error error = Failure();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message,
            "upstream azure cannot be asked: its token endpoint refused with invalid_client: check "
            "oauth_client_id, its secret and oauth_auth (it is asked again in 1 s)");
  EXPECT_EQ(source_->state().last_error,
            "the token endpoint refused with invalid_client: check oauth_client_id, its secret and "
            "oauth_auth");
}

TEST_F(TokenSourceTest, ADeadEndpointIsAskedAfterPausesThatDoubleUpToAMinute) {
  endpoint().ReplyAlways({.status = 500});
  std::size_t calls = 0;
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(Get(), "");
    EXPECT_EQ(endpoint().call_count(), ++calls);
    clock_.Advance(seconds(pause) - milliseconds(1));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(Get(), "");
    EXPECT_EQ(endpoint().call_count(), calls);
    clock_.Advance(milliseconds(1));
  }
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(source_->state().last_error, "");
}

TEST_F(TokenSourceTest, ThePauseThatTheEndpointAsksForIsKeptUpToAMinute) {
  endpoint().Reply({.status = 429, .headers = {{"retry-after", "30"}}});
  EXPECT_EQ(Get(), "");
  EXPECT_EQ(source_->state().next_attempt, milliseconds(30'000));
  clock_.Advance(seconds(30));
  endpoint().Reply({.status = 503, .headers = {{"retry-after", "86400"}}});
  EXPECT_EQ(Get(), "");
  EXPECT_EQ(source_->state().next_attempt, milliseconds(60'000));
}

TEST_F(TokenSourceTest, AFailedRefreshLeavesTheTokenInUseAndKeepsThePause) {
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  clock_.Advance(seconds(3300));
  endpoint().Fail(ErrorCode::kUnavailable);
  EXPECT_EQ(Get(), "t1");
  WaitForFlights(2);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get(), "t1");
  EXPECT_EQ(endpoint().call_count(), 2U);
  clock_.Advance(seconds(1));
  NextToken("t2");
  EXPECT_EQ(Get(), "t1");
  WaitForFlights(3);
  EXPECT_EQ(Get(), "t2");
  EXPECT_THAT(News(), ElementsAre(HasSubstr("could not be asked"), "well"));
}

TEST_F(TokenSourceTest, OnlyTheFirstFailureInARowIsNews) {
  endpoint().ReplyAlways({.status = 500});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Get(), "");
    clock_.Advance(seconds(60));
  }
  WaitForFlights(5);
  EXPECT_THAT(News(), ElementsAre("answered with status 500"));
}

TEST_F(TokenSourceTest, ARejectedTokenIsReplacedOnceAndAgainAfterTenSeconds) {
  NextToken("t1");
  const auto first = source_->Get(kWait);
  EXPECT_TRUE(source_->Reject(first->number));
  NextToken("t2");
  const auto second = source_->Get(kWait);
  EXPECT_EQ(second->text, "t2");
  EXPECT_TRUE(source_->Reject(first->number)) << "another has come since";
  EXPECT_EQ(Get(), "t2");
  EXPECT_FALSE(source_->Reject(second->number)) << "it is not the token's fault";
  EXPECT_EQ(Get(), "t2");
  clock_.Advance(TokenSource::kRejectionPause);
  EXPECT_TRUE(source_->Reject(second->number));
  NextToken("t3");
  EXPECT_EQ(Get(), "t3");
}

TEST_F(TokenSourceTest, AForgottenTokenIsGoneFromTheStoreAndRevokedWhereThatIsConfigured) {
  options_.revocation_url = "https://login.example/revoke";
  MakeSource();
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  WaitForFlights(1);
  endpoint().Reply({.status = 200, .body = ""});
  const auto forgotten = source_->Forget();
  ASSERT_TRUE(forgotten.ok()) << forgotten.error().message;
  EXPECT_TRUE(forgotten->held);
  EXPECT_TRUE(forgotten->revoked);
  EXPECT_EQ(transport_.urls().back(), "https://login.example/revoke");
  EXPECT_EQ(endpoint().calls().back().body, "token=t1&token_type_hint=access_token");
  EXPECT_FALSE(kept_.Load("azure", TokenIdentity("azure", options_)));
  NextToken("t2");
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenSourceTest, WithoutATokenThereIsNothingToRevoke) {
  options_.revocation_url = "https://login.example/revoke";
  MakeSource();
  const auto forgotten = source_->Forget();
  ASSERT_TRUE(forgotten.ok());
  EXPECT_FALSE(forgotten->held);
  EXPECT_FALSE(forgotten->revoked);
  EXPECT_EQ(endpoint().call_count(), 0U);
}

TEST_F(TokenSourceTest, ATokenThatCannotBeRevokedIsForgottenAllTheSame) {
  options_.revocation_url = "https://login.example/revoke";
  MakeSource();
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
  endpoint().Reply({.status = 503});
  const auto forgotten = source_->Forget();
  ASSERT_FALSE(forgotten.ok());
  EXPECT_EQ(forgotten.error().message,
            "the token was forgotten, but not revoked: the revocation endpoint answered with "
            "status 503");
  NextToken("t2");
  EXPECT_EQ(Get(), "t2");
}

TEST_F(TokenSourceTest, WhatAFlightBringsThatBeganBeforeTheForgettingIsNotUsed) {
  endpoint().Hold();
  NextToken("t1");
  NextToken("t2");
  auto waiting = std::async(std::launch::async, [this] { return Get(); });
  ASSERT_TRUE(endpoint().WaitForCalls(1));
  ASSERT_TRUE(source_->Forget().ok());
  endpoint().Release();
  EXPECT_EQ(waiting.get(), "t2");
}

TEST_F(TokenSourceTest, ForgettingEndsAPause) {
  endpoint().Reply({.status = 500});
  EXPECT_EQ(Get(), "");
  ASSERT_TRUE(source_->Forget().ok());
  NextToken("t1");
  EXPECT_EQ(Get(), "t1");
}

TEST_F(TokenSourceTest, StopEndsEveryWait) {
  endpoint().Hold();
  auto waiting = std::async(std::launch::async, [this] { return Failure(); });
  ASSERT_TRUE(endpoint().WaitForCalls(1));
  source_->Stop();
  EXPECT_EQ(waiting.get().code, ErrorCode::kCancelled);
  EXPECT_EQ(Failure().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace larder

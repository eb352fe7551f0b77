// Single flight of whole answers: one upstream call for identical requests, and nobody waits for
// ever.
#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;

constexpr const char* kAsk = R"({"model":"m","messages":[]})";
constexpr const char* kSaid = R"({"choices":[{"message":{"content":"hello"}}]})";

class ResponsesFlightTest : public ProxyTest {
 protected:
  std::thread AskLater(Answer& answer) {
    return std::thread([this, &answer] { answer = Chat(kAsk); });
  }
  // Returns when `count` requests have looked in the store: each is then about to join or to lead.
  void WaitForLookups(std::uint64_t count) {
    while (world().store().reads() < count) std::this_thread::yield();
  }
  // A leader that is held upstream, and `followers` behind it; released when all are on their way.
  std::vector<Answer> AskTogether(std::size_t followers) {
    std::vector<Answer> answers(1 + followers);
    std::vector<std::thread> threads;
    upstream().Hold();
    const std::size_t calls = upstream().call_count();
    threads.push_back(AskLater(answers[0]));
    EXPECT_TRUE(upstream().WaitForCalls(calls + 1));
    const std::uint64_t reads = world().store().reads();
    for (std::size_t i = 1; i <= followers; ++i) threads.push_back(AskLater(answers[i]));
    WaitForLookups(reads + followers);
    upstream().Release();
    for (std::thread& thread : threads) thread.join();
    return answers;
  }
};

TEST_F(ResponsesFlightTest, IdenticalRequestsInFlightAreOneUpstreamCall) {
  upstream().ReplyAlways({.body = kSaid});
  for (const Answer& answer : AskTogether(5)) EXPECT_EQ(answer.body, kSaid);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesFlightTest, FollowersShareAnAnswerThatTheStoreRefusedToKeep) {
  world().store().FailWrites(true);
  upstream().ReplyAlways({.body = kSaid});
  for (const Answer& answer : AskTogether(3)) EXPECT_EQ(answer.body, kSaid);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesFlightTest, FollowersShareAnAnswerThatTheMemoryTierCannotHold) {
  ProxyWorldOptions options;
  options.response_cache.memory_bytes = 1;
  Restart(options);
  upstream().ReplyAlways({.body = kSaid});
  for (const Answer& answer : AskTogether(3)) EXPECT_EQ(answer.body, kSaid);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesFlightTest, FollowersShareAnAnswerThatCouldNotBeKeptAnywhere) {
  ProxyWorldOptions options;
  options.response_cache.memory_bytes = 1;
  Restart(options);
  world().store().FailWrites(true);
  upstream().ReplyAlways({.body = kSaid});
  // A look-up is no joining: one that comes too late asks for itself, so not each round shares.
  std::size_t shared = 0;
  for (int round = 0; round < 50 && shared == 0; ++round) {
    const std::size_t before = upstream().call_count();
    for (const Answer& answer : AskTogether(1)) EXPECT_EQ(answer.body, kSaid);
    shared += 2 - (upstream().call_count() - before);
  }
  EXPECT_GT(shared, 0U);
}

TEST_F(ResponsesFlightTest, AnAnswerStoredBetweenLookUpAndJoiningIsNotAskedForAgain) {
  upstream().ReplyAlways({.body = kSaid});
  bool first = true;
  world().store().OnRead([&] {
    if (std::exchange(first, false)) Chat(kAsk);  // another request, just then
  });
  EXPECT_TRUE(Chat(kAsk).hit());
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesFlightTest, EachFollowerOfAFailedLeaderTriesOnceItself) {
  upstream().Fail(ErrorCode::kUnavailable);
  upstream().ReplyAlways({.status = 429, .body = "no"});
  const auto answers = AskTogether(3);
  EXPECT_EQ(answers[0].status, 502);
  for (std::size_t i = 1; i < answers.size(); ++i) EXPECT_EQ(answers[i].status, 429);
  EXPECT_EQ(upstream().call_count(), 4U);
}

TEST_F(ResponsesFlightTest, AnErrorOfUpstreamIsNotSharedWithFollowers) {
  upstream().Reply({.status = 500, .body = "the leader's own"});
  upstream().ReplyAlways({.body = kSaid});
  const auto answers = AskTogether(2);
  EXPECT_EQ(answers[0].status, 500);
  EXPECT_EQ(answers[1].body, kSaid);
  EXPECT_EQ(answers[2].body, kSaid);
}

TEST_F(ResponsesFlightTest, ALeaderWhoseUpstreamThrowsLeavesNobodyWaiting) {
  std::atomic<int> calls{0};
  upstream().ComputeAlways([&](const FakeCall&) -> Result<UpstreamReply> {
    if (calls++ == 0) throw std::runtime_error("a defect of the upstream");
    return upstream().Make({.body = kSaid});
  });
  upstream().Hold();
  Answer followed;
  std::thread leader([&] { EXPECT_THROW(Chat(kAsk), std::runtime_error); });
  EXPECT_TRUE(upstream().WaitForCalls(1));
  const std::uint64_t reads = world().store().reads();
  std::thread follower = AskLater(followed);
  WaitForLookups(reads + 1);
  upstream().Release();
  leader.join();
  follower.join();
  EXPECT_EQ(followed.body, kSaid);
}

TEST_F(ResponsesFlightTest, ARequestThatMayNotShareAsksForItself) {
  upstream().ReplyAlways({.body = kSaid});
  upstream().Hold();
  std::vector<Answer> answers(3);
  std::thread leader = AskLater(answers[0]);
  EXPECT_TRUE(upstream().WaitForCalls(1));
  std::thread fresh([&] { answers[1] = Chat(kAsk, {{"cache-control", "no-cache"}}); });
  std::thread apart([&] { answers[2] = Chat(kAsk, {{"cache-control", "no-store"}}); });
  EXPECT_TRUE(upstream().WaitForCalls(3));
  upstream().Release();
  leader.join();
  fresh.join();
  apart.join();
  for (const Answer& answer : answers) EXPECT_EQ(answer.body, kSaid);
}

TEST_F(ResponsesFlightTest, ManyRequestsAtOnceAskOnceForEachBody) {
  upstream().ReplyAlways({.body = kSaid});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 50; ++i) {
        const Answer answer = Chat(R"({"model":"m","n":)" + std::to_string(i) + "}");
        EXPECT_EQ(answer.body, kSaid);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(upstream().call_count(), 50U);
}

}  // namespace
}  // namespace larder

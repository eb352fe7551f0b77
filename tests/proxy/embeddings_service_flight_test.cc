// Single flight of embeddings: one upstream call an input, however many ask at once, and nobody
// waits for ever.
#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

#include "proxy/json/json_writer.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/vector_samples.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr const char* kA = R"({"model":"m","input":"a"})";
constexpr const char* kAB = R"({"model":"m","input":["a","b"]})";
constexpr const char* kBC = R"({"model":"m","input":["b","c"]})";

class EmbeddingsFlightTest : public ProxyTest {
 protected:
  EmbeddingsFlightTest() { UseEmbeddings(); }

  // Asks on a thread of its own; `answers` has one place for each.
  std::thread AskLater(std::string body, Answer& answer, Headers headers = {}) {
    return std::thread([this, body = std::move(body), headers = std::move(headers), &answer] {
      answer = Embed(body, headers);
    });
  }
  // Returns when `count` requests have looked their inputs up in the store: each is then about to
  // join or to lead.
  void WaitForLookups(std::uint64_t count) {
    while (world().store().reads() < count) std::this_thread::yield();
  }
};

TEST_F(EmbeddingsFlightTest, OverlappingBatchesAskForEachInputOnce) {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kTexts = 24;
  VectorSamples samples(20260101);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::vector<std::string>> batches(kThreads);
    std::vector<Answer> answers(kThreads);
    std::vector<std::thread> threads;
    for (auto& batch : batches) {
      for (int i = 0; i < 12; ++i) {
        batch.push_back("r" + std::to_string(round) + "t" + std::to_string(samples.Below(kTexts)));
      }
    }
    const std::size_t before = upstream().call_count();
    for (std::size_t t = 0; t < kThreads; ++t) {
      JsonWriter json;
      json.BeginObject().Member("model", "m").Key("input").BeginArray();
      for (const std::string& text : batches[t]) json.String(text);
      json.EndArray().EndObject();
      threads.push_back(AskLater(json.Take(), answers[t]));
    }
    for (std::thread& thread : threads) thread.join();

    std::vector<std::string> sent;
    const auto calls = upstream().calls();
    for (std::size_t c = before; c < calls.size(); ++c) {
      for (std::string& input : InputsOf(calls[c])) sent.push_back(std::move(input));
    }
    std::sort(sent.begin(), sent.end());
    EXPECT_EQ(std::adjacent_find(sent.begin(), sent.end()), sent.end()) << "round " << round;
    std::size_t billed = 0;
    for (std::size_t t = 0; t < kThreads; ++t) {
      ASSERT_EQ(answers[t].status, 200);
      billed += std::stoul(answers[t].Field("x-larder-billed-tokens"));
      const auto vectors = VectorsOf(answers[t].body);
      ASSERT_EQ(vectors.size(), batches[t].size());
      for (std::size_t i = 0; i < vectors.size(); ++i) {
        const auto expected = VectorFor("\"" + batches[t][i] + "\"");
        EXPECT_EQ(vectors[i], std::vector<double>(expected.begin(), expected.end()));
      }
    }
    EXPECT_EQ(billed, sent.size());  // everything upstream charged is told once
  }
}

TEST_F(EmbeddingsFlightTest, AFollowerSharesTheLeadersCallAcrossBatches) {
  upstream().Hold();
  Answer first;
  Answer second;
  std::thread leader = AskLater(kAB, first);
  EXPECT_TRUE(upstream().WaitForCalls(1));
  std::thread follower = AskLater(kBC, second);
  EXPECT_TRUE(upstream().WaitForCalls(2));  // for "c" alone
  upstream().Release();
  leader.join();
  follower.join();
  EXPECT_EQ(InputsOf(upstream().calls()[1]), std::vector<std::string>{"\"c\""});
  EXPECT_THAT(second.cache_status(), HasSubstr("collapsed"));
  EXPECT_EQ(second.Field("x-larder-billed-tokens"), "1");
  EXPECT_EQ(VectorsOf(first.body)[1], VectorsOf(second.body)[0]);
}

TEST_F(EmbeddingsFlightTest, BatchesThatWaitForEachOtherBothEnd) {
  // Each leads one input and follows the other's: whoever waits has landed its own before.
  for (int round = 0; round < 50; ++round) {
    const std::string r = std::to_string(round);
    Answer one;
    Answer two;
    std::thread first = AskLater(R"({"model":"m","input":["x)" + r + R"(","y)" + r + R"("]})", one);
    std::thread second =
        AskLater(R"({"model":"m","input":["y)" + r + R"(","x)" + r + R"("]})", two);
    first.join();
    second.join();
    ASSERT_EQ(one.status, 200);
    ASSERT_EQ(two.status, 200);
  }
}

TEST_F(EmbeddingsFlightTest, EachFollowerOfAFailedLeaderTriesOnceItself) {
  upstream().Hold();
  upstream().Fail(ErrorCode::kUnavailable);  // the leader's
  upstream().ReplyAlways({.status = 429, .body = "no"});
  Answer led;
  std::vector<Answer> followed(3);
  std::thread leader = AskLater(kA, led);
  EXPECT_TRUE(upstream().WaitForCalls(1));
  std::vector<std::thread> followers;
  for (Answer& answer : followed) followers.push_back(AskLater(kA, answer));
  WaitForLookups(4);
  upstream().Release();
  leader.join();
  for (std::thread& follower : followers) follower.join();
  EXPECT_EQ(led.status, 502);
  for (const Answer& answer : followed) EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(upstream().call_count(), 4U);
}

TEST_F(EmbeddingsFlightTest, ALeaderWhoseUpstreamThrowsLeavesNobodyWaiting) {
  upstream().Hold();
  std::atomic<int> calls{0};
  upstream().ComputeAlways([&](const FakeCall& call) -> Result<UpstreamReply> {
    if (calls++ == 0) throw std::runtime_error("a defect of the upstream");
    return upstream().Make({.body = EmbeddingsBodyFor(call)});
  });
  Answer followed;
  std::thread leader([&] { EXPECT_THROW(Embed(kA), std::runtime_error); });
  EXPECT_TRUE(upstream().WaitForCalls(1));
  std::thread follower = AskLater(kA, followed);
  WaitForLookups(2);
  upstream().Release();
  leader.join();
  follower.join();
  EXPECT_EQ(followed.status, 200);
}

TEST_F(EmbeddingsFlightTest, ARequestThatMayNotShareAsksForItself) {
  const Headers kKinds[] = {{{"cache-control", "no-cache"}},
                            {{"cache-control", "no-store"}},
                            {{"cf-aig-skip-cache", "true"}}};
  upstream().Hold();
  Answer led;
  std::vector<Answer> answers(3);
  std::thread leader = AskLater(kA, led);
  EXPECT_TRUE(upstream().WaitForCalls(1));
  std::vector<std::thread> others;
  for (std::size_t i = 0; i < 3; ++i) others.push_back(AskLater(kA, answers[i], kKinds[i]));
  EXPECT_TRUE(upstream().WaitForCalls(4));
  upstream().Release();
  leader.join();
  for (std::thread& other : others) other.join();
  for (const Answer& answer : answers) EXPECT_EQ(answer.status, 200);
}

TEST_F(EmbeddingsFlightTest, AnInputStoredBetweenLookUpAndJoiningIsNotAskedForAgain) {
  bool first = true;
  world().store().OnRead([&] {
    if (std::exchange(first, false)) Embed(kA);  // another request, just then
  });
  EXPECT_EQ(VectorsOf(Embed(kAB).body).size(), 2U);
  EXPECT_EQ(Forwarded(), (std::vector<std::string>{"\"a\"", "\"b\""}));
}

TEST_F(EmbeddingsFlightTest, PartitionsNeverShareACall) {
  upstream().Hold();
  Answer one;
  Answer two;
  std::thread first = AskLater(kA, one);
  std::thread second = AskLater(kA, two, {{"Authorization", "Bearer key-b"}});
  EXPECT_TRUE(upstream().WaitForCalls(2));
  upstream().Release();
  first.join();
  second.join();
  std::vector<std::string> credentials;
  for (const FakeCall& call : upstream().calls()) {
    credentials.emplace_back(call.headers.Find("authorization").value_or(""));
  }
  EXPECT_THAT(credentials, UnorderedElementsAre("Bearer key-a", "Bearer key-b"));
}

TEST_F(EmbeddingsFlightTest, AFullyFollowedBatchBillsNothing) {
  upstream().Hold();
  Answer led;
  Answer followed;
  std::thread leader = AskLater(kAB, led);
  EXPECT_TRUE(upstream().WaitForCalls(1));
  std::thread follower = AskLater(R"({"model":"m","input":["b","a"]})", followed);
  WaitForLookups(2);
  upstream().Release();
  leader.join();
  follower.join();
  EXPECT_EQ(upstream().call_count(), 1U);
  EXPECT_EQ(followed.Field("x-larder-billed-tokens"), "0");
  EXPECT_EQ(followed.Field("cf-aig-cache-status").empty(), false);
  EXPECT_EQ(VectorsOf(followed.body)[0], VectorsOf(led.body)[1]);
}

}  // namespace
}  // namespace larder

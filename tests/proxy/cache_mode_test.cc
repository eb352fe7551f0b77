// Modes of the cache as a whole: record and replay for people's own test suites.
#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

constexpr const char* kAsk = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
constexpr const char* kFirst =
    R"({"choices":[{"message":{"content":"first"},"finish_reason":"stop"}]})";
constexpr const char* kSecond =
    R"({"choices":[{"message":{"content":"second"},"finish_reason":"stop"}]})";
constexpr const char* kText = R"({"model":"m","input":["a","b"]})";

class CacheModeTest : public ProxyTest {
 protected:
  void Start(CacheMode mode) {
    ProxyWorldOptions options;
    options.mode = mode;
    Restart(options);
  }
};

TEST_F(CacheModeTest, RecordAsksUpstreamEachTimeAndKeepsTheLastAnswer) {
  Start(CacheMode::kRecord);
  upstream().Reply({.body = kFirst});
  upstream().Reply({.body = kSecond});
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  const Answer again = Chat(kAsk);
  EXPECT_EQ(again.body, kSecond);
  EXPECT_EQ(again.cache_status(), "larder; fwd=request; fwd-status=200; stored");
  Start(CacheMode::kReplay);
  EXPECT_EQ(Chat(kAsk).body, kSecond);
}

TEST_F(CacheModeTest, RecordKeepsTheFormThatTellsMost) {
  Start(CacheMode::kRecord);
  const std::string events =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":"
      "\"stop\"}]}\n\n";
  const std::string usage =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
  const Headers kEvents = {{"content-type", "text/event-stream"}};
  const auto ask = [](const char* more) {
    return std::string(R"({"model":"m","messages":[],"stream":true)") + more + "}";
  };
  upstream().Reply({.headers = kEvents, .body = events + usage + "data: [DONE]\n\n"});
  Chat(ask(R"(,"stream_options":{"include_usage":true})"));
  upstream().Reply({.headers = kEvents, .body = events + "data: [DONE]\n\n"});
  Chat(ask(""));
  Start(CacheMode::kReplay);
  EXPECT_TRUE(Chat(ask(R"(,"stream_options":{"include_usage":true})")).hit());
  EXPECT_EQ(Chat(ask("")).body, events + "data: [DONE]\n\n");
  EXPECT_EQ(NumberIn(Chat(R"({"model":"m","messages":[]})").body, "usage.prompt_tokens"), 3);
}

TEST_F(CacheModeTest, ReplayAnswersWhateverTheAge) {
  Start(CacheMode::kRecord);
  UseEmbeddings();
  Embed(kText);
  upstream().Reply({.body = kFirst});
  Chat(kAsk);
  clock_.Advance(hours(24 * 365));
  Start(CacheMode::kReplay);
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  EXPECT_EQ(Chat(kAsk, {{"cache-control", "no-cache, max-age=0"}}).body, kFirst);
  EXPECT_EQ(Chat(kAsk, {{"cf-aig-skip-cache", "true"}}).body, kFirst);
  EXPECT_TRUE(Embed(kText).hit());
  EXPECT_EQ(world().renewals(), 0U);
  EXPECT_EQ(upstream().call_count(), 2U);
}

TEST_F(CacheModeTest, ReplayAnswers504WhereNothingWasRecorded) {
  Start(CacheMode::kReplay);
  for (const Answer& answer : {Chat(kAsk), Embed(kText), Get("/v1/files"), Get("/v1/models"),
                               Chat(R"({"model":"m","messages":[],"web_search_options":{}})")}) {
    EXPECT_EQ(answer.status, 504);
    EXPECT_EQ(StringIn(answer.body, "error.code"), "not_cached");
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(CacheModeTest, ReplayOfAPartlyRecordedBatchIs504) {
  Start(CacheMode::kRecord);
  UseEmbeddings();
  Embed(kText);
  Start(CacheMode::kReplay);
  EXPECT_EQ(Embed(R"({"model":"m","input":["a","c"]})").status, 504);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(CacheModeTest, ReadOnlyAnswersWhatIsThereAndStoresNothing) {
  upstream().Reply({.body = kFirst});
  Chat(kAsk);
  Start(CacheMode::kReadOnly);
  EXPECT_EQ(Chat(kAsk).body, kFirst);
  upstream().ReplyAlways({.body = kSecond});
  const std::string other = R"({"model":"other","messages":[]})";
  EXPECT_EQ(Chat(other).cache_status(), "larder; fwd=miss; fwd-status=200");
  EXPECT_FALSE(Chat(other).hit());
  UseEmbeddings();
  EXPECT_FALSE(Embed(kText).hit());
  EXPECT_FALSE(Embed(kText).hit());
  EXPECT_EQ(memory_.SizeOf(Family::kEmbeddings).entries, 0U);
  EXPECT_EQ(memory_.SizeOf(Family::kResponses).entries, 1U);
}

TEST_F(CacheModeTest, OffNeitherReadsNorStores) {
  upstream().Reply({.body = kFirst});
  Chat(kAsk);
  Start(CacheMode::kOff);
  upstream().ReplyAlways({.body = kSecond});
  const Answer answer = Chat(kAsk);
  EXPECT_EQ(answer.body, kSecond);
  EXPECT_THAT(answer.cache_status(), HasSubstr("fwd=bypass"));
  UseEmbeddings();
  Embed(kText);
  EXPECT_FALSE(Embed(kText).hit());
  EXPECT_EQ(memory_.SizeOf(Family::kEmbeddings).entries, 0U);
}

}  // namespace
}  // namespace larder

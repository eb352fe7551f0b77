// Rate limits and budgets through the whole proxy, on every way of the API. ProxyWorld::Ask
// compares the two lanes, x-ratelimit fields included.
#include <gmock/gmock.h>

#include <random>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kInput = R"({"model":"m","input":"a"})";
constexpr const char* kAnswer =
    R"({"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}})";
constexpr const char* kStream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"He\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"llo\"}}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}\n\n"
    "data: [DONE]\n\n";
constexpr const char* kSilentStream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"He\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"llo\"}}]}\n\n"
    "data: [DONE]\n\n";

class RateLimitTest : public ProxyTest {
 protected:
  void Limit(RateLimits limits, std::vector<std::string> paths = {}) {
    ProxyWorldOptions options;
    options.limiter.rules = {{{}, std::move(paths), limits}};
    options.prices = {{{"m"}, "500000", "1000000"}};  // 0.5 for a token, 1 for one that it writes
    Restart(std::move(options));
    UseEmbeddings();
  }
  std::string NewKey(KeyTerms terms) {
    auto made = world().client_keys().Create("ci", "acme", std::nullopt, std::move(terms));
    EXPECT_TRUE(made.ok());
    return made->secret;
  }
  static Headers With(const std::string& secret) { return {{"authorization", "Bearer " + secret}}; }
  static std::int64_t TokensLeft(const Answer& answer) {
    const std::string left = answer.Field("x-ratelimit-remaining-tokens");
    return left.empty() ? -1 : std::stoll(left);
  }
};

TEST_F(RateLimitTest, ACallerIsStoppedAndAnotherIsNot) {
  Limit({.requests_per_minute = 3});
  for (int i = 0; i < 3; ++i) {
    const Answer answer = Embed(kInput);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.Field("x-ratelimit-limit-requests"), "3");
    EXPECT_EQ(answer.Field("x-ratelimit-remaining-requests"), std::to_string(2 - i));
    EXPECT_EQ(answer.Field("x-ratelimit-reset-requests"), "1m0s");
  }
  const Answer refused = Embed(kInput);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Field("retry-after"), "60");
  EXPECT_EQ(refused.Field("retry-after-ms"), "60000");
  EXPECT_EQ(refused.Field("x-ratelimit-remaining-requests"), "0");
  EXPECT_THAT(refused.body, HasSubstr("rate_limit_exceeded"));
  EXPECT_EQ(Embed(kInput, {{"authorization", "Bearer key-b"}}).status, 200);
}

TEST_F(RateLimitTest, TheWindowSlidesAndTheHourResets) {
  Limit({.requests_per_minute = 2, .requests_per_hour = 4});
  for (int minute = 0; minute < 2; ++minute) {
    EXPECT_EQ(Embed(kInput).status, 200);
    clock_.Advance(seconds(30));
    EXPECT_EQ(Embed(kInput).status, 200);
    EXPECT_EQ(Embed(kInput).Field("retry-after"), minute == 0 ? "30" : "60");
    clock_.Advance(seconds(60));
  }
  const Answer refused = Embed(kInput);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("4 requests in an hour"));
  clock_.Advance(minutes(57));
  EXPECT_EQ(Embed(kInput).status, 200);
}

TEST_F(RateLimitTest, AClockThatIsSetBackNeitherFreesNorLocksForEver) {
  Limit({.requests_per_minute = 1, .requests_per_hour = 2});
  EXPECT_EQ(Embed(kInput).status, 200);
  clock_.StepWall(-hours(1000));
  EXPECT_EQ(Embed(kInput).status, 429);
  clock_.Advance(minutes(1));
  EXPECT_EQ(Embed(kInput).status, 200);
  clock_.Advance(minutes(1));
  EXPECT_EQ(Embed(kInput).status, 429);
  clock_.Advance(hours(1));
  EXPECT_EQ(Embed(kInput).status, 200);
}

// A way of the API, and what it asks for.
struct Way {
  const char* name;
  const char* method;
  const char* path;
  const char* body;
};

std::ostream& operator<<(std::ostream& out, const Way& way) {
  return out << way.name;
}

class RateLimitWayTest : public RateLimitTest, public testing::WithParamInterface<Way> {};

TEST_P(RateLimitWayTest, CountsRequestsAndStopsThem) {
  Limit({.requests_per_minute = 1});
  const Way& way = GetParam();
  const auto ask = [&] { return world().Ask(MakeRequest(way.method, way.path, way.body)); };
  const Answer first = ask();
  EXPECT_NE(first.status, 429) << first.body;
  EXPECT_EQ(first.Field("x-ratelimit-remaining-requests"), "0");
  const std::size_t calls = upstream().call_count();
  const Answer second = ask();
  EXPECT_EQ(second.status, 429);
  EXPECT_NE(second.Field("retry-after"), "");
  EXPECT_EQ(upstream().call_count(), calls);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, RateLimitWayTest,
    testing::Values(Way{"Embeddings", "POST", "/v1/embeddings", kInput},
                    Way{"Chat", "POST", "/v1/chat/completions", R"({"model":"m","messages":[]})"},
                    Way{"Responses", "POST", "/v1/responses", R"({"model":"m","input":"a"})"},
                    Way{"Messages", "POST", "/v1/messages",
                        R"({"model":"m","max_tokens":5,"messages":[]})"},
                    Way{"Completions", "POST", "/v1/completions", R"({"model":"m","prompt":"a"})"},
                    Way{"Moderations", "POST", "/v1/moderations", R"({"input":"a"})"},
                    Way{"Models", "GET", "/v1/models", ""},
                    Way{"PassThrough", "GET", "/v1/files", ""},
                    Way{"PassedUp", "POST", "/v1/audio/speech", R"({"model":"m"})"},
                    Way{"Search", "POST", "/v1/search", R"({"model":"m","query":"a"})"},
                    Way{"Collections", "GET", "/v1/collections", ""},
                    Way{"VectorStore", "POST", "/v1/vector_stores/s/search", R"({"query":"a"})"},
                    Way{"Vectorize", "GET", "/client/v4/accounts/a/vectorize/v2/indexes", ""},
                    Way{"Azure", "POST", "/openai/deployments/m/embeddings", R"({"input":"a"})"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(RateLimitTest, ARuleOfAPathIsNotGotRoundByAnotherSpelling) {
  Limit({.requests_per_minute = 1}, {"/embeddings"});
  EXPECT_EQ(Embed(kInput).status, 200);
  for (const char* path : {"/v1/embeddings/", "/v1/%65mbeddings", "/v1//embeddings",
                           "/openai/v1/embeddings", "/openai/deployments/m/embeddings"}) {
    EXPECT_EQ(Post(path, kInput).status, 429) << path;
  }
  clock_.Advance(minutes(1));
  EXPECT_EQ(Post("/v1/%65mbeddings", kInput).status, 200);  // it is the same path
  EXPECT_EQ(Embed(kInput).status, 429);
  EXPECT_EQ(Chat(R"({"model":"m","messages":[]})").Field("x-ratelimit-limit-requests"), "");
}

TEST_F(RateLimitTest, HitsCountAsRequestsAndCostNoTokens) {
  Limit({.requests_per_minute = 10, .tokens_per_minute = 100});
  EXPECT_EQ(TokensLeft(Embed(kInput)), 99);
  const Answer hit = Embed(kInput);
  EXPECT_TRUE(hit.hit());
  EXPECT_EQ(TokensLeft(hit), 99);
  EXPECT_EQ(hit.Field("x-ratelimit-remaining-requests"), "8");
}

TEST_F(RateLimitTest, UpstreamsOwnFieldsAreReplaced) {
  Limit({.requests_per_minute = 10});
  upstream().ReplyAlways(
      {.headers = {{"x-ratelimit-limit-requests", "9999"}, {"x-ratelimit-remaining-tokens", "7"}},
       .body = kAnswer});
  const Answer answer = Chat(R"({"model":"m","messages":[]})");
  EXPECT_EQ(answer.Field("x-ratelimit-limit-requests"), "10");
  EXPECT_EQ(answer.Field("x-ratelimit-remaining-tokens"), "");
}

TEST_F(RateLimitTest, TextsOfSearchesAndCollectionsCostTokens) {
  Limit({.tokens_per_minute = 100});
  EXPECT_EQ(TokensLeft(Post("/v1/search", R"({"model":"m","query":"a"})")), 99);
  world().Ask(
      MakeRequest("PUT", "/v1/collections/c", R"({"dimensions":4,"metric":"cosine","model":"m"})"));
  const Answer upserted = Post("/v1/collections/c/upsert",
                               R"({"points":[{"id":"1","text":"x"},{"id":"2","text":"y"}]})");
  EXPECT_EQ(upserted.status, 200) << upserted.body;
  EXPECT_EQ(TokensLeft(upserted), 97);
}

TEST_F(RateLimitTest, AnAnswersTokensAreCharged) {
  Limit({.tokens_per_minute = 100});
  upstream().ReplyAlways({.body = kAnswer});
  EXPECT_EQ(TokensLeft(Chat(R"({"model":"m","messages":[]})")), 93);
  // Passed by the cache, they cost the same.
  const Answer bypass = Chat(R"({"model":"m","messages":[]})", {{"cf-aig-skip-cache", "true"}});
  EXPECT_EQ(bypass.status, 200);
  EXPECT_EQ(TokensLeft(Get("/v1/files")), 86);
}

TEST_F(RateLimitTest, AStreamsTokensAreChargedAtItsEnd) {
  Limit({.tokens_per_minute = 100});
  upstream().ReplyAlways({.headers = {{"content-type", "text/event-stream"}}, .body = kStream});
  const std::string body =
      R"({"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}})";
  EXPECT_EQ(TokensLeft(Chat(body)), 100);
  EXPECT_EQ(TokensLeft(Get("/v1/files")), 89);
  EXPECT_EQ(TokensLeft(Chat(body, {{"cf-aig-skip-cache", "true"}})), 89);
  EXPECT_EQ(TokensLeft(Get("/v1/files")), 78);
}

TEST_F(RateLimitTest, AStreamThatTellsNoUsageOrIsLeftIsEstimated) {
  Limit({.tokens_per_minute = 1000});
  upstream().ReplyAlways(
      {.headers = {{"content-type", "text/event-stream"}}, .body = kSilentStream});
  const std::string body = R"({"model":"m","messages":[],"stream":true})";
  Chat(body);
  const auto estimate = static_cast<std::int64_t>((body.size() + 3) / 4) + 2;
  EXPECT_EQ(TokensLeft(Get("/v1/files")), 1000 - estimate);
  // Whoever leaves before the end has been answered all the same.
  {
    const Response left = world().Begin(MakeRequest(
        "POST", "/v1/chat/completions", R"({"model":"m","messages":[],"stream":true,"n":2})"));
  }
  EXPECT_LT(TokensLeft(Get("/v1/files")), 1000 - estimate);
}

TEST_F(RateLimitTest, TokensThatAreUsedUpStopTheNextRequest) {
  Limit({.tokens_per_minute = 5});
  upstream().ReplyAlways({.body = kAnswer});
  EXPECT_EQ(Chat(R"({"model":"m","messages":[]})").status, 200);
  const Answer refused = Chat(R"({"model":"m","messages":[],"n":1})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("5 tokens in a minute"));
  clock_.Advance(minutes(1));
  EXPECT_EQ(Chat(R"({"model":"m","messages":[],"n":1})").status, 200);
}

TEST_F(RateLimitTest, ARenewalBehindAStaleAnswerIsChargedToo) {
  Limit({.tokens_per_minute = 100});
  upstream().ReplyAlways({.body = kAnswer});
  Chat(R"({"model":"m","messages":[]})");
  clock_.Advance(seconds(3610));
  EXPECT_EQ(TokensLeft(Chat(R"({"model":"m","messages":[]})")), 100);
  world().RunRenewals();
  EXPECT_EQ(TokensLeft(Get("/v1/files")), 93);
}

TEST_F(RateLimitTest, ABudgetOfMoneyThatIsUsedUpIsInsufficientQuota) {
  Limit({});
  upstream().ReplyAlways({.body = kAnswer});
  const std::string key = NewKey({.budget = {10'000'000'000, 0, BudgetPeriod::kDay}});
  EXPECT_EQ(Chat(R"({"model":"m","messages":[]})", With(key)).status, 200);  // 1.5 and 4
  EXPECT_EQ(Chat(R"({"model":"m","messages":[],"n":1})", With(key)).status, 200);
  const Answer refused = Chat(R"({"model":"m","messages":[]})", With(key));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Field("x-should-retry"), "false");
  EXPECT_THAT(refused.body, HasSubstr("insufficient_quota"));
  clock_.Advance(hours(24));
  EXPECT_EQ(Chat(R"({"model":"m","messages":[]})", With(key)).status, 200);
}

TEST_F(RateLimitTest, WhatHasNoPriceIsNotBoughtWithABudgetOfMoney) {
  Limit({});
  const std::string key = NewKey({.budget = {20'000'000'000, 0, BudgetPeriod::kDay}});
  const Answer refused = Embed(R"({"model":"unpriced","input":"a"})", With(key));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("[[prices]]"));
  EXPECT_EQ(upstream().call_count(), 0U);
  EXPECT_EQ(Embed(kInput, With(key)).status, 200);
}

TEST_F(RateLimitTest, RefusalsAreCountedOnceByTheirLimit) {
  Limit({.requests_per_minute = 1});
  for (int i = 0; i < 4; ++i) Embed(kInput);
  const auto refused = world().limiter().refused();
  EXPECT_EQ(refused[static_cast<std::size_t>(LimitKind::kRequestsMinute)], 3U);
  EXPECT_EQ(refused[static_cast<std::size_t>(LimitKind::kRequestsHour)], 0U);
  EXPECT_EQ(world().records().back().status, 429);
}

TEST_F(RateLimitTest, WarmingActsForItsCallerAndStopsAtItsLimit) {
  Limit({.requests_per_minute = 1});
  std::string inputs;
  for (int i = 0; i < 300; ++i) inputs += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
  const Answer answer = Post("/admin/v1/warm", R"({"model":"m","inputs":[)" + inputs + "]}",
                             {{"x-larder-authorization", "Bearer key-a"}});
  EXPECT_THAT(answer.body, HasSubstr(R"({"done":256,)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("status":429,"done":256)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("retry_after_ms":60000)"));
  EXPECT_EQ(Embed(kInput).status, 429);
}

// Two callers, hits and misses, pauses and steps of the clock in any order: both lanes agree at
// every request (Ask compares), and nobody gets more than the limit.
TEST_F(RateLimitTest, AtRandomBothLanesAgreeAndNobodyGetsMore) {
  Limit({.requests_per_minute = 8, .tokens_per_minute = 20});
  std::mt19937 random(4);
  std::map<std::string, std::vector<std::int64_t>> admitted;
  std::int64_t now = 0;
  int refused = 0;
  int hits = 0;
  for (int i = 0; i < 5'000; ++i) {
    const auto step = static_cast<std::int64_t>(random() % 8'000);
    clock_.Advance(std::chrono::milliseconds(step));
    now += step;
    if (random() % 50 == 0) clock_.StepWall(seconds(static_cast<int>(random() % 600) - 300));
    const std::string who = random() % 2 == 0 ? "Bearer key-a" : "Bearer key-b";
    const Answer answer = Embed(R"({"model":"m","input":")" + std::to_string(random() % 40) + "\"}",
                                {{"authorization", who}});
    auto& times = admitted[who];
    std::erase_if(times, [&](std::int64_t at) { return at <= now - 60'000; });
    hits += answer.hit() ? 1 : 0;
    if (answer.status == 429) {
      ++refused;
      continue;
    }
    ASSERT_EQ(answer.status, 200);
    times.push_back(now);
    ASSERT_LE(times.size(), 8U);
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(hits, 100);
}

}  // namespace
}  // namespace larder

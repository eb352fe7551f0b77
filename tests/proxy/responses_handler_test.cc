// Whole answers (chat, completions, moderations, responses, models) as a client sees them.
#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAsk = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
constexpr const char* kSaid =
    R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}})";

class ResponsesHandlerTest : public ProxyTest {
 protected:
  ResponsesHandlerTest() { upstream().ReplyAlways({.body = kSaid}); }
  std::uint64_t stored() const { return memory_.SizeOf(Family::kResponses).entries; }
};

// --- Which calls are cached ---

TEST_F(ResponsesHandlerTest, AnswersARepeatedCallFromTheCacheByteForByte) {
  const Answer miss = Chat(kAsk);
  EXPECT_EQ(miss.cache_status(), "larder; fwd=miss; fwd-status=200; stored");
  EXPECT_EQ(miss.Field("x-larder-billed-tokens"), "7");
  clock_.Advance(seconds(7));
  const Answer hit = Chat(kAsk);
  EXPECT_EQ(hit.status, 200);
  EXPECT_EQ(hit.body, kSaid);
  EXPECT_EQ(hit.cache_status(), "larder; hit; ttl=3593");
  EXPECT_EQ(hit.Field("age"), "7");
  EXPECT_EQ(hit.Field("content-type"), "application/json");
  EXPECT_EQ(hit.Field("x-larder-billed-tokens"), "0");
  EXPECT_EQ(upstream().call_count(), 1U);
}

struct PathCase {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  const char* said;
  bool cached;
};
void PrintTo(const PathCase& c, std::ostream* out) {
  *out << c.name;
}

class ResponsesPathTest : public ResponsesHandlerTest,
                          public testing::WithParamInterface<PathCase> {};
TEST_P(ResponsesPathTest, IsCachedOrPassedThrough) {
  const PathCase& c = GetParam();
  upstream().ReplyAlways({.body = c.said});
  for (int i = 0; i < 2; ++i) {
    const Answer answer = world().Ask(MakeRequest(c.method, c.target, c.body));
    EXPECT_EQ(answer.body, c.said);
    EXPECT_EQ(answer.hit(), c.cached && i == 1);
  }
  EXPECT_EQ(upstream().call_count(), c.cached ? 1U : 2U);
}
constexpr const char* kOutput =
    R"({"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"b"}]}]})";
constexpr const char* kMessage =
    R"({"type":"message","content":[{"type":"text","text":"b"}],"stop_reason":"end_turn"})";
INSTANTIATE_TEST_SUITE_P(
    Paths, ResponsesPathTest,
    testing::Values(
        PathCase{"Chat", "POST", "/v1/chat/completions", kAsk, kSaid, true},
        PathCase{"Completions", "POST", "/v1/completions", R"({"prompt":"a"})",
                 R"({"choices":[{"text":"b"}]})", true},
        PathCase{"Moderations", "POST", "/v1/moderations", R"({"input":"a"})",
                 R"({"results":[{}]})", true},
        PathCase{"Responses", "POST", "/v1/responses", R"({"input":"a"})", kOutput, true},
        PathCase{"Messages", "POST", "/v1/messages", R"({"max_tokens":1})", kMessage, true},
        PathCase{"CountTokens", "POST", "/v1/messages/count_tokens", "{}", "{}", false},
        PathCase{"Models", "GET", "/v1/models", "", R"({"data":[]})", true},
        PathCase{"Model", "GET", "/v1/models/gpt-4o", "", R"({"id":"gpt-4o"})", true},
        PathCase{"AzureChat", "POST", "/openai/deployments/d/chat/completions?api-version=1", kAsk,
                 kSaid, true},
        PathCase{"AzureV1", "POST", "/openai/v1/chat/completions", kAsk, kSaid, true},
        PathCase{"Files", "POST", "/v1/files", "x", "{}", false},
        PathCase{"DeleteModel", "DELETE", "/v1/models/m", "", "{}", false},
        PathCase{"HeadModels", "HEAD", "/v1/models", "", "{}", false},
        PathCase{"StoredChats", "GET", "/v1/chat/completions", "", "{}", false},
        PathCase{"StoredResponse", "GET", "/v1/responses/resp_1", "", kOutput, false},
        PathCase{"CancelResponse", "POST", "/v1/responses/resp_1/cancel", "", kOutput, false},
        PathCase{"Images", "POST", "/v1/images/generations", "{}", "{}", false},
        PathCase{"Unknown", "PATCH", "/v1/unheard/of", "{}", "{}", false}),
    [](const auto& info) { return info.param.name; });

TEST_F(ResponsesHandlerTest, KeepsTheModelsFor300Seconds) {
  upstream().ReplyAlways({.body = R"({"data":[]})"});
  Get("/v1/models");
  clock_.Advance(seconds(299));
  EXPECT_EQ(Get("/v1/models").cache_status(), "larder; hit; ttl=1");
  clock_.Advance(seconds(61));  // past stale-while-revalidate
  EXPECT_THAT(Get("/v1/models").cache_status(), HasSubstr("fwd=stale"));
}

TEST_F(ResponsesHandlerTest, KeepsAnAnswerForAnHourAndSaysStaleAfter) {
  Chat(kAsk);
  clock_.Advance(seconds(3599));
  EXPECT_TRUE(Chat(kAsk).hit());
  clock_.Advance(seconds(61));  // past stale-while-revalidate
  EXPECT_EQ(Chat(kAsk).cache_status(), "larder; fwd=stale; fwd-status=200; stored");
  EXPECT_TRUE(Chat(kAsk).hit());
}

TEST_F(ResponsesHandlerTest, SurvivesARestart) {
  Chat(kAsk);
  Restart();
  EXPECT_EQ(Chat(kAsk).body, kSaid);
  EXPECT_EQ(upstream().call_count(), 1U);
}

// --- The key ---

TEST_F(ResponsesHandlerTest, MemberOrderWhiteSpaceAndSpellingOfNumbersDoNotMatter) {
  Chat(R"({"model":"m","messages":[],"temperature":1,"seed":100})");
  for (const char* same : {R"({"messages":[],"model":"m","seed":100,"temperature":1})",
                           "{ \"model\" : \"m\",\n\"messages\":[ ],\"temperature\":1,\"seed\":100}",
                           R"({"model":"m","messages":[],"temperature":1.0,"seed":1e2})",
                           R"({"mod\u0065l":"\u006d","messages":[],"temperature":1,"seed":100})"}) {
    EXPECT_TRUE(Chat(same).hit()) << same;
  }
}

TEST_F(ResponsesHandlerTest, EveryFieldCountsButTheOnesWithoutEffect) {
  constexpr const char* kPlain = R"({"model":"m","messages":[]})";
  const auto with = [](const std::string& member) {
    return R"({"model":"m","messages":[],)" + member + "}";
  };
  Chat(kPlain);
  for (const char* member :
       {R"("temperature":0.5)", R"("tools":[{"type":"function","function":{"name":"f"}}])",
        R"("response_format":{"type":"json_object"})", R"("reasoning_effort":"high")",
        R"("seed":1)", R"("n":2)", R"("previous_response_id":"r")", R"("store":true)",
        R"("unheard_of":null)", R"("service_tier":"flex")", R"("logprobs":true)"}) {
    EXPECT_FALSE(Chat(with(member)).hit()) << member;
  }
  for (const char* member :
       {R"("user":"u")", R"("safety_identifier":"s")", R"("metadata":{"a":"b"})",
        R"("prompt_cache_key":"k")", R"("stream":false)", R"("stream":null)",
        R"("stream":false,"stream_options":{"include_usage":true})"}) {
    EXPECT_TRUE(Chat(with(member)).hit()) << member;
  }
}

TEST_F(ResponsesHandlerTest, PathAndQueryCountForTheKey) {
  Chat(kAsk);
  EXPECT_FALSE(Post("/v1/chat/completions?x=1", kAsk).hit());
  EXPECT_FALSE(Post("/openai/v1/chat/completions", kAsk).hit());
}

TEST_F(ResponsesHandlerTest, AnotherCallerNamespaceOrProjectNeverGetsTheAnswer) {
  Chat(kAsk);
  const Headers kOthers[] = {{{"Authorization", "Bearer key-b"}},
                             {{"Authorization", ""}},
                             {{"x-api-key", "key-a"}},
                             {{"Authorization", "Bearer key-a"}, {"x-larder-namespace", "n"}},
                             {{"Authorization", "Bearer key-a"}, {"OpenAI-Project", "p"}},
                             {{"Authorization", "Bearer key-a"}, {"api-key", "k"}}};
  for (const Headers& other : kOthers) EXPECT_FALSE(Chat(kAsk, other).hit());
}

TEST_F(ResponsesHandlerTest, ACustomKeyStandsInForTheBodyInsideItsPartitionAndPath) {
  const Headers named = {{"cf-aig-cache-key", "k"}};
  Chat(kAsk, named);
  EXPECT_TRUE(Chat(R"({"model":"m","messages":[1]})", named).hit());
  EXPECT_FALSE(Chat(kAsk).hit());
  EXPECT_FALSE(Chat(kAsk, {{"cf-aig-cache-key", "k"}, {"Authorization", "Bearer key-b"}}).hit());
  EXPECT_FALSE(Post("/v1/completions", R"({"prompt":"a"})", named).hit());
}

// --- What is never stored ---

TEST_F(ResponsesHandlerTest, StoresOnlyAWholeGoodAnswer) {
  const struct {
    const char* name;
    FakeReply reply;
  } kCases[] = {
      {"400", {.status = 400, .body = R"({"error":{"message":"m"}})"}},
      {"429", {.status = 429, .body = R"({"error":{"message":"m"}})"}},
      {"500", {.status = 500, .body = kSaid}},
      {"201", {.status = 201, .body = kSaid}},
      {"an error with status 200", {.body = R"({"error":{"message":"m"},"choices":[{}]})"}},
      {"no JSON", {.headers = {{"content-type", "text/html"}}, .body = "<html></html>"}},
      {"nothing", {.body = ""}},
      {"no choice", {.body = R"({"choices":[]})"}},
      {"an empty answer",
       {.body = R"({"choices":[{"message":{"role":"assistant","content":""}}]})"}},
      {"finish_reason error",
       {.body = R"({"choices":[{"message":{"content":"x"},"finish_reason":"error"}]})"}},
      {"a coding it was not asked for",
       {.headers = {{"content-type", "application/json"}, {"content-encoding", "br"}},
        .body = kSaid}},
      {"told whole by the close alone", {.body = kSaid, .framed = false}},
      {"a stream that nobody asked for",
       {.headers = {{"content-type", "text/event-stream"}},
        .body = "data: {\"a\":1}\n\ndata: [DONE]\n\n"}},
  };
  for (const auto& c : kCases) {
    upstream().Reply(c.reply);
    const Answer answer = Chat(kAsk);
    EXPECT_EQ(answer.status, c.reply.status) << c.name;
    EXPECT_EQ(answer.body, c.reply.body) << c.name;
    EXPECT_EQ(answer.Field("content-type"), c.reply.headers.Find("content-type")) << c.name;
    EXPECT_THAT(answer.cache_status(), Not(HasSubstr("stored"))) << c.name;
    EXPECT_EQ(stored(), 0U) << c.name;
  }
  EXPECT_FALSE(Chat(kAsk).hit());
}

TEST_F(ResponsesHandlerTest, AnAnswerThatBreaksOffIs502) {
  upstream().Reply({.body = kSaid, .cut = UpstreamError(ErrorCode::kUnavailable, "cut")});
  EXPECT_EQ(Chat(kAsk).status, 502);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(ResponsesHandlerTest, RelaysAnAnswerThatIsTooLargeAndStoresNothing) {
  ProxyWorldOptions options;
  options.responses.max_body_bytes = 1000;
  Restart(options);
  const std::string big =
      R"({"choices":[{"message":{"content":")" + std::string(200'000, 'x') + R"("}}]})";
  upstream().Reply({.headers = {{"content-type", "application/json"},
                                {"content-length", std::to_string(big.size())}},
                    .pieces = {big.substr(0, 1500), big.substr(1500)}});
  const Response response = world().Begin(MakeRequest("POST", "/v1/chat/completions", kAsk));
  EXPECT_EQ(response.stream_size, big.size());
  EXPECT_EQ(Receive(response).body, big);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(ResponsesHandlerTest, StoresAnAnswerOfExactlyTheLimit) {
  ProxyWorldOptions options;
  options.responses.max_body_bytes = std::string_view(kSaid).size();
  Restart(options);
  Chat(kAsk);
  EXPECT_TRUE(Chat(kAsk).hit());
}

TEST_F(ResponsesHandlerTest, NeverReplaysCookiesRateLimitsOrRequestIds) {
  upstream().ReplyAlways({.headers = {{"Content-Type", "application/json; charset=utf-8"},
                                      {"Set-Cookie", "__cf_bm=1"},
                                      {"x-ratelimit-remaining-tokens", "9"},
                                      {"x-request-id", "req_up"},
                                      {"openai-version", "2020-10-01"},
                                      {"openai-processing-ms", "100"},
                                      {"cf-ray", "r"},
                                      {"date", "then"},
                                      {"age", "5"},
                                      {"connection", "x-hop"},
                                      {"x-hop", "1"}},
                          .body = kSaid});
  const Answer miss = Chat(kAsk);
  EXPECT_EQ(miss.Field("set-cookie"), "__cf_bm=1");
  EXPECT_EQ(miss.Field("x-ratelimit-remaining-tokens"), "9");
  EXPECT_EQ(miss.Field("x-request-id"), "req_up");
  EXPECT_EQ(miss.Field("x-hop"), "");
  const Answer hit = Chat(kAsk);
  ASSERT_TRUE(hit.hit());
  EXPECT_EQ(hit.Field("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(hit.Field("openai-version"), "2020-10-01");
  for (const char* name : {"set-cookie", "x-ratelimit-remaining-tokens", "cf-ray", "date",
                           "openai-processing-ms", "x-hop", "connection"}) {
    EXPECT_EQ(hit.Field(name), "") << name;
  }
  EXPECT_EQ(hit.Field("age"), "0");
  EXPECT_THAT(hit.Field("x-request-id"), testing::StartsWith("req_"));
  EXPECT_NE(hit.Field("x-request-id"), "req_up");
}

// --- What a request says ---

TEST_F(ResponsesHandlerTest, NoCacheRenewsNoStoreAndSkipCacheLeaveTheCacheAlone) {
  Chat(kAsk);
  upstream().ReplyAlways({.body = R"({"choices":[{"message":{"content":"new"}}]})"});
  EXPECT_THAT(Chat(kAsk, {{"cache-control", "no-store"}}).cache_status(),
              "larder; fwd=request; fwd-status=200");
  EXPECT_THAT(Chat(kAsk, {{"cf-aig-skip-cache", "true"}}).cache_status(),
              "larder; fwd=bypass; fwd-status=200; detail=\"skip-cache\"");
  EXPECT_EQ(Chat(kAsk).body, kSaid);
  EXPECT_EQ(Chat(kAsk, {{"cache-control", "no-cache"}}).cache_status(),
            "larder; fwd=request; fwd-status=200; stored");
  EXPECT_THAT(Chat(kAsk).body, HasSubstr("new"));
}

TEST_F(ResponsesHandlerTest, MaxAgeLetsOnlyAYoungerEntryAnswer) {
  Chat(kAsk);
  clock_.Advance(seconds(10));
  EXPECT_TRUE(Chat(kAsk, {{"cache-control", "max-age=11"}}).hit());
  EXPECT_THAT(Chat(kAsk, {{"cache-control", "max-age=10"}}).cache_status(),
              HasSubstr("fwd=request"));
}

TEST_F(ResponsesHandlerTest, CacheTtlShortensTheLifeOfWhatIsStored) {
  Chat(kAsk, {{"cf-aig-cache-ttl", "60"}});
  EXPECT_THAT(Chat(kAsk).cache_status(), HasSubstr("ttl=60"));
  clock_.Advance(seconds(120));
  EXPECT_FALSE(Chat(kAsk).hit());
}

TEST_F(ResponsesHandlerTest, OnlyIfCachedNeverAsksUpstream) {
  const Headers only = {{"cache-control", "only-if-cached"}};
  const struct {
    const char* name;
    Answer answer;
  } kAnswers[] = {
      {"no entry", Chat(kAsk, only)},
      {"never cached", Chat(R"({"model":"m","web_search_options":{}})", only)},
      {"told to skip",
       Chat(kAsk, {{"cache-control", "only-if-cached"}, {"cf-aig-skip-cache", "true"}})},
      {"told not to read", Chat(kAsk, {{"cache-control", "only-if-cached, no-cache"}})},
      {"passed through", Post("/v1/images/generations", "{}", only)},
  };
  for (const auto& [name, answer] : kAnswers) {
    EXPECT_EQ(answer.status, 504) << name;
    EXPECT_EQ(StringIn(answer.body, "error.code"), "not_cached") << name;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
  Chat(kAsk);
  EXPECT_TRUE(Chat(kAsk, only).hit());
}

TEST_F(ResponsesHandlerTest, RefusesAMalformedBody) {
  for (const char* body : {"", "{", "[]", "{} x", R"({"a":1,"a":2})", R"({"stream":"yes"})"}) {
    const Answer answer = Chat(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(StringIn(answer.body, "error.type"), "invalid_request_error") << body;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(ResponsesHandlerTest, SaysWhyACallIsNeverCached) {
  const Answer answer =
      Post("/v1/responses", R"({"model":"m","input":"a","tools":[{"type":"web_search"}]})");
  EXPECT_EQ(answer.cache_status(), "larder; fwd=bypass; fwd-status=200; detail=\"built-in-tool\"");
  EXPECT_EQ(stored(), 0U);
}

TEST_F(ResponsesHandlerTest, SendsTheBodyUpstreamByteForByteAndAsksForNoCoding) {
  const std::string odd = "{ \"messages\":[],\"model\" : \"m\", \"n\":1e0,\"user\":\"u\"}";
  Chat(odd, {{"accept-encoding", "gzip, br"}, {"if-none-match", "\"x\""}, {"range", "bytes=0-1"}});
  const FakeCall call = upstream().calls()[0];
  EXPECT_EQ(call.body, odd);
  EXPECT_EQ(call.headers.Joined("accept-encoding"), "identity");
  EXPECT_FALSE(call.headers.Has("if-none-match"));
  EXPECT_FALSE(call.headers.Has("range"));
}

TEST_F(ResponsesHandlerTest, ASampledAnswerIsCachedUnlessTurnedOff) {
  ProxyWorldOptions options;
  options.responses.policy.sampled = false;
  Restart(options);
  EXPECT_THAT(Chat(kAsk).cache_status(), HasSubstr("sampled"));
  Chat(R"({"model":"m","temperature":0})");
  EXPECT_TRUE(Chat(R"({"model":"m","temperature":0.0})").hit());
}

// --- A store that fails ---

TEST_F(ResponsesHandlerTest, AStoreThatCannotBeWrittenIsToldAndTheMemoryTierAnswers) {
  world().store().FailWrites(true);
  EXPECT_EQ(Chat(kAsk).cache_status(), "larder; fwd=miss; fwd-status=200; detail=\"store-failed\"");
  EXPECT_TRUE(Chat(kAsk).hit());
}

TEST_F(ResponsesHandlerTest, AStoreThatCannotBeReadCountsAsAMiss) {
  Chat(kAsk);
  Restart();
  world().store().FailReads(true);
  const Answer answer = Chat(kAsk);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.cache_status(), HasSubstr("fwd=miss"));
  EXPECT_THAT(answer.cache_status(), HasSubstr("store-failed"));
}

}  // namespace
}  // namespace larder

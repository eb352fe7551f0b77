// What every answer says, whoever made it; how a request is to be run; what is recorded of it.
#include "proxy/proxy.h"

#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* kAsk = R"({"model":"m","messages":[]})";
constexpr const char* kSaid = R"({"choices":[{"message":{"content":"a"}}]})";

struct TargetCase {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  bool api;
};
void PrintTo(const TargetCase& c, std::ostream* out) {
  *out << c.name;
}

class EveryAnswerTest : public ProxyTest, public testing::WithParamInterface<TargetCase> {
 protected:
  EveryAnswerTest() { upstream().ReplyAlways({.body = kSaid}); }
  Answer Ask() {
    return world().Ask(MakeRequest(GetParam().method, GetParam().target, GetParam().body));
  }
};
TEST_P(EveryAnswerTest, IsNamedTimedAndPrivate) {
  for (int i = 0; i < 2; ++i) {
    const Answer answer = Ask();
    EXPECT_THAT(answer.Field("x-request-id"), MatchesRegex("req_[0-9a-f]{24}"));
    EXPECT_THAT(answer.Field("server-timing"),
                MatchesRegex("parse;dur=[0-9.]+, lookup;dur=[0-9.]+(, upstream;dur=[0-9.]+)?, "
                             "total;dur=[0-9.]+"));
    EXPECT_NE(answer.Field("cache-control"), "");
    EXPECT_EQ(answer.headers.Joined("cache-control").find("public"), std::string::npos);
    EXPECT_EQ(answer.headers.Joined("x-request-id").find(','), std::string::npos);
  }
}
TEST_P(EveryAnswerTest, OfTheApiTellsWhatTheCacheDid) {
  for (int i = 0; i < 2; ++i) {
    const Answer answer = Ask();
    EXPECT_EQ(answer.cache_status().starts_with("larder; "), GetParam().api);
    EXPECT_EQ(answer.Field("cf-aig-cache-status") != "", GetParam().api);
    EXPECT_EQ(answer.Field("age") != "", answer.hit());
  }
}
INSTANTIATE_TEST_SUITE_P(
    Targets, EveryAnswerTest,
    testing::Values(TargetCase{"Chat", "POST", "/v1/chat/completions", kAsk, true},
                    TargetCase{"BadChat", "POST", "/v1/chat/completions", "{", true},
                    TargetCase{"Embeddings", "POST", "/v1/embeddings",
                               R"({"model":"m","input":"a"})", true},
                    TargetCase{"BadEmbeddings", "POST", "/v1/embeddings", "{}", true},
                    TargetCase{"Search", "POST", "/v1/search", "{}", true},
                    TargetCase{"GetSearch", "GET", "/v1/search", "", true},
                    TargetCase{"PassThrough", "POST", "/v1/files", "x", true},
                    TargetCase{"Models", "GET", "/v1/models", "", true},
                    TargetCase{"Health", "GET", "/livez", "", false},
                    TargetCase{"Metrics", "GET", "/metrics", "", false},
                    TargetCase{"Stats", "GET", "/admin/v1/stats", "", false},
                    TargetCase{"Dashboard", "GET", "/dashboard/", "", false},
                    TargetCase{"Redirect", "GET", "/", "", false},
                    TargetCase{"Nowhere", "GET", "/nowhere", "", false}),
    [](const auto& info) { return info.param.name; });

class ProxyHandleTest : public ProxyTest {
 protected:
  ProxyHandleTest() { upstream().ReplyAlways({.body = kSaid}); }
};

TEST_F(ProxyHandleTest, ShowsUpstreamsRequestIdOnAMissAndItsOwnOnAHit) {
  upstream().ReplyAlways({.headers = {{"content-type", "application/json"},
                                      {"X-Request-ID", "req_up"},
                                      {"server-timing", "theirs;dur=1"},
                                      {"cache-control", "public, max-age=60"}},
                          .body = kSaid});
  const Answer miss = Chat(kAsk);
  EXPECT_EQ(miss.headers.Joined("x-request-id"), "req_up");
  EXPECT_THAT(miss.headers.Joined("server-timing"), Not(HasSubstr("theirs")));
  EXPECT_EQ(miss.headers.Joined("cache-control"), "private, no-store");
  EXPECT_NE(Chat(kAsk).Field("x-request-id"), "req_up");
}

TEST_F(ProxyHandleTest, AnswersALoopWith508AndNeverAsksUpstream) {
  for (const char* target : {"/v1/embeddings", "/v1/chat/completions", "/v1/files", "/v1/search"}) {
    const Answer answer = Post(target, kAsk, {{"via", std::string("1.1 x, ") + kVia}});
    EXPECT_EQ(answer.status, 508) << target;
    EXPECT_EQ(StringIn(answer.body, "error.code"), "loop_detected") << target;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(ProxyHandleTest, NamesItselfUpstreamInVia) {
  Chat(kAsk, {{"via", "1.0 before"}});
  EXPECT_EQ(upstream().calls()[0].headers.Joined("via"), std::string("1.0 before, ") + kVia);
}

TEST_F(ProxyHandleTest, RefusesDirectivesThatCannotBeObeyed) {
  for (const char* target : {"/v1/embeddings", "/v1/chat/completions", "/v1/files"}) {
    EXPECT_EQ(Post(target, kAsk, {{"cf-aig-cache-ttl", "1"}}).status, 400) << target;
    EXPECT_EQ(Post(target, kAsk, {{"x-larder-namespace", std::string(257, 'n')}}).status, 400)
        << target;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(ProxyHandleTest, PassesThroughWhatItDoesNotKnowUnchanged) {
  upstream().Reply({.status = 418,
                    .headers = {{"content-type", "application/x-odd"},
                                {"set-cookie", "a"},
                                {"set-cookie", "b"},
                                {"location", "/elsewhere"},
                                {"content-length", "4"}},
                    .pieces = {std::string("\0\xFF", 2), "\r\n"}});
  const Answer answer =
      world().Ask(MakeRequest("PATCH", "/v1/odd/%2e%2ex/path?a=%0d%0a&b=+c", "\xFF body",
                              {{"content-type", "multipart/form-data; boundary=x"},
                               {"accept-encoding", "br"},
                               {"range", "bytes=0-1"}}));
  const FakeCall call = upstream().calls()[0];
  EXPECT_EQ(call.method, "PATCH");
  EXPECT_EQ(call.path_and_query, "/odd/%2e%2ex/path?a=%0d%0a&b=+c");
  EXPECT_EQ(call.body, "\xFF body");
  EXPECT_EQ(call.headers.Find("content-type"), "multipart/form-data; boundary=x");
  EXPECT_EQ(call.headers.Find("accept-encoding"), "br");
  EXPECT_EQ(call.headers.Find("range"), "bytes=0-1");
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body, std::string("\0\xFF\r\n", 4));
  EXPECT_EQ(answer.headers.Joined("set-cookie"), "a, b");
  EXPECT_EQ(answer.Field("location"), "/elsewhere");
  EXPECT_EQ(answer.cache_status(), "larder; fwd=bypass; fwd-status=418");
}

TEST_F(ProxyHandleTest, StreamsThePassedThroughBodyUpAndDown) {
  const auto down = upstream().Stream({.headers = {{"content-type", "audio/mpeg"}}});
  Request request = MakeRequest("POST", "/v1/audio/speech");
  request.body_source = std::make_shared<StringBody>("a body that is still arriving");
  request.body_size = 29;
  Response response = world().Begin(std::move(request));
  const FakeCall call = upstream().calls()[0];
  EXPECT_TRUE(call.streamed);
  EXPECT_EQ(call.body_size, 29U);
  EXPECT_EQ(call.body, "a body that is still arriving");
  down->Push("first");
  std::string bytes;
  EXPECT_EQ(response.stream->TryRead(100, bytes), ReadState::kData);
  EXPECT_EQ(bytes, "first");
  down->Cut();
  EXPECT_FALSE(Receive(std::move(response)).whole);
}

TEST_F(ProxyHandleTest, SearchIsAskedForWithPost) {
  const Answer answer = Get("/v1/search");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Field("allow"), "POST");
}

TEST_F(ProxyHandleTest, RecordsEachRequestOnceWhenItHasBeenSent) {
  upstream().ReplyAlways(
      {.headers = {{"content-type", "application/json"}, {"x-request-id", "req_up"}},
       .body = kSaid});
  Response unsent = world().Begin(MakeRequest("POST", "/v1/chat/completions?x=secret", kAsk));
  EXPECT_TRUE(world().records().empty());
  Receive(std::move(unsent));
  Get("/livez");
  const auto records = world().records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].request_id, "req_up");
  EXPECT_EQ(records[0].path, "/v1/chat/completions");
  EXPECT_EQ(records[0].route, "chat");
  EXPECT_EQ(records[0].model, "m");
  EXPECT_EQ(records[0].partition.size(), 8U);
  EXPECT_EQ(records[0].upstream, upstream().name());
  EXPECT_EQ(records[0].status, 200);
  EXPECT_EQ(records[0].cache.outcome, CacheOutcome::kMiss);
  EXPECT_EQ(records[0].bytes_out, std::string_view(kSaid).size());
  EXPECT_TRUE(records[0].complete);
  EXPECT_EQ(records[1].route, "health");
  EXPECT_EQ(records[1].partition, "");
}

TEST_F(ProxyHandleTest, RecordsTheModelOfAnAzurePath) {
  Post("/openai/deployments/my%20d/chat/completions", R"({"messages":[]})");
  EXPECT_EQ(world().records()[0].model, "my d");
}

TEST_F(ProxyHandleTest, PointsMayComeInABodyOfAHundredMebibytes) {
  for (const char* target :
       {"/v1/collections/c/upsert", "/client/v4/accounts/a/vectorize/v2/indexes/c/upsert"}) {
    const RequestPlan plan = world().proxy().Plan(MakeRequest("POST", target));
    EXPECT_EQ(plan.max_body_bytes, 100U << 20) << target;
    EXPECT_TRUE(plan.whole_body) << target;
    EXPECT_FALSE(plan.on_fiber) << target;
  }
}

TEST_F(ProxyHandleTest, GathersABodyWholeOnlyWhereItIsReadByLarder) {
  const struct {
    const char* method;
    const char* target;
    bool whole_body;
    bool on_loop;
  } kCases[] = {
      {"POST", "/v1/embeddings", true, false}, {"POST", "/v1/chat/completions", true, false},
      {"POST", "/v1/search", true, false},     {"POST", "/v1/files", false, false},
      {"PUT", "/v1/unknown", false, false},    {"GET", "/livez", true, true},
      {"GET", "/metrics", true, true},         {"GET", "/dashboard/", true, true},
      {"GET", "/nowhere", true, true},
  };
  for (const auto& c : kCases) {
    const RequestPlan plan = world().proxy().Plan(MakeRequest(c.method, c.target));
    EXPECT_EQ(plan.whole_body, c.whole_body) << c.target;
    EXPECT_EQ(plan.on_loop, c.on_loop) << c.target;
    // What Larder's own pages would do with a body is nothing.
    const std::uint64_t own = c.on_loop && std::string_view(c.target) != "/nowhere" ? 64U << 10 : 0;
    EXPECT_EQ(plan.max_body_bytes, own > 0 ? own : c.whole_body ? 1U << 20 : 0U) << c.target;
  }
}

TEST_F(ProxyHandleTest, RendersTheFrontsErrorsAsOpenAiDoes) {
  const struct {
    int status;
    const char* type;
  } kCases[] = {{400, "invalid_request_error"},
                {413, "invalid_request_error"},
                {431, "invalid_request_error"},
                {503, "server_error"}};
  for (const auto& c : kCases) {
    const Response response = world().proxy().RenderFrontError(c.status, "why");
    EXPECT_EQ(response.status, c.status);
    EXPECT_EQ(StringIn(response.body, "error.type"), c.type) << c.status;
    EXPECT_EQ(StringIn(response.body, "error.message"), "why") << c.status;
    EXPECT_EQ(response.headers.Find("content-type"), "application/json") << c.status;
    EXPECT_EQ(response.headers.Find("cache-control"), "private, no-store") << c.status;
    EXPECT_TRUE(response.headers.Has("x-request-id")) << c.status;
    EXPECT_EQ(response.headers.Has("retry-after"), c.status == 503) << c.status;
  }
}

TEST_F(ProxyHandleTest, ACredentialInAQueryPartsCallersToo) {
  UseEmbeddings();
  const auto ask = [this](const char* target) {
    Request request = MakeRequest("POST", target, R"({"model":"m","input":"a"})");
    request.headers.Remove("authorization");
    return world().Ask(std::move(request));
  };
  ask("/v1/embeddings?key=one");
  EXPECT_FALSE(ask("/v1/embeddings?key=two").hit());
  EXPECT_FALSE(ask("/v1/embeddings").hit());
  EXPECT_TRUE(ask("/v1/embeddings?key=one").hit());
}

TEST_F(ProxyHandleTest, ACredentialInAnyKnownFieldPartsCallers) {
  UseEmbeddings();
  for (const char* field :
       {"x-goog-api-key", "ocp-apim-subscription-key", "cf-aig-authorization", "cookie"}) {
    const auto ask = [&](const char* value) {
      Request request =
          MakeRequest("POST", "/v1/embeddings", R"({"model":"m","input":"a"})", {{field, value}});
      request.headers.Remove("authorization");
      return world().Ask(std::move(request));
    };
    ask("one");
    EXPECT_FALSE(ask("two").hit()) << field;
    EXPECT_TRUE(ask("one").hit()) << field;
  }
}

TEST_F(ProxyHandleTest, TraceIsNeverPassedOn) {
  for (const char* method : {"TRACE", "CONNECT"}) {
    EXPECT_EQ(world().Ask(MakeRequest(method, "/v1/models")).status, 405) << method;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(ProxyHandleTest, DotSegmentsAreRefusedBeforeTheyReachUpstream) {
  upstream().ReplyAlways({.body = "{}"});
  for (const char* path :
       {"/v1/../admin/v1/stats", "/v1/%2e%2e/admin", "/v1/files/..", "/v1/./files", "/v1/a/%2E./b",
        "/openai/deployments/../../x", "/v1/a/..%2fb", "/v1/a%2F..%2Fb", "/v1/a\\..\\b",
        "/v1/a%5c..%5cb", "/v1/..;x=y/b", "/v1/..%3b/b", "/v1/%252e%252e/b", "/v1/a%252f..%252fb",
        "/openai/deployments/a%2f..%2fb/embeddings"}) {
    EXPECT_EQ(Get(path).status, 400) << path;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
  for (const char* path :
       {"/v1/files/..a", "/v1/files/a..b", "/v1/files/...", "/v1/files?x=/../"}) {
    EXPECT_EQ(Get(path).status, 200) << path;
  }
}

// Two callers of one tenant: what does not reach upstream must not become part of a key.
TEST_F(ProxyHandleTest, AFieldThatConnectionListsIsAsIfItHadNotBeenSent) {
  UseEmbeddings();
  const char* body = R"({"model":"m","input":"a"})";
  const Headers project = {{"openai-project", "p"}};
  Embed(body, {{"openai-project", "p"}, {"connection", "close, OpenAI-Project"}});
  EXPECT_FALSE(upstream().calls()[0].headers.Has("openai-project"));
  EXPECT_FALSE(Embed(body, project).hit());
  EXPECT_TRUE(upstream().calls()[1].headers.Has("openai-project"));
  // The fast lane has answered by now, if it may.
  EXPECT_TRUE(Embed(body, project).hit());
  const Headers without_key = {{"authorization", "Bearer key-a"}, {"connection", "authorization"}};
  EXPECT_FALSE(Embed(body, without_key).hit());
  EXPECT_FALSE(upstream().calls()[2].headers.Has("authorization"));
}

TEST_F(ProxyHandleTest, ABodyInAContentCodingIsPassedOnUnreadAndNotCached) {
  upstream().ReplyAlways({.body = R"({"choices":[{"message":{"content":"a"}}]})"});
  for (int i = 0; i < 2; ++i) {
    const Answer answer = Chat("\x1f\x8b!!", {{"content-encoding", "gzip"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.cache_status(),
              R"(larder; fwd=bypass; fwd-status=200; detail="content-encoding")");
  }
  EXPECT_EQ(upstream().calls().at(1).body, "\x1f\x8b!!");
  EXPECT_EQ(upstream().calls().at(1).headers.Find("content-encoding"), "gzip");
}

}  // namespace
}  // namespace larder

// What the fast lane answers and what it leaves alone. That it answers as the ordinary way does is
// checked by every test that asks through ProxyWorld, and here over sockets, byte for byte.
#include "proxy/hit_lane.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <regex>
#include <thread>

#include "proxy/http/front.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/raw_client.h"

namespace larder {
namespace {

constexpr const char* kChatAnswer =
    R"({"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
    R"("content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})";
constexpr const char* kCompletionAnswer =
    R"({"id":"c2","object":"text_completion","choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]})";
constexpr const char* kModerationAnswer = R"({"id":"m","results":[{"flagged":false}]})";
constexpr const char* kResponseAnswer =
    R"({"id":"resp_1","object":"response","status":"completed","output":[{"type":"message",)"
    R"("content":[{"type":"output_text","text":"Hello"}]}]})";
constexpr const char* kMessageAnswer =
    R"({"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"Hello"}],)"
    R"("stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}})";
constexpr const char* kModelsAnswer = R"({"object":"list","data":[{"id":"m","object":"model"}]})";
constexpr const char* kResponseStream =
    "event: response.created\ndata: {\"type\":\"response.created\"}\n\n"
    "event: response.completed\ndata: "
    "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_2\","
    "\"object\":\"response\",\"status\":\"completed\",\"output\":[{\"type\":\"message\","
    "\"content\":["
    "{\"type\":\"output_text\",\"text\":\"Hi\"}]}]}}\n\n";

// A request whose answer can be cached.
struct Kind {
  const char* name;
  const char* method;
  const char* path;
  const char* body;
  Headers headers;
  const char* answer;  // of upstream; nullptr: its embeddings
  const char* type = "application/json";
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) {
  return out << kind.name;
}

std::vector<Kind> FastKinds() {
  const char* const embeddings = "/v1/embeddings";
  return {
      {"OneText", "POST", embeddings, R"({"model":"m","input":"a"})", {}, nullptr},
      {"TextAsBase64",
       "POST",
       embeddings,
       R"({"model":"m","input":"a","encoding_format":"base64"})",
       {},
       nullptr},
      {"TextAsFloat",
       "POST",
       embeddings,
       R"({"model":"m","input":"a","encoding_format":"float"})",
       {},
       nullptr},
      {"NullsForDefaults",
       "POST",
       embeddings,
       R"({"model":"m","input":"a","encoding_format":null,"dimensions":null})",
       {},
       nullptr},
      {"Batch", "POST", embeddings, R"({"model":"m","input":["a","b","c"]})", {}, nullptr},
      {"BatchWithTheSameTwice",
       "POST",
       embeddings,
       R"({"model":"m","input":["a","b","a"]})",
       {},
       nullptr},
      {"Tokens", "POST", embeddings, R"({"model":"m","input":[1,2,3]})", {}, nullptr},
      {"TokenBatch", "POST", embeddings, R"({"model":"m","input":[[1,2],[3]]})", {}, nullptr},
      {"Dimensions",
       "POST",
       embeddings,
       R"({"model":"m","input":"a","dimensions":4})",
       {},
       nullptr},
      {"UnknownField",
       "POST",
       embeddings,
       R"({"model":"m","input":"a","truncate":"END"})",
       {},
       nullptr},
      {"FieldsThatDoNotCount",
       "POST",
       embeddings,
       R"({"model":"m","input":"a","user":"u","metadata":{"a":"b"}})",
       {},
       nullptr},
      {"EscapesAndUnicode",
       "POST",
       embeddings,
       R"({"model":"m","input":"a\u00fc\n\"\ud83d\ude00"})",
       {},
       nullptr},
      {"KeyedHeaders",
       "POST",
       embeddings,
       R"({"model":"m","input":"a"})",
       {{"OpenAI-Organization", "org-1"}, {"openai-project", "p"}},
       nullptr},
      {"AnotherCredential",
       "POST",
       embeddings,
       R"({"model":"m","input":"a"})",
       {{"api-key", "azure-key"}},
       nullptr},
      {"CredentialAndCookie",
       "POST",
       embeddings,
       R"({"model":"m","input":"a"})",
       {{"Authorization", "Bearer x"}, {"Cookie", "session=1"}},
       nullptr},
      {"SdkHeaders",
       "POST",
       embeddings,
       R"({"model":"m","input":"a"})",
       {{"Accept", "application/json"}, {"x-stainless-lang", "js"}, {"user-agent", "OpenAI/JS"}},
       nullptr},
      {"Chat",
       "POST",
       "/v1/chat/completions",
       R"({"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.5})",
       {},
       kChatAnswer},
      {"ChatWithFunctionTools",
       "POST",
       "/v1/chat/completions",
       R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]})",
       {},
       kChatAnswer},
      {"Completion",
       "POST",
       "/v1/completions",
       R"({"model":"m","prompt":"hi"})",
       {},
       kCompletionAnswer},
      {"Moderation", "POST", "/v1/moderations", R"({"input":"hi"})", {}, kModerationAnswer},
      {"Response", "POST", "/v1/responses", R"({"model":"m","input":"hi"})", {}, kResponseAnswer},
      {"ResponseStream",
       "POST",
       "/v1/responses",
       R"({"model":"m","input":"hi","stream":true})",
       {},
       kResponseStream,
       "text/event-stream"},
      {"Message",
       "POST",
       "/v1/messages",
       R"({"model":"m","max_tokens":5,"messages":[]})",
       {{"anthropic-version", "2023-06-01"}, {"x-api-key", "k"}},
       kMessageAnswer},
      {"Models", "GET", "/v1/models", "", {}, kModelsAnswer},
      {"OneModel", "GET", "/v1/models/gpt-4.1-mini", "", {}, R"({"id":"gpt-4.1-mini"})"},
  };
}

class HitLaneTest : public ProxyTest {
 protected:
  void UseAnswer(const Kind& kind) {
    if (kind.answer == nullptr) {
      UseEmbeddings();
    } else {
      upstream().ReplyAlways({.headers = {{"content-type", kind.type}}, .body = kind.answer});
    }
  }
  Request RequestOf(const Kind& kind) const {
    return MakeRequest(kind.method, kind.path, kind.body, kind.headers);
  }
};

class HitLaneKindTest : public HitLaneTest, public testing::WithParamInterface<Kind> {};

TEST_P(HitLaneKindTest, IsDeclinedCold) {
  UseAnswer(GetParam());
  EXPECT_FALSE(world().AskFastLane(RequestOf(GetParam())));
  EXPECT_TRUE(upstream().calls().empty());
}

TEST_P(HitLaneKindTest, IsAnsweredFromMemoryAsTheOrdinaryWayDoes) {
  UseAnswer(GetParam());
  const Answer miss = world().Ask(RequestOf(GetParam()));
  ASSERT_EQ(miss.status, 200) << miss.body;
  clock_.Advance(std::chrono::seconds(7));
  ASSERT_TRUE(world().AskFastLane(RequestOf(GetParam())));
  const Answer hit = world().Ask(RequestOf(GetParam()));  // compares
  EXPECT_TRUE(hit.hit()) << hit.cache_status();
  EXPECT_EQ(hit.Field("age"), "7");
  EXPECT_EQ(hit.body, miss.body);
}

TEST_P(HitLaneKindTest, IsDeclinedOnceItIsStale) {
  UseAnswer(GetParam());
  world().Ask(RequestOf(GetParam()));
  clock_.Advance(std::chrono::hours(24 * 30));
  EXPECT_FALSE(world().AskFastLane(RequestOf(GetParam())));
}

TEST_P(HitLaneKindTest, NeverAnswersAnotherCredential) {
  UseAnswer(GetParam());
  world().Ask(RequestOf(GetParam()));
  Request other = RequestOf(GetParam());
  for (const char* name : {"authorization", "api-key", "x-api-key"}) other.headers.Remove(name);
  EXPECT_FALSE(world().AskFastLane(other));
  other.headers.Add("authorization", "Bearer somebody-else");
  EXPECT_FALSE(world().AskFastLane(other));
}

INSTANTIATE_TEST_SUITE_P(Kinds, HitLaneKindTest, testing::ValuesIn(FastKinds()),
                         [](const auto& info) { return std::string(info.param.name); });

// What is out of the ordinary in a request whose plain form is cached.
struct Oddity {
  const char* name;
  const char* path;
  const char* body;
  Headers headers;
};

std::ostream& operator<<(std::ostream& out, const Oddity& oddity) {
  return out << oddity.name;
}

class HitLaneOddityTest : public HitLaneTest, public testing::WithParamInterface<Oddity> {};

TEST_P(HitLaneOddityTest, IsLeftToTheOrdinaryWay) {
  UseEmbeddings();
  Embed(R"({"model":"m","input":"a"})");
  ASSERT_TRUE(
      world().AskFastLane(MakeRequest("POST", "/v1/embeddings", R"({"model":"m","input":"a"})")));
  const Oddity& odd = GetParam();
  Request request = MakeRequest("POST", odd.path, odd.body);
  for (const auto& [name, value] : odd.headers.fields()) request.headers.Add(name, value);
  EXPECT_FALSE(world().AskFastLane(request));
}

constexpr const char* kPath = "/v1/embeddings";
constexpr const char* kBody = R"({"model":"m","input":"a"})";

INSTANTIATE_TEST_SUITE_P(
    Oddities, HitLaneOddityTest,
    testing::Values(
        Oddity{"NoCache", kPath, kBody, {{"Cache-Control", "no-cache"}}},
        Oddity{"MaxAge", kPath, kBody, {{"cache-control", "max-age=5"}}},
        Oddity{"SkipCache", kPath, kBody, {{"cf-aig-skip-cache", "true"}}},
        Oddity{"CacheKey", kPath, kBody, {{"cf-aig-cache-key", "k"}}},
        Oddity{"CacheTtl", kPath, kBody, {{"cf-aig-cache-ttl", "60"}}},
        Oddity{"Namespace", kPath, kBody, {{"x-larder-namespace", "n"}}},
        Oddity{"Via", kPath, kBody, {{"Via", "1.1 other"}}},
        Oddity{"Origin", kPath, kBody, {{"Origin", "http://page"}}},
        Oddity{"ListedInConnection", kPath, kBody, {{"Connection", "keep-alive, openai-beta"}}},
        Oddity{"WebsocketProtocol", kPath, kBody, {{"Sec-WebSocket-Protocol", "a"}}},
        Oddity{"ContentCoding", kPath, kBody, {{"Content-Encoding", "gzip"}}},
        Oddity{"CredentialTwice", kPath, kBody, {{"Authorization", "Bearer key-a"}}},
        Oddity{"KeyedFieldTwice", kPath, kBody, {{"openai-beta", "a"}, {"OpenAI-Beta", "b"}}},
        Oddity{"Query", "/v1/embeddings?key=1", kBody, {}},
        Oddity{"AzurePath", "/openai/deployments/m/embeddings", kBody, {}},
        Oddity{"EscapedPath", "/v1/%65mbeddings", kBody, {}},
        Oddity{"DotSegment", "/v1/models/../embeddings", kBody, {}},
        Oddity{"NoJson", kPath, R"({"model":"m","input":"a")", {}},
        Oddity{"BytesBehindTheJson", kPath, R"({"model":"m","input":"a"} x)", {}},
        Oddity{"MemberTwice", kPath, R"({"model":"m","input":"b","input":"a"})", {}},
        Oddity{"UnknownMemberTwice", kPath, R"({"model":"m","input":"a","x":1,"x":1})", {}},
        Oddity{"NoModel", kPath, R"({"input":"a"})", {}},
        Oddity{"NoInput", kPath, R"({"model":"m"})", {}},
        Oddity{"EmptyInput", kPath, R"({"model":"m","input":""})", {}},
        Oddity{"EmptyList", kPath, R"({"model":"m","input":[]})", {}},
        Oddity{"MixedList", kPath, R"({"model":"m","input":["a",1]})", {}},
        Oddity{"NegativeToken", kPath, R"({"model":"m","input":[1,-1]})", {}},
        Oddity{"UnknownForm", kPath, R"({"model":"m","input":"a","encoding_format":"hex"})", {}},
        Oddity{"FractionOfADimension", kPath, R"({"model":"m","input":"a","dimensions":1.5})", {}},
        Oddity{"OneOfTwoIsMissing", kPath, R"({"model":"m","input":["a","b"]})", {}},
        Oddity{"AnotherCase", kPath, R"({"model":"m","input":"A"})", {}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(HitLaneTest, AnInputThatWasOnlySearchedWithIsLeftToTheOrdinaryWay) {
  UseEmbeddings();
  ASSERT_EQ(Post("/v1/search", R"({"model":"m","query":"a"})").status, 200);
  const Request request = MakeRequest("POST", kPath, kBody);
  EXPECT_FALSE(world().AskFastLane(request));
  EXPECT_TRUE(world().Ask(request).hit());
  EXPECT_TRUE(world().AskFastLane(request));
}

TEST_F(HitLaneTest, AnAnswerThatMustBePutIntoAnotherFormIsLeftToTheOrdinaryWay) {
  upstream().ReplyAlways({.body = kChatAnswer});
  Chat(R"({"model":"m","messages":[]})");
  EXPECT_TRUE(world().AskFastLane(
      MakeRequest("POST", "/v1/chat/completions", R"({"model":"m","messages":[]})")));
  EXPECT_FALSE(world().AskFastLane(
      MakeRequest("POST", "/v1/chat/completions", R"({"model":"m","messages":[],"stream":true})")));
}

TEST_F(HitLaneTest, AStaleAnswerIsLeftToTheOrdinaryWayWhichRenewsIt) {
  upstream().ReplyAlways({.body = kChatAnswer});
  Chat(R"({"model":"m","messages":[]})");
  clock_.Advance(std::chrono::seconds(3610));
  EXPECT_FALSE(world().AskFastLane(
      MakeRequest("POST", "/v1/chat/completions", R"({"model":"m","messages":[]})")));
  EXPECT_EQ(world().renewals(), 0U);
}

TEST_F(HitLaneTest, WhatIsTooLargeForALoopIsLeftToTheOrdinaryWay) {
  UseEmbeddings();
  std::string inputs;
  for (std::size_t i = 0; i <= EmbeddingHits::kMaxInputs; ++i) {
    inputs += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
  }
  const std::string body = R"({"model":"m","input":[)" + inputs + "]}";
  ASSERT_EQ(Embed(body).status, 200);
  EXPECT_FALSE(world().AskFastLane(MakeRequest("POST", kPath, body)));
  EXPECT_TRUE(Embed(body).hit());
}

TEST_F(HitLaneTest, NumbersThatAreAskedForAgainAreKeptPrintedAndCounted) {
  UseEmbeddings();
  const Request request = MakeRequest("POST", kPath, kBody);
  const std::string miss = world().Ask(request).body;
  const std::size_t before = world().embeddings().cache().memory().bytes();
  EXPECT_EQ(world().AskFastLane(request)->body, miss);
  EXPECT_EQ(world().embeddings().cache().memory().bytes(), before);
  EXPECT_EQ(world().AskFastLane(request)->body, miss);
  const std::size_t grown = world().embeddings().cache().memory().bytes();
  EXPECT_GT(grown, before);
  EXPECT_EQ(world().Ask(request).body, miss);  // both ways print what is kept
  EXPECT_EQ(world().embeddings().cache().memory().bytes(), grown);
}

TEST_F(HitLaneTest, ManyVectorsThatHaveToBePrintedAreLeftToTheOrdinaryWay) {
  UseEmbeddings();
  std::string inputs;
  for (std::size_t i = 0; i <= EmbeddingHits::kMaxPrinted; ++i) {
    inputs += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
  }
  const std::string body = R"({"model":"m","input":[)" + inputs + "]";
  ASSERT_EQ(Embed(body + "}").status, 200);
  EXPECT_FALSE(world().AskFastLane(MakeRequest("POST", kPath, body + "}")));
  EXPECT_TRUE(
      world().AskFastLane(MakeRequest("POST", kPath, body + R"(,"encoding_format":"base64"})")));
}

TEST_F(HitLaneTest, AModelThatIsNeverCachedIsLeftToTheOrdinaryWay) {
  ProxyWorldOptions options;
  options.embeddings.lifetimes = LifetimeRules({{{"never-*"}, {}, std::chrono::seconds(0)}});
  Restart(options);
  UseEmbeddings();
  Embed(R"({"model":"never-1","input":"a"})");
  EXPECT_FALSE(
      world().AskFastLane(MakeRequest("POST", kPath, R"({"model":"never-1","input":"a"})")));
}

TEST_F(HitLaneTest, AnsweredRequestsAreRecordedLikeOthers) {
  UseEmbeddings();
  Embed(R"({"model":"m","input":["a","b"]})");
  Embed(R"({"model":"m","input":["a","b"]})");
  const RequestRecord ordinary = world().records()[1];

  const auto lane = world().proxy().NewFastLane();
  const Request request = MakeRequest("POST", kPath, R"({"model":"m","input":["a","b"]})");
  const std::string bytes =
      "POST /v1/embeddings HTTP/1.1\r\nHost: l\r\nAuthorization: Bearer key-a\r\n\r\n";
  RequestHeadView head;
  std::size_t scanned = 0;
  ParseRequestHead(bytes, HeadLimits(), scanned, head);
  for (const bool at_once : {true, false}) {
    FastAnswer answer;
    ASSERT_TRUE(lane->Answer({head, request.body, clock_.Monotonic(), "d"}, answer));
    const SendOutcome outcome{answer.body.size(), at_once, clock_.Monotonic()};
    if (at_once) {
      lane->OnSent(outcome);
    } else {
      lane->Later()(outcome);
    }
    const RequestRecord fast = world().records().back();
    EXPECT_EQ(fast.method, ordinary.method);
    EXPECT_EQ(fast.path, ordinary.path);
    EXPECT_EQ(fast.route, ordinary.route);
    EXPECT_EQ(fast.model, ordinary.model);
    EXPECT_EQ(fast.partition, ordinary.partition);
    EXPECT_EQ(fast.upstream, ordinary.upstream);
    EXPECT_EQ(fast.status, ordinary.status);
    EXPECT_EQ(fast.bytes_out, ordinary.bytes_out);
    EXPECT_EQ(fast.complete, at_once);
    EXPECT_EQ(fast.cache.items, 2);
    EXPECT_EQ(fast.cache.items_hit, 2);
    EXPECT_EQ(fast.cache.saved_tokens, ordinary.cache.saved_tokens);
    EXPECT_NE(fast.request_id, ordinary.request_id);
  }
  EXPECT_EQ(world().records().size(), 4U);
}

TEST_F(HitLaneTest, ThereIsNoneWhereTheServersModeBendsRequests) {
  for (const CacheMode mode :
       {CacheMode::kRecord, CacheMode::kReplay, CacheMode::kReadOnly, CacheMode::kOff}) {
    ProxyWorldOptions options;
    options.mode = mode;
    Restart(options);
    EXPECT_EQ(world().proxy().NewFastLane(), nullptr);
  }
}

// One of `choices`.
template <typename T>
const T& Pick(std::mt19937& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

// A request put together at random, of few parts, so that hits are common: right ones, wrong ones,
// members twice, in any order and spelling.
std::string RandomBody(std::mt19937& random) {
  static const std::vector<std::string> kMembers = {
      R"("model":"m")",
      R"("model":"m")",
      R"("model":"n")",
      R"("model":"")",
      R"("model":1)",
      R"("input":"a")",
      R"("input":"\u0061")",
      R"("input":"b")",
      R"("input":["a","b"])",
      R"("input":["a"])",
      R"("input":[1,2])",
      R"("input":[[1,2],[1,2]])",
      R"("input":[])",
      R"("input":[1.5])",
      R"("input":null)",
      R"("encoding_format":"base64")",
      R"("encoding_format":"float")",
      R"("encoding_format":null)",
      R"("encoding_format":"FLOAT")",
      R"("dimensions":4)",
      R"("dimensions":4.0)",
      R"("dimensions":0)",
      R"("dimensions":null)",
      R"("user":"u")",
      R"("truncate":"END")",
      R"("truncate" : "END")",
      R"("x":{"b":1,"a":[1,2]})",
      R"("x":{"a":[1,2],"b":1.0})",
  };
  std::vector<std::string> members = {R"("model":"m")", R"("input":"a")"};
  if (random() % 4 == 0) members.clear();
  for (std::size_t more = random() % 4; more > 0; --more) members.push_back(Pick(random, kMembers));
  std::shuffle(members.begin(), members.end(), random);
  std::string body = random() % 3 == 0 ? " { " : "{";
  for (std::size_t i = 0; i < members.size(); ++i) {
    body += (i > 0 ? (random() % 3 == 0 ? " ,\n" : ",") : "") + members[i];
  }
  body += random() % 50 == 0 ? "} x" : "}";
  return body;
}

TEST_F(HitLaneTest, AtRandomBothLanesGiveTheSame) {
  static const std::vector<Headers> kHeaders = {
      {},
      {},
      {{"authorization", "Bearer key-b"}},
      {{"api-key", "Bearer key-b"}},
      {{"openai-project", "p"}},
      {{"OpenAI-Project", "p"}, {"openai-organization", ""}},
      {{"cookie", "a=b"}},
      {{"authorization", "Bearer key-b"}, {"cookie", "a=b"}},
      {{"cache-control", "max-age=3"}},
      {{"x-larder-namespace", "n"}},
      {{"origin", "http://page"}},
  };
  UseEmbeddings();
  std::mt19937 random(20261125);
  int fast = 0;
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Request request = MakeRequest("POST", kPath, RandomBody(random), Pick(random, kHeaders));
    if (world().AskFastLane(request)) ++fast;
    if (world().Ask(request).hit()) ++hits;  // compares
    if (random() % 100 == 0) clock_.Advance(std::chrono::hours(random() % 200));
  }
  EXPECT_GT(fast, 1000);
  EXPECT_GT(hits, fast);
}

// The same proxy without its fast lane.
class OrdinaryWayOnly final : public HttpHandler {
 public:
  explicit OrdinaryWayOnly(HttpHandler& inner) : inner_(inner) {}
  RequestPlan Plan(const Request& head) const override { return inner_.Plan(head); }
  Response Handle(Request request) override { return inner_.Handle(std::move(request)); }
  Response RenderFrontError(int status, std::string_view message) const override {
    return inner_.RenderFrontError(status, message);
  }

 private:
  HttpHandler& inner_;
};

std::string WireBytes(const Kind& kind) {
  std::string bytes = std::string(kind.method) + " " + kind.path + " HTTP/1.1\r\nHost: larder\r\n";
  if (kind.headers.size() == 0) bytes += "Authorization: Bearer key-a\r\n";
  for (const auto& [name, value] : kind.headers.fields()) bytes += name + ": " + value + "\r\n";
  const std::string body = kind.body;
  if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return bytes + "\r\n" + body;
}

TEST_F(HitLaneTest, BothLanesWriteTheSameBytesToTheSocket) {
  FrontOptions options;
  options.port = 0;
  options.loops = 1;
  OrdinaryWayOnly ordinary(world().proxy());
  Front fast_front(options, world().proxy(), clock_);
  Front ordinary_front(options, ordinary, clock_);
  ASSERT_TRUE(fast_front.Start().ok());
  ASSERT_TRUE(ordinary_front.Start().ok());
  RawClient fast(fast_front.port());
  RawClient slow(ordinary_front.port());
  const std::regex id("x-request-id: [^\r]*");
  for (const Kind& kind : FastKinds()) {
    UseAnswer(kind);
    const std::string bytes = WireBytes(kind);
    ASSERT_TRUE(slow.Send(bytes));
    ASSERT_EQ(slow.ReadResponse().status(), 200) << kind.name;
    const std::size_t calls = upstream().calls().size();
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(fast.Send(bytes) && slow.Send(bytes));
      const RawMessage from_fast = fast.ReadResponse();
      const RawMessage from_slow = slow.ReadResponse();
      EXPECT_TRUE(from_fast.complete);
      EXPECT_EQ(std::regex_replace(from_fast.head, id, ""),
                std::regex_replace(from_slow.head, id, ""));
      EXPECT_EQ(from_fast.body, from_slow.body);
      EXPECT_EQ(from_fast.Field("cf-aig-cache-status"), "HIT") << kind.name;
    }
    EXPECT_EQ(upstream().calls().size(), calls);
  }
  // Several at once, whole and in pieces, stay in order.
  std::string pipeline;
  for (const Kind& kind : FastKinds()) pipeline += WireBytes(kind);
  ASSERT_TRUE(fast.Send(pipeline) && slow.Send(pipeline));
  for (const Kind& kind : FastKinds()) {
    EXPECT_EQ(fast.ReadResponse().body, slow.ReadResponse().body) << kind.name;
  }
  ASSERT_TRUE(fast.SendByteByByte(WireBytes(FastKinds()[0])));
  ASSERT_TRUE(slow.Send(WireBytes(FastKinds()[0])));
  EXPECT_EQ(fast.ReadResponse().body, slow.ReadResponse().body);
}

// Counts what goes the ordinary way, and the heads that have been read without their bodies.
class CountingWays final : public HttpHandler {
 public:
  explicit CountingWays(HttpHandler& inner) : inner_(inner) {}
  RequestPlan Plan(const Request& head) const override {
    ++heads_;
    return inner_.Plan(head);
  }
  Response Handle(Request request) override {
    ++handled_;
    return inner_.Handle(std::move(request));
  }
  Response RenderFrontError(int status, std::string_view message) const override {
    return inner_.RenderFrontError(status, message);
  }
  std::unique_ptr<FastLane> NewFastLane() override { return inner_.NewFastLane(); }

  int handled() const { return handled_; }
  bool WaitForHeads(int heads) const {
    const MonoTime deadline = SystemClock().Monotonic() + std::chrono::seconds(10);
    while (heads_ < heads && SystemClock().Monotonic() < deadline) std::this_thread::yield();
    return heads_ == heads;
  }

 private:
  HttpHandler& inner_;
  mutable std::atomic<int> heads_{0};
  std::atomic<int> handled_{0};
};

TEST_F(HitLaneTest, ARequestWhoseBodyComesBehindItsHeadIsAnsweredFromMemoryToo) {
  FrontOptions options;
  options.port = 0;
  options.loops = 1;
  CountingWays ways(world().proxy());
  Front front(options, ways, clock_);
  ASSERT_TRUE(front.Start().ok());
  RawClient client(front.port());
  const Kind kind = FastKinds()[0];
  UseAnswer(kind);
  const std::string bytes = WireBytes(kind);
  const std::size_t head = bytes.find("\r\n\r\n") + 4;
  ASSERT_LT(head, bytes.size());
  ASSERT_TRUE(client.Send(bytes));
  ASSERT_EQ(client.ReadResponse().status(), 200);
  ASSERT_EQ(ways.handled(), 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(bytes.substr(0, head)));
    ASSERT_TRUE(ways.WaitForHeads(2 + i));
    // Behind the body the next request, whole: both in order.
    ASSERT_TRUE(client.Send(bytes.substr(head) + bytes));
    const RawMessage split = client.ReadResponse();
    const RawMessage whole = client.ReadResponse();
    EXPECT_EQ(split.Field("cf-aig-cache-status"), "HIT");
    EXPECT_EQ(split.body, whole.body);
  }
  EXPECT_EQ(ways.handled(), 1);
  front.Stop();
  EXPECT_EQ(world().records().size(), 7U);
}

TEST_F(HitLaneTest, AnAnswerThatTheSocketDoesNotTakeAtOnceArrivesWhole) {
  const std::string text(900'000, 'x');
  upstream().ReplyAlways({.body = R"({"choices":[{"message":{"content":")" + text + "\"}}]}"});
  FrontOptions options;
  options.port = 0;
  options.loops = 1;
  Front front(options, world().proxy(), clock_);
  ASSERT_TRUE(front.Start().ok());
  const std::string body = R"({"model":"m","messages":[]})";
  const std::string bytes = "POST /v1/chat/completions HTTP/1.1\r\nHost: l\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body;
  RawClient client(front.port(), 4096);
  ASSERT_TRUE(client.Send(bytes));
  ASSERT_EQ(client.ReadResponse().status(), 200);
  ASSERT_TRUE(client.Send(bytes + bytes + bytes));
  for (int i = 0; i < 3; ++i) {
    const RawMessage answer = client.ReadResponse();
    EXPECT_EQ(answer.Field("cf-aig-cache-status"), "HIT");
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.body.size(), text.size() + 40);
  }
  client.Close();
  // Three hits and the miss, each recorded once.
  front.Stop();
  EXPECT_EQ(world().records().size(), 4U);
}

}  // namespace
}  // namespace larder

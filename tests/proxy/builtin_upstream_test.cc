#include "proxy/upstream/builtin/builtin_upstream.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/json/json.h"

namespace larder {
namespace {

constexpr char kChat[] =
    R"({"model":"larder-echo","stream":true,"messages":[{"role":"user","content":"one two"}]})";

UpstreamReply Send(BuiltinUpstream& upstream, const std::string& method, const std::string& path,
                   const std::string& body = "") {
  auto reply =
      upstream.Send({.method = method, .path_and_query = path, .headers = {}, .body = body});
  EXPECT_TRUE(reply.ok());
  return std::move(reply).value();
}

std::string BodyOf(const UpstreamReply& reply) {
  return ReadWhole(*reply.body, 1U << 30, MonoTime::max()).value();
}

struct Answer {
  int status;
  JsonDocument json;

  std::string At(std::string_view pointer) const {
    JsonElement element;
    if (json.root().at_pointer(pointer).get(element) != simdjson::SUCCESS) return "(none)";
    return simdjson::minify(element);
  }
};

Answer Ask(const std::string& method, const std::string& path, const std::string& body = "") {
  BuiltinUpstream upstream;
  const UpstreamReply reply = Send(upstream, method, path, body);
  return {reply.status, JsonDocument::Parse(BodyOf(reply)).value()};
}

// Hands out one byte at a time, saying in between that it has to be waited for; then ends or breaks
// off.
class DrippingBody final : public BodySource {
 public:
  DrippingBody(std::string bytes, ReadState end) : bytes_(std::move(bytes)), end_(end) {}

  ReadState TryRead(std::size_t /*max_bytes*/, std::string& out) override {
    waits_ = !waits_;
    if (waits_) return ReadState::kWait;
    if (position_ == bytes_.size()) return end_;
    out += bytes_[position_++];
    return ReadState::kData;
  }
  void SetWaker(std::function<void()> waker) override {
    if (waker) waker();
  }
  Error error() const override {
    return Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "the client went away"};
  }

 private:
  const std::string bytes_;
  const ReadState end_;
  std::size_t position_ = 0;
  bool waits_ = false;
};

TEST(BuiltinUpstreamTest, IsCalledBuiltin) {
  EXPECT_EQ(BuiltinUpstream().name(), "builtin");
}

TEST(BuiltinUpstreamTest, ListsItsModels) {
  const Answer answer = Ask("GET", "/models?limit=3");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.At("/object"), R"("list")");
  EXPECT_EQ(answer.At("/data/0"),
            R"({"id":"larder-hash-384","object":"model","created":1767225600,)"
            R"("owned_by":"larder-builtin"})");
  EXPECT_EQ(answer.At("/data/1/id"), R"("larder-echo")");
}

TEST(BuiltinUpstreamTest, DescribesOneModel) {
  EXPECT_EQ(Ask("GET", "/models/larder-echo").At("/id"), R"("larder-echo")");
}

TEST(BuiltinUpstreamTest, DoesNotKnowOtherModels) {
  const std::string gpt = R"({"model":"gpt-4o","input":"a","messages":[],"prompt":"a"})";
  const Answer answers[] = {Ask("GET", "/models/gpt-4o"), Ask("POST", "/embeddings", gpt),
                            Ask("POST", "/chat/completions", gpt), Ask("POST", "/completions", gpt),
                            Ask("POST", "/responses", gpt)};
  for (const Answer& answer : answers) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(simdjson::minify(answer.json.root()),
              R"({"error":{"message":"The model `gpt-4o` does not exist or you do not have access )"
              R"(to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}})");
  }
}

TEST(BuiltinUpstreamTest, AsksForAModel) {
  const Answer answer = Ask("POST", "/embeddings", R"({"input":"a"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.At("/error/param"), R"("model")");
}

TEST(BuiltinUpstreamTest, FlagsNothing) {
  const Answer one = Ask("POST", "/moderations", R"({"input":"a"})");
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(one.At("/model"), R"("larder-moderation")");
  EXPECT_EQ(one.At("/results/0/flagged"), "false");
  EXPECT_EQ(one.At("/results/0/categories/hate~1threatening"), "false");
  EXPECT_EQ(one.At("/results/0/category_scores/violence"), "0.0");
  EXPECT_EQ(one.At("/results/1"), "(none)");
  const Answer two = Ask("POST", "/moderations", R"({"model":"omni","input":["a","b"]})");
  EXPECT_EQ(two.At("/model"), R"("omni")");
  EXPECT_EQ(two.At("/results/1/flagged"), "false");
  const Answer parts = Ask("POST", "/moderations", R"({"input":[{"type":"text","text":"a"},{}]})");
  EXPECT_EQ(parts.At("/results/1"), "(none)");
  for (const std::string body : {"{}", R"({"input":[]})", R"({"input":["a",1]})"}) {
    EXPECT_EQ(Ask("POST", "/moderations", body).At("/error/param"), R"("input")") << body;
  }
}

TEST(BuiltinUpstreamTest, SaysHowToReachARealProviderWhereItServesNothing) {
  for (const std::string path : {"/audio/speech?token=x", "/files", "/models/", "/", ""}) {
    const Answer answer = Ask("POST", path, "anything");
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.At("/error/type"), R"("invalid_request_error")");
    EXPECT_EQ(answer.At("/error/code"), R"("unknown_url")");
    const std::string message = answer.At("/error/message");
    EXPECT_NE(message.find("--upstream"), message.npos);
    EXPECT_NE(message.find("OPENAI_API_KEY"), message.npos);
    EXPECT_EQ(message.find("token=x"), message.npos);
  }
}

TEST(BuiltinUpstreamTest, NamesTheMethodItAllows) {
  BuiltinUpstream upstream;
  const UpstreamReply get = Send(upstream, "GET", "/embeddings");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.headers.Find("allow"), "POST");
  const UpstreamReply erase = Send(upstream, "DELETE", "/models/larder-echo");
  EXPECT_EQ(erase.status, 405);
  EXPECT_EQ(erase.headers.Find("allow"), "GET");
  EXPECT_EQ(Ask("PUT", "/models").At("/error/code"), R"("method_not_supported")");
}

TEST(BuiltinUpstreamTest, KeepsControlCharactersOutOfMessages) {
  const Answer answer = Ask("POST", "/a\n\xFF" + std::string(5000, 'b'));
  EXPECT_LT(answer.At("/error/message").size(), 500U);
}

TEST(BuiltinUpstreamTest, RefusesWhatIsNotAJsonObject) {
  for (const std::string body : {"", "{", "[]", "\"a\"", "{\"a\":\"\xFF\"}", "{} {}"}) {
    const Answer answer = Ask("POST", "/embeddings", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.At("/error/param"), "null");
  }
}

TEST(BuiltinUpstreamTest, GivesEveryReplyItsOwnRequestId) {
  BuiltinUpstream upstream;
  EXPECT_EQ(Send(upstream, "GET", "/models").headers.Find("x-request-id"), "req_builtin_1");
  EXPECT_EQ(Send(upstream, "GET", "/nothing").headers.Find("x-request-id"), "req_builtin_2");
}

TEST(BuiltinUpstreamTest, ReadsABodyThatArrivesSlowly) {
  const std::string body = R"({"model":"larder-hash-384","input":"a"})";
  BuiltinUpstream upstream;
  UpstreamRequest request;
  request.method = "POST";
  request.path_and_query = "/embeddings";
  request.body_source = std::make_shared<DrippingBody>(body, ReadState::kEnd);
  const auto reply = upstream.Send(std::move(request));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(BodyOf(*reply), BodyOf(Send(upstream, "POST", "/embeddings", body)));
}

TEST(BuiltinUpstreamTest, PassesOnWhyABodyBrokeOff) {
  const auto reply = BuiltinUpstream().Send(
      {.method = "POST",
       .path_and_query = "/embeddings",
       .headers = {},
       .body = "",
       .body_source = std::make_shared<DrippingBody>("{", ReadState::kFailed)});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
}

TEST(BuiltinUpstreamTest, RefusesABodyOver25Megabytes) {
  const std::string body(25'000'001, ' ');
  EXPECT_EQ(Ask("POST", "/embeddings", body).status, 413);
  const auto reply = BuiltinUpstream().Send({.method = "POST",
                                             .path_and_query = "/embeddings",
                                             .headers = {},
                                             .body = "",
                                             .body_source = std::make_shared<StringBody>(body)});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 413);
}

TEST(BuiltinUpstreamTest, HandsOutAStreamOneEventAtATime) {
  BuiltinUpstream upstream;
  const UpstreamReply reply = Send(upstream, "POST", "/chat/completions", kChat);
  for (int i = 0; i < 7; ++i) {
    std::string event;
    EXPECT_EQ(reply.body->TryRead(1U << 20, event), ReadState::kData);
    EXPECT_EQ(event.find("\n\n"), event.size() - 2) << event;
  }
  std::string nothing;
  EXPECT_EQ(reply.body->TryRead(1U << 20, nothing), ReadState::kEnd);
  EXPECT_EQ(reply.body->TryRead(1U << 20, nothing), ReadState::kEnd);
  EXPECT_EQ(nothing, "");
}

TEST(BuiltinUpstreamTest, HandsOutNoMoreThanAskedFor) {
  BuiltinUpstream upstream;
  const std::string whole = BodyOf(Send(upstream, "POST", "/chat/completions", kChat));
  const UpstreamReply reply = Send(upstream, "POST", "/chat/completions", kChat);
  std::string bytes;
  for (std::size_t size = 0; reply.body->TryRead(3, bytes) == ReadState::kData;) {
    ASSERT_LE(bytes.size() - size, 3U);
    size = bytes.size();
  }
  EXPECT_EQ(bytes, whole);
}

TEST(BuiltinUpstreamTest, StreamsTheSameBytesWithADelay) {
  BuiltinUpstream slow({.event_delay = std::chrono::milliseconds(2)});
  BuiltinUpstream fast;
  const MonoTime start = SystemClock().Monotonic();
  EXPECT_EQ(BodyOf(Send(slow, "POST", "/chat/completions", kChat)),
            BodyOf(Send(fast, "POST", "/chat/completions", kChat)));
  EXPECT_GE(SystemClock().Monotonic() - start, std::chrono::milliseconds(12));
}

TEST(BuiltinUpstreamTest, LetsAStreamBeDroppedWhileItWaits) {
  BuiltinUpstream upstream({.event_delay = std::chrono::hours(1)});
  const UpstreamReply reply = Send(upstream, "POST", "/chat/completions", kChat);
  std::string bytes;
  EXPECT_EQ(reply.body->TryRead(1U << 20, bytes), ReadState::kData);
  EXPECT_EQ(reply.body->TryRead(1U << 20, bytes), ReadState::kWait);
  reply.body->SetWaker([] { ADD_FAILURE() << "woken an hour early"; });
  EXPECT_EQ(reply.body->TryRead(1U << 20, bytes), ReadState::kWait);
}

TEST(BuiltinUpstreamTest, AnswersManyThreadsAtOnce) {
  BuiltinUpstream upstream;
  const std::string expected = BodyOf(Send(upstream, "POST", "/chat/completions", kChat));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        EXPECT_EQ(BodyOf(Send(upstream, "POST", "/chat/completions", kChat)), expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Send(upstream, "GET", "/models").headers.Find("x-request-id"), "req_builtin_82");
}

}  // namespace
}  // namespace larder

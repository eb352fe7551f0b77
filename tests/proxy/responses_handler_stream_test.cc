// Streamed answers: relayed as they arrive, recorded, replayed, shared, and never kept when cut.
#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAsk = R"({"model":"m","messages":[],"stream":true})";
// Odd but legal: a comment, a double space, CRLF. Whoever prints it anew loses them.
const std::string kHello =
    ": keep-alive\r\n\r\ndata:  "
    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hel\"}}]}\r\n\r\n"
    "data: "
    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n";
const std::string kDone = "data: [DONE]\n\n";
const Headers kEvents = {{"content-type", "text/event-stream; charset=utf-8"}};

class ResponsesStreamTest : public ProxyTest {
 protected:
  std::uint64_t stored() const { return memory_.SizeOf(Family::kResponses).entries; }
  Response Begin(std::string body = kAsk, Headers headers = {}) {
    return world().Begin(
        MakeRequest("POST", "/v1/chat/completions", std::move(body), std::move(headers)));
  }
  // What has arrived by now.
  static std::string Arrived(Response& response) {
    std::string bytes;
    while (response.stream->TryRead(4096, bytes) == ReadState::kData) {
    }
    return bytes;
  }
};

TEST_F(ResponsesStreamTest, IsReplayedByteForByte) {
  upstream().Reply(
      {.headers = kEvents, .pieces = {kHello.substr(0, 31), kHello.substr(31), kDone}});
  const Answer miss = Chat(kAsk);
  EXPECT_TRUE(miss.whole);
  EXPECT_EQ(miss.body, kHello + kDone);
  EXPECT_THAT(miss.cache_status(), HasSubstr("fwd=miss; fwd-status=200"));
  const Answer hit = Chat(kAsk);
  EXPECT_EQ(hit.body, kHello + kDone);
  EXPECT_EQ(hit.Field("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_TRUE(hit.hit());
  Restart();
  EXPECT_EQ(Chat(kAsk).body, kHello + kDone);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesStreamTest, ReachesTheClientPieceByPieceAsItArrives) {
  const auto stream = upstream().Stream();
  Response response = Begin();
  EXPECT_EQ(response.status, 200);  // the head is there before the first byte
  EXPECT_EQ(Arrived(response), "");
  stream->Push("data: {\"a\":1}\n");
  EXPECT_EQ(Arrived(response), "data: {\"a\":1}\n");
  stream->Push("\n");
  EXPECT_EQ(Arrived(response), "\n");
  stream->End();
  EXPECT_TRUE(Receive(std::move(response)).whole);
}

TEST_F(ResponsesStreamTest, NeverReplaysCookiesRateLimitsOrRequestIds) {
  upstream().Reply({.headers = {{"content-type", "text/event-stream"},
                                {"set-cookie", "a=b"},
                                {"x-ratelimit-remaining-requests", "1"},
                                {"x-request-id", "req_up"}},
                    .body = kHello + kDone});
  EXPECT_EQ(Chat(kAsk).Field("set-cookie"), "a=b");
  const Answer hit = Chat(kAsk);
  ASSERT_TRUE(hit.hit());
  EXPECT_EQ(hit.Field("set-cookie"), "");
  EXPECT_EQ(hit.Field("x-ratelimit-remaining-requests"), "");
  EXPECT_NE(hit.Field("x-request-id"), "req_up");
}

constexpr const char* kResponses = "/v1/responses";
const std::string kDelta = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n";
const std::string kCompleted =
    "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":["
    "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]}]}}\n\n";
const std::string kMessage =
    "data: {\"type\":\"message_start\",\"message\":{\"type\":\"message\",\"content\":[]}}\n\n"
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
    "\"text\":\"\"}}\n\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"a\"}}\n\n"
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
    "data: {\"type\":\"message_stop\"}\n\n";

struct StreamCase {
  const char* name;
  std::string body;
  bool cut = false;
  Headers headers = kEvents;
  bool framed = true;
  bool stored = false;
  const char* path = "/v1/chat/completions";
};
void PrintTo(const StreamCase& c, std::ostream* out) {
  *out << c.name;
}

class ResponsesStreamEndTest : public ResponsesStreamTest,
                               public testing::WithParamInterface<StreamCase> {};
TEST_P(ResponsesStreamEndTest, IsStoredOnlyAfterItsProperEnd) {
  const StreamCase& c = GetParam();
  FakeReply reply{.headers = c.headers, .body = c.body, .framed = c.framed};
  if (c.cut) reply.cut = UpstreamError(ErrorCode::kUnavailable, "cut");
  upstream().Reply(reply);
  const Answer answer = Post(c.path, kAsk);
  EXPECT_EQ(answer.body, c.body);
  EXPECT_EQ(answer.whole, !c.cut);  // a cut stream is cut visibly
  EXPECT_EQ(stored(), c.stored ? 1U : 0U);
}
INSTANTIATE_TEST_SUITE_P(
    Streams, ResponsesStreamEndTest,
    testing::Values(
        StreamCase{.name = "Whole", .body = kHello + kDone, .stored = true},
        StreamCase{.name = "WholeWithATypeInCapitals",
                   .body = kHello + kDone,
                   .headers = {{"content-type", "Text/Event-Stream"}},
                   .stored = true},
        StreamCase{
            .name = "WholeAndExplicitlyIdentity",
            .body = kHello + kDone,
            .headers = {{"content-type", "text/event-stream"}, {"content-encoding", "identity"}},
            .stored = true},
        StreamCase{.name = "ResponseCompleted",
                   .body = kDelta + kCompleted,
                   .stored = true,
                   .path = kResponses},
        StreamCase{.name = "ToldWholeByTheCloseAlone", .body = kHello + kDone, .framed = false},
        StreamCase{.name = "ResponseEndedByDoneAlone", .body = kDelta + kDone, .path = kResponses},
        StreamCase{.name = "MessageStop", .body = kMessage, .stored = true, .path = "/v1/messages"},
        StreamCase{.name = "Unterminated", .body = kHello},
        StreamCase{.name = "TerminatorCutShort", .body = kHello + "data: [DONE]"},
        StreamCase{.name = "Cut", .body = kHello, .cut = true},
        StreamCase{.name = "CutBehindItsTerminator", .body = kHello + kDone, .cut = true},
        StreamCase{.name = "Failed",
                   .body = kHello + "event: error\ndata: {\"error\":{}}\n\n" + kDone},
        StreamCase{.name = "ErrorFinish",
                   .body = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},"
                           "\"finish_reason\":\"error\"}]}\n\n" +
                           kDone},
        StreamCase{.name = "ResponseFailed",
                   .body = kDelta + "data: {\"type\":\"response.failed\"}\n\n",
                   .path = kResponses},
        StreamCase{.name = "ResponseIncomplete",
                   .body = kDelta + "data: {\"type\":\"response.incomplete\"}\n\n",
                   .path = kResponses},
        StreamCase{.name = "NothingButItsEnd", .body = kDone},
        StreamCase{
            .name = "AnEmptyAnswer",
            .body = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}"
                    "]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
                    kDone},
        StreamCase{.name = "Coded",
                   .body = kHello + kDone,
                   .headers = {{"content-type", "text/event-stream"}, {"content-encoding", "br"}}},
        StreamCase{.name = "JsonInsteadOfAStream",
                   .body = R"({"choices":[{"message":{"content":"a"}}]})",
                   .headers = {{"content-type", "application/json"}}}),
    [](const auto& info) { return info.param.name; });

constexpr const char* kAskWhole = R"({"model":"m","messages":[]})";
constexpr const char* kAskUsage =
    R"({"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}})";
const std::string kUsage =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";

TEST_F(ResponsesStreamTest, ServesAWholeAnswerToo) {
  upstream().Reply({.headers = kEvents, .body = kHello + kUsage + kDone});
  Chat(kAskUsage);
  const Answer whole = Chat(kAskWhole);
  EXPECT_TRUE(whole.hit());
  EXPECT_EQ(whole.Field("content-type"), "application/json");
  EXPECT_THAT(whole.body, HasSubstr("hello"));
  EXPECT_EQ(NumberIn(whole.body, "usage.prompt_tokens"), 3);
  EXPECT_EQ(Chat(kAsk).body, kHello + kDone) << "usage stands in a stream when it is asked for";
  EXPECT_EQ(Chat(kAskUsage).body, kHello + kUsage + kDone);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesStreamTest, IsServedByAWholeAnswer) {
  upstream().Reply(
      {.body = R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},)"
               R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})"});
  Chat(kAskWhole);
  const Answer stream = Chat(kAsk);
  EXPECT_TRUE(stream.hit());
  EXPECT_EQ(stream.Field("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_THAT(stream.body, HasSubstr("\"content\":\"hello\""));
  EXPECT_THAT(stream.body, testing::EndsWith(kDone));
  EXPECT_THAT(stream.body, Not(HasSubstr("prompt_tokens")));
  EXPECT_THAT(Chat(kAskUsage).body, HasSubstr("\"prompt_tokens\":3"));
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesStreamTest, RecordedWithoutUsageIsAskedForOnceMoreWhereUsageIsWanted) {
  upstream().Reply({.headers = kEvents, .body = kHello + kDone});
  Chat(kAsk);
  EXPECT_TRUE(Chat(kAskWhole).hit());
  upstream().Reply({.headers = kEvents, .body = kHello + kUsage + kDone});
  const Answer answer = Chat(kAskUsage);
  EXPECT_EQ(answer.body, kHello + kUsage + kDone);
  EXPECT_THAT(answer.cache_status(), HasSubstr("fwd=miss"));
  EXPECT_THAT(answer.cache_status(), HasSubstr("form-not-recorded"));
  EXPECT_TRUE(Chat(kAskUsage).hit());
  EXPECT_EQ(Chat(kAsk).body, kHello + kDone);
}

TEST_F(ResponsesStreamTest, OtherStreamOptionsMakeNoOtherEntry) {
  upstream().ReplyAlways({.headers = kEvents, .body = kHello + kDone});
  Chat(kAsk);
  EXPECT_TRUE(Chat(R"({"model":"m","messages":[],"stream":true,
                       "stream_options":{"include_usage":false}})")
                  .hit());
  EXPECT_TRUE(Chat(R"({"model":"m","messages":[],"stream":true,
                       "stream_options":{"include_obfuscation":false}})")
                  .hit());
}

TEST_F(ResponsesStreamTest, TellsTheObserverAtItsEndWhatItCost) {
  upstream().Reply({.headers = kEvents, .body = kHello + kUsage + kDone});
  Chat(kAskUsage);
  ASSERT_EQ(world().records().size(), 1U);
  EXPECT_EQ(world().records()[0].cache.billed_tokens, 5);
  EXPECT_TRUE(world().records()[0].cache.stored);
}

TEST_F(ResponsesStreamTest, BeyondTheLimitIsRelayedWholeAndNotStored) {
  ProxyWorldOptions options;
  options.responses.max_body_bytes = 100;
  Restart(options);
  const std::string endless = "data: " + std::string(300'000, 'x');  // a line that never ends
  upstream().Reply({.headers = kEvents, .pieces = {kHello, endless, "\n\n" + kDone}});
  const Answer answer = Chat(kAsk);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, kHello + endless + "\n\n" + kDone);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(ResponsesStreamTest, ThatNobodyReadsToItsEndIsCancelledUpstreamAndNotStored) {
  const auto stream = upstream().Stream();
  {
    Response response = Begin();
    stream->Push(kHello);
    EXPECT_EQ(Arrived(response), kHello);
  }
  EXPECT_TRUE(stream->dropped());
  EXPECT_EQ(upstream().cancelled(), 1U);
  EXPECT_EQ(stored(), 0U);
  upstream().Reply({.headers = kEvents, .body = kHello + kDone});  // the flight has ended
  EXPECT_EQ(Chat(kAsk).body, kHello + kDone);
}

TEST_F(ResponsesStreamTest, DoesNotClaimWhatItWillHaveCost) {
  upstream().Reply({.headers = kEvents, .body = kHello + kDone});
  EXPECT_EQ(Chat(kAsk).Field("x-larder-billed-tokens"), "");
  EXPECT_EQ(Chat(kAsk).Field("x-larder-billed-tokens"), "0");  // a hit costs nothing
}

TEST_F(ResponsesStreamTest, RespectsNoStoreAndRenewsOnNoCache) {
  upstream().ReplyAlways({.headers = kEvents, .body = kHello + kDone});
  Chat(kAsk, {{"cache-control", "no-store"}});
  EXPECT_EQ(stored(), 0U);
  Chat(kAsk, {{"cache-control", "no-cache"}});
  EXPECT_EQ(stored(), 1U);
}

TEST_F(ResponsesStreamTest, IsRelayedWhenTheStoreFails) {
  world().store().FailWrites(true);
  upstream().Reply({.headers = kEvents, .body = kHello + kDone});
  EXPECT_EQ(Chat(kAsk).body, kHello + kDone);
  EXPECT_TRUE(Chat(kAsk).hit());  // from the memory tier
}

// --- Followers ---

TEST_F(ResponsesStreamTest, AFollowerReadsTheLeadersStreamFromItsStart) {
  const auto stream = upstream().Stream({.headers = {{"content-type", "text/event-stream"},
                                                     {"set-cookie", "a=b"},
                                                     {"x-ratelimit-remaining-requests", "1"},
                                                     {"x-request-id", "req_up"}}});
  Response leader = Begin();
  stream->Push(kHello);
  EXPECT_EQ(Arrived(leader), kHello);
  Response follower = Begin();
  EXPECT_EQ(Arrived(follower), kHello);
  EXPECT_THAT(follower.headers.Joined("cache-status"), HasSubstr("collapsed"));
  EXPECT_EQ(follower.headers.Joined("content-type"), "text/event-stream");
  // What belongs to the leader's own call stays with it.
  for (const char* name : {"set-cookie", "x-ratelimit-remaining-requests"}) {
    EXPECT_TRUE(leader.headers.Has(name)) << name;
    EXPECT_FALSE(follower.headers.Has(name)) << name;
  }
  EXPECT_NE(follower.headers.Joined("x-request-id"), "req_up");
  EXPECT_EQ(follower.headers.Joined("x-larder-billed-tokens"), "0");  // the leader pays
  stream->Push(kDone);
  stream->End();
  EXPECT_EQ(Receive(std::move(follower)).body, kDone);
  EXPECT_EQ(Receive(std::move(leader)).body, kDone);
  EXPECT_EQ(upstream().call_count(), 1U);
  EXPECT_EQ(stored(), 1U);
}

TEST_F(ResponsesStreamTest, AFollowerOfACodedStreamIsToldItsCoding) {
  const auto stream = upstream().Stream(
      {.headers = {{"content-type", "text/event-stream"}, {"content-encoding", "br"}}});
  Response leader = Begin();
  Response follower = Begin();
  EXPECT_EQ(follower.headers.Joined("content-encoding"), "br");
  stream->End();
}

TEST_F(ResponsesStreamTest, AFollowerGoesOnWhenTheLeaderLeaves) {
  const auto stream = upstream().Stream();
  std::optional<Response> leader = Begin();
  Response follower = Begin();
  stream->Push(kHello);
  leader.reset();
  EXPECT_FALSE(stream->dropped());
  stream->Push(kDone);
  stream->End();
  EXPECT_EQ(Receive(std::move(follower)).body, kHello + kDone);
  EXPECT_EQ(stored(), 1U);
}

TEST_F(ResponsesStreamTest, AFollowerOfACutStreamIsCutVisibly) {
  const auto stream = upstream().Stream();
  Response leader = Begin();
  Response follower = Begin();
  stream->Push(kHello);
  stream->Cut();
  for (Response* response : {&leader, &follower}) {
    const Answer answer = Receive(std::move(*response));
    EXPECT_EQ(answer.body, kHello);
    EXPECT_FALSE(answer.whole);
  }
  EXPECT_EQ(stored(), 0U);
}

TEST_F(ResponsesStreamTest, FollowersOnThreadsAllReadTheSameBytes) {
  const auto stream = upstream().Stream();
  std::vector<Response> responses;
  for (int i = 0; i < 6; ++i) responses.push_back(Begin());
  std::vector<std::string> bodies(responses.size());
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    readers.emplace_back([&, i] { bodies[i] = Receive(std::move(responses[i])).body; });
  }
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string event = "data: {\"n\":" + std::to_string(i) + "}\n\n";
    all += event;
    stream->Push(event);
  }
  stream->Push(kDone);
  stream->End();
  for (std::thread& reader : readers) reader.join();
  for (const std::string& body : bodies) EXPECT_EQ(body, all + kDone);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ResponsesStreamTest, PartitionsNeverShareAStream) {
  const auto one = upstream().Stream();
  const auto two = upstream().Stream();
  Response first = Begin();
  Response second = Begin(kAsk, {{"Authorization", "Bearer key-b"}});
  EXPECT_EQ(upstream().call_count(), 2U);
  one->Push("data: secret of a\n\n");
  one->End();
  two->End();
  EXPECT_THAT(Receive(std::move(second)).body, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace larder

// What each Transport sends, and what it makes of good answers.
#include "tests/proxy/http_transport_fixture.h"

namespace larder {
namespace {

INSTANTIATE_TEST_SUITE_P(, HttpTransportTest, kTransportKinds,
                         [](const auto& kind) { return TransportKindName(kind.param); });

// Serves one connection: keeps the request, answers `answer`, waits for the end.
class Recorder {
 public:
  explicit Recorder(std::string answer = Ok("")) : answer_(std::move(answer)) {}
  RawServer::Script Script() {
    return [this](RawClient& peer) {
      request_.set_value(peer.ReadRequest());
      peer.Send(answer_);
    };
  }
  RawMessage request() {
    auto future = request_.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    return future.get();
  }

 private:
  const std::string answer_;
  std::promise<RawMessage> request_;
};

TEST_P(HttpTransportTest, SendsExactlyTheHeadersItWasGivenPlusHostAndFraming) {
  Recorder recorder;
  RawServer server(recorder.Script());
  UpstreamRequest request = Post("{\"a\":1}");
  request.headers = {{"Authorization", "Bearer sk-%41%0d%0aX: 1"},
                     {"content-type", "application/json"},
                     {"X-Empty", ""},
                     {"X-Twice", "1"},
                     {"X-Twice", "2"},
                     {"X-Tab", "a\tb"}};
  ASSERT_TRUE(Send(server, std::move(request)).ok());
  const std::string expected =
      "POST /v1/a HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
      "\r\nAuthorization: Bearer sk-%41%0d%0aX: 1\r\n"
      "content-type: application/json\r\nX-Empty:\r\nX-Twice: 1\r\n"
      "X-Twice: 2\r\nX-Tab: a\tb\r\nContent-Length: 7\r\n\r\n";
  const RawMessage sent = recorder.request();
  EXPECT_EQ(sent.head, expected);
  EXPECT_EQ(sent.body, "{\"a\":1}");
}

TEST_P(HttpTransportTest, AddsNoHeaderOfItsOwnToAnyMethod) {
  for (const std::string method : {"GET", "HEAD", "DELETE", "OPTIONS", "FROB"}) {
    Recorder recorder;
    RawServer server(recorder.Script());
    UpstreamRequest request = Get();
    request.method = method;
    ASSERT_TRUE(Send(server, std::move(request)).ok()) << method;
    EXPECT_EQ(recorder.request().head, method + " /v1/a HTTP/1.1\r\nHost: 127.0.0.1:" +
                                           std::to_string(server.port()) + "\r\n\r\n");
  }
}

TEST_P(HttpTransportTest, BodiesGoWithTheirLengthAndWithoutExpect) {
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "GET"}) {
    for (const std::size_t size : {0UL, 1UL, 3UL << 20}) {
      if (size == 0 && (method == "DELETE" || method == "GET")) continue;
      Recorder recorder;
      RawServer server(recorder.Script());
      UpstreamRequest request = Post(std::string(size, 'b'));
      request.method = method;
      ASSERT_TRUE(Send(server, std::move(request)).ok()) << method << size;
      const RawMessage sent = recorder.request();
      EXPECT_TRUE(sent.head.starts_with(method + " "));
      EXPECT_EQ(sent.Field("content-length"), std::to_string(size)) << method;
      EXPECT_EQ(sent.body.size(), size);
      EXPECT_EQ(sent.CountField("expect") + sent.CountField("content-type") +
                    sent.CountField("accept") + sent.CountField("user-agent"),
                0U);
    }
  }
}

TEST_P(HttpTransportTest, PathsGoAsTheyAre) {
  for (const std::string path : {"/a%2Fb/../c?x=%20+y&z=%zz", "/a//b/./c", "/a?b=\"<>|{}"}) {
    Recorder recorder;
    RawServer server(recorder.Script());
    ASSERT_TRUE(Send(server, Get(path)).ok()) << path;
    EXPECT_EQ(recorder.request().start_line(), "GET /v1" + path + " HTTP/1.1");
  }
  Recorder recorder;
  RawServer server(recorder.Script());
  UpstreamRequest request = Get("/openai/x");
  request.from_origin = true;
  ASSERT_TRUE(Send(server, std::move(request)).ok());
  EXPECT_EQ(recorder.request().start_line(), "GET /openai/x HTTP/1.1");
}

TEST_P(HttpTransportTest, WhatWouldSplitTheRequestIsNotSent) {
  RawServer server(RawServer::Answering(Ok("")));
  std::vector<UpstreamRequest> requests;
  for (const Headers::Field& field : std::vector<Headers::Field>{{"X", "a\r\nY: b"},
                                                                 {"X", "a\nb"},
                                                                 {"X", std::string("a\0b", 3)},
                                                                 {"X: a\r\nY", "b"},
                                                                 {"", "b"},
                                                                 {"X Y", "b"}}) {
    requests.push_back(Get());
    requests.back().headers.Add(field.first, field.second);
  }
  for (const std::string path : {"/a HTTP/1.1\r\nX: y", "/a b", "/a\tb"})
    requests.push_back(Get(path));
  requests.push_back(Get());
  requests.back().method = "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET";
  for (UpstreamRequest& request : requests) {
    EXPECT_EQ(SendFails(server, std::move(request)), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(server.accepted(), 0U);
}

TEST_P(HttpTransportTest, AStreamedUploadGoesByItsSizeOrChunked) {
  for (const bool sized : {true, false}) {
    Recorder recorder;
    RawServer server(recorder.Script());
    auto channel = std::make_shared<ByteChannel>(1 << 20);
    UpstreamRequest request = Post("");
    request.body_source = channel;
    if (sized) request.body_size = 300'006;
    std::thread writer([&] {
      channel->Write("one");
      channel->Write(std::string(300'000, 'x'));
      channel->Write("two");
      channel->Close(std::nullopt);
    });
    ASSERT_TRUE(Send(server, std::move(request)).ok());
    writer.join();
    const RawMessage sent = recorder.request();
    EXPECT_EQ(sent.body, "one" + std::string(300'000, 'x') + "two");
    EXPECT_EQ(sent.CountField("content-length"), sized ? 1U : 0U);
    EXPECT_EQ(sent.CountField("transfer-encoding"), sized ? 0U : 1U);
    EXPECT_EQ(sent.CountField("expect"), 0U);
  }
}

TEST_P(HttpTransportTest, AStreamedUploadArrivesWhileItIsStillBeingWritten) {
  auto channel = std::make_shared<ByteChannel>(1 << 20);
  std::promise<void> first_arrived;
  RawServer server([&](RawClient& peer) {
    if (peer.ReadUntil("first")) first_arrived.set_value();
    if (peer.ReadUntil("0\r\n\r\n")) peer.Send(Ok("done"));
  });
  UpstreamRequest request = Post("");
  request.body_source = channel;
  auto reply = std::async(std::launch::async, [&] { return Send(server, std::move(request)); });
  channel->Write("first");
  ASSERT_EQ(first_arrived.get_future().wait_for(std::chrono::seconds(20)),
            std::future_status::ready);
  channel->Write("second");
  channel->Close(std::nullopt);
  const auto answer = reply.get();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(ReadAll(*answer->body), Got(ReadState::kEnd, "done"));
}

TEST_P(HttpTransportTest, AnUploadThatBreaksOffFailsWithItsOwnErrorAndIsNotEndedCleanly) {
  std::promise<std::string> arrived;
  RawServer server([&](RawClient& peer) { arrived.set_value(peer.ReadToEnd()); });
  auto channel = std::make_shared<ByteChannel>(1 << 20);
  UpstreamRequest request = Post("");
  request.body_source = channel;
  channel->Write("partial");
  channel->Close(Error{ErrorCode::kTooLarge, ErrorOrigin::kDownstream, "too large"});
  EXPECT_EQ(SendFails(server, std::move(request)), ErrorCode::kTooLarge);
  const std::string bytes = arrived.get_future().get();
  EXPECT_EQ(bytes.find("0\r\n\r\n"), std::string::npos) << bytes;
}

TEST_P(HttpTransportTest, AnAnswerBeforeTheUploadHasEndedIsPassedOn) {
  auto channel = std::make_shared<ByteChannel>(1 << 20);
  RawServer server([&](RawClient& peer) {
    peer.ReadUntil("first");
    peer.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    peer.WaitForEnd();
  });
  UpstreamRequest request = Post("");
  request.body_source = channel;
  channel->Write("first");
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "no"));
}

TEST_P(HttpTransportTest, AnEarlyAnswerThatIsNoRefusalDoesNotCutTheUpload) {
  auto channel = std::make_shared<ByteChannel>(1 << 20);
  std::promise<bool> arrived;
  RawServer server([&](RawClient& peer) {
    peer.ReadUntil("first");
    peer.Send(Ok("yes"));
    arrived.set_value(peer.ReadUntil("second\r\n0\r\n\r\n").has_value());
  });
  UpstreamRequest request = Post("");
  request.body_source = channel;
  channel->Write("first");
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  std::string bytes;
  ASSERT_EQ(*ReadSome(*reply->body, 100, bytes, Soon()), ReadState::kData);
  EXPECT_EQ(bytes, "yes");
  channel->Write("second");
  channel->Close(std::nullopt);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, ""));
  EXPECT_TRUE(arrived.get_future().get());
}

TEST_P(HttpTransportTest, StatusHeadersAndBodyArriveAndHopByHopFieldsDoNot) {
  RawServer server(RawServer::Answering(
      "HTTP/1.1 429 Slow Down\r\nContent-Type: application/json\r\nX-RateLimit:  7 \r\nSet-Cookie: "
      "a\r\n"
      "Set-Cookie: b\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n"
      "Proxy-Authenticate: x\r\nTrailer: y\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n"));
  const auto reply = Send(server, Get());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 429);
  const std::vector<Headers::Field> fields = {{"Content-Type", "application/json"},
                                              {"X-RateLimit", "7"},
                                              {"Set-Cookie", "a"},
                                              {"Set-Cookie", "b"}};
  EXPECT_EQ(reply->headers.fields(), fields);
  EXPECT_TRUE(reply->framed);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hi"));
}

TEST_P(HttpTransportTest, InterimAnswersAreSkippedWithTheirFields) {
  RawServer server(
      RawServer::Answering("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
                           "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                           Ok("final")));
  const auto reply = Send(server, Get());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->headers.size(), 1U);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "final"));
}

TEST_P(HttpTransportTest, FramedTellsWhetherMoreThanTheCloseEndedTheBody) {
  struct Row {
    std::string bytes;
    bool framed;
    std::string body;
  };
  for (const Row& row :
       {Row{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true, "hi"},
        Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", true,
            "hi"},
        Row{"HTTP/1.1 200 OK\r\n\r\nhi", false, "hi"},
        Row{"HTTP/1.0 200 OK\r\n\r\nhi", false, "hi"},
        Row{"HTTP/1.1 204 No Content\r\n\r\n", true, ""},
        Row{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true, ""}}) {
    RawServer server(RawServer::AnsweringOnce(row.bytes));
    const auto reply = Send(server, Get());
    ASSERT_TRUE(reply.ok()) << row.bytes;
    EXPECT_EQ(reply->framed, row.framed) << row.bytes;
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, row.body)) << row.bytes;
  }
}

TEST_P(HttpTransportTest, HeadHasNoBodyWhateverItsLengthSays) {
  RawServer server(RawServer::Answering("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  UpstreamRequest request = Get();
  request.method = "HEAD";
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->headers.Find("content-length"), "1000");
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, ""));
}

TEST_P(HttpTransportTest, RedirectsAndEncodedBodiesArePassedOnUntouched) {
  RawServer other(RawServer::Answering(Ok("followed")));
  RawServer server(
      RawServer::Answering("HTTP/1.1 302 Found\r\nLocation: " + other.url() +
                           "/\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b!!"));
  const auto reply = Send(server, Get());
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 302);
  EXPECT_EQ(reply->headers.Find("content-encoding"), "gzip");
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "\x1f\x8b!!"));
  EXPECT_EQ(other.accepted(), 0U);
}

}  // namespace
}  // namespace larder

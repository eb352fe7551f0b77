// The front over real sockets: requests in, whole answers out.
#include "tests/proxy/http_front_fixture.h"

namespace larder {
namespace {

using End = RawClient::End;

TEST_F(FrontTest, AnswersARequestWithFramingDateAndKeepAlive) {
  const auto running = Start();
  RawClient client = Connect();
  ASSERT_TRUE(client.Send(Get("/a?b=%20", "X-Y: z\r\n")));
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.start_line(), "HTTP/1.1 200 OK");
  EXPECT_EQ(answer.body, "GET /a?b=%20 ");
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.Field("content-length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.Field("connection"), "keep-alive");
  EXPECT_EQ(answer.CountField("date"), 1U);
}

TEST_F(FrontTest, PassesTheRequestToItsHandlerAsItCame) {
  Request got;
  handler_.On("/in", [&](Request request) {
    got = std::move(request);
    return ScriptedHandler::Text("");
  });
  const auto running = Start();
  RawClient client = Connect();
  client.Send(
      "POST /in?q=1%2B2 HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer a%0d%0aX: b%zz\r\n"
      "Connection: keep-alive\r\nContent-Length: 5\r\n\r\na\r\n");
  client.Send(std::string("\0b", 2));
  ASSERT_TRUE(client.ReadResponse().complete);
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.path(), "/in");
  EXPECT_EQ(got.query(), "q=1%2B2");
  EXPECT_EQ(got.headers.Find("authorization"), "Bearer a%0d%0aX: b%zz");
  EXPECT_TRUE(got.headers.Has("connection"));
  EXPECT_EQ(got.headers.size(), 4U);
  EXPECT_EQ(got.body, std::string("a\r\n\0b", 5));
  EXPECT_EQ(got.body_size, 5U);
  EXPECT_TRUE(got.peer.starts_with("127.0.0.1:"));
}

TEST_F(FrontTest, AThousandRequestsOneAfterAnotherOnOneConnection) {
  const auto running = Start();
  RawClient client = Connect();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(
        client.Send(Post("/" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'b'))));
    const RawMessage answer = client.ReadResponse();
    ASSERT_EQ(answer.body,
              "POST /" + std::to_string(i) + " " + std::string(static_cast<std::size_t>(i), 'b'));
  }
  EXPECT_EQ(front_->connections(), 1U);
}

TEST_F(FrontTest, PipelinedRequestsAreAnsweredInOrderWhateverRunsThem) {
  handler_.On(
      "/loop", [](Request) { return ScriptedHandler::Text("on loop"); }, kOnLoop);
  handler_.On(
      "/stream",
      [](Request) { return ScriptedHandler::Stream(std::make_shared<StringBody>("streamed")); },
      kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += Get("/loop") + Post("/worker", "w") + Get("/stream") + PostChunkedHead("/chunked") +
             "1\r\nc\r\n0\r\n\r\n";
  }
  ASSERT_TRUE(client.Send(bytes));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.ReadResponse().body, "on loop");
    ASSERT_EQ(client.ReadResponse().body, "POST /worker w");
    ASSERT_EQ(client.ReadResponse().body, "streamed");
    ASSERT_EQ(client.ReadResponse().body, "POST /chunked c");
  }
}

TEST_F(FrontTest, APipelinedBodyLargerThanABufferIsReadWhole) {
  Gate gate;
  handler_.On("/slow", [&](Request) {
    EXPECT_TRUE(gate.Pass());
    return ScriptedHandler::Text("slow");
  });
  const auto running = Start();
  RawClient client = Connect();
  const std::string body(100'000, 'b');
  // All of it stands in the connection before the first answer.
  ASSERT_TRUE(client.Send(Get("/slow") + Post("/big", body)));
  ASSERT_TRUE(Eventually([&] { return handler_.seen().size() == 1; }));
  gate.Open();
  EXPECT_EQ(client.ReadResponse().body, "slow");
  EXPECT_EQ(client.ReadResponse().body, "POST /big " + body);
}

TEST_F(FrontTest, AClientThatPipelinesWithoutReadingGetsEveryAnswerInTheEnd) {
  const std::string large(50'000, 'x');
  handler_.On(
      "/loop", [&](Request) { return ScriptedHandler::Text(large); }, kOnLoop);
  const auto running = Start();
  RawClient client = Connect(4096);
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += Get("/loop");
  ASSERT_TRUE(client.Send(bytes));
  for (int i = 0; i < 300; ++i) ASSERT_EQ(client.ReadResponse().body.size(), large.size()) << i;
}

TEST_F(FrontTest, BytesThatComeOneByOneMakeTheSameRequest) {
  const auto running = Start();
  RawClient client = Connect();
  ASSERT_TRUE(
      client.SendByteByByte(Post("/a", "body") + PostChunkedHead("/b") + "3\r\nabc\r\n0\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse().body, "POST /a body");
  EXPECT_EQ(client.ReadResponse().body, "POST /b abc");
}

TEST_F(FrontTest, HeadGetsTheHeadersOfGetWithoutABody) {
  handler_.On("/sized", [](Request) {
    return ScriptedHandler::Stream(std::make_shared<StringBody>("12345"), 5);
  });
  const auto running = Start();
  RawClient client = Connect();
  client.Send("HEAD /text HTTP/1.1\r\nHost: x\r\n\r\nHEAD /sized HTTP/1.1\r\nHost: x\r\n\r\n" +
              Get("/next"));
  const RawMessage text = client.ReadResponse(true);
  EXPECT_EQ(text.Field("content-length"), std::to_string(std::string("HEAD /text ").size()));
  const RawMessage sized = client.ReadResponse(true);
  EXPECT_EQ(sized.Field("content-length"), "5");
  EXPECT_EQ(client.ReadResponse().body, "GET /next ");
}

TEST_F(FrontTest, A204And304HaveNoBody) {
  for (const int status : {204, 304}) {
    handler_.On("/" + std::to_string(status), [status](Request) {
      Response response = ScriptedHandler::Text("not to be sent");
      response.status = status;
      return response;
    });
  }
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/204") + Get("/304") + Get("/next"));
  EXPECT_EQ(client.ReadResponse().CountField("content-length"), 0U);
  EXPECT_EQ(client.ReadResponse().status(), 304);
  EXPECT_EQ(client.ReadResponse().body, "GET /next ");
}

TEST_F(FrontTest, AHandlersFramingFieldsAndLineBreaksDoNotReachTheWire) {
  handler_.On("/h", [](Request) {
    Response response = ScriptedHandler::Text("hi");
    response.headers.Add("Content-Length", "99");
    response.headers.Add("Transfer-Encoding", "chunked");
    response.headers.Add("Connection", "close");
    response.headers.Add("X-Split", std::string("a\r\nX-Injected: 1\r\n\r\nb\0c", 23));
    return response;
  });
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/h") + Get("/next"));
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.body, "hi");
  EXPECT_EQ(answer.CountField("x-injected"), 0U);
  EXPECT_EQ(answer.CountField("content-length"), 1U);
  EXPECT_EQ(answer.CountField("transfer-encoding"), 0U);
  EXPECT_EQ(client.ReadResponse().body, "GET /next ");
}

TEST_F(FrontTest, Http10IsAnsweredAndClosedUnlessItAsksToKeepAlive) {
  const auto running = Start();
  RawClient closing = Connect();
  closing.Send("GET /a HTTP/1.0\r\n\r\n");
  const RawMessage answer = closing.ReadResponse();
  EXPECT_EQ(answer.Field("connection"), "close");
  EXPECT_EQ(closing.ReadToEnd(), "");
  EXPECT_EQ(closing.end(), End::kFin);
  RawClient keeping = Connect();
  keeping.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(keeping.ReadResponse().Field("connection"), "keep-alive");
  keeping.Send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(keeping.ReadResponse().body, "GET /b ");
}

TEST_F(FrontTest, ConnectionCloseOfClientOrHandlerEndsItAfterTheAnswer) {
  handler_.On("/close", [](Request) {
    Response response = ScriptedHandler::Text("bye");
    response.close = true;
    return response;
  });
  const auto running = Start();
  for (const std::string& request : {Get("/a", "Connection: close\r\n"), Get("/close")}) {
    RawClient client = Connect();
    client.Send(request + Get("/smuggled"));
    const RawMessage answer = client.ReadResponse();
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.Field("connection"), "close");
    EXPECT_EQ(client.ReadToEnd(), "");
    EXPECT_EQ(client.end(), End::kFin);
  }
  EXPECT_EQ(handler_.seen().size(), 2U);
}

TEST_F(FrontTest, AHalfClosedClientStillGetsItsAnswers) {
  Gate gate;
  handler_.On("/slow", [&](Request request) {
    EXPECT_TRUE(gate.Pass());
    return ScriptedHandler::Text("answer to " + request.body);
  });
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Post("/slow", "one") + Post("/slow", "two"));
  client.FinishSending();
  gate.Open();
  EXPECT_EQ(client.ReadResponse().body, "answer to one");
  EXPECT_EQ(client.ReadResponse().body, "answer to two");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(client.end(), End::kFin);
}

TEST_F(FrontTest, AHalfClosedClientWhoseNextRequestIsNotWholeIsLetGoAtOnce) {
  const auto running = Start();
  for (const std::string& rest : {Get("/b").substr(0, 10), Post("/b", "body").substr(0, 50)}) {
    RawClient client = Connect();
    client.Send(Get("/a") + rest);
    client.FinishSending();
    EXPECT_EQ(client.ReadResponse().body, "GET /a ");
    const MonoTime before = clock_.Monotonic();
    EXPECT_EQ(client.ReadToEnd(), "");
    EXPECT_LT(clock_.Monotonic() - before, std::chrono::seconds(10));
  }
}

// --- What must never be understood ---

TEST_F(FrontTest, AMalformedHeadBehindAGoodRequestIsAnsweredInItsTurn) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/a") + "GET /b HTTP/1.1\r\nHost : x\r\n\r\n" + Get("/smuggled"));
  EXPECT_EQ(client.ReadResponse().body, "GET /a ");
  EXPECT_EQ(client.ReadResponse().status(), 400);
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"GET /a"});
}

TEST_F(FrontTest, ABodyThatLooksLikeARequestReachesTheHandlerAsABody) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Post("/a", Get("/smuggled")) +
              "GET /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" + Get("/c"));
  EXPECT_EQ(client.ReadResponse().body, "POST /a " + Get("/smuggled"));
  EXPECT_EQ(client.ReadResponse().body, "GET /b hi");
  EXPECT_EQ(client.ReadResponse().body, "GET /c ");
}

}  // namespace
}  // namespace larder

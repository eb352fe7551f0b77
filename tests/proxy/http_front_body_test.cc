// Request bodies over real sockets: whole, chunked, streamed, too large, broken, unread.
#include "tests/proxy/http_front_fixture.h"

namespace larder {
namespace {

using End = RawClient::End;

constexpr RequestPlan kSmall{.whole_body = true, .max_body_bytes = 10};

TEST_F(FrontTest, AChunkedBodyReachesTheHandlerDecoded) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(PostChunkedHead("/a") +
              "5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: 1\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().body, "POST /a hello world");
}

TEST_F(FrontTest, ABodyAtItsLimitIsTakenAndOneByteMoreIs413) {
  handler_.On(
      "/s", [](Request request) { return ScriptedHandler::Text(request.body); }, kSmall);
  const auto running = Start();
  for (const std::string& fits :
       {Post("/s", "0123456789"), PostChunkedHead("/s") + "a\r\n0123456789\r\n0\r\n\r\n"}) {
    RawClient client = Connect();
    client.Send(fits);
    EXPECT_EQ(client.ReadResponse().body, "0123456789");
  }
  for (const std::string& large :
       {Post("/s", "0123456789x"), PostChunkedHead("/s") + "b\r\n0123456789x\r\n0\r\n\r\n",
        PostChunkedHead("/s") + "a\r\n0123456789\r\n1\r\nx\r\n",
        PostChunkedHead("/s") + "fffffffffffffff\r\n0123456789x"}) {
    RawClient client = Connect();
    client.Send(large + Get("/smuggled"));
    const RawMessage answer = client.ReadResponse();
    EXPECT_EQ(answer.status(), 413);
    EXPECT_EQ(answer.Field("connection"), "close");
    EXPECT_EQ(client.ReadToEnd(), "");
  }
  EXPECT_EQ(handler_.seen().size(), 2U);
}

TEST_F(FrontTest, ATooLargeLengthIs413BeforeTheBodyIsSent) {
  handler_.On(
      "/s", [](Request) { return ScriptedHandler::Text(""); }, kSmall);
  const auto running = Start();
  RawClient client = Connect();
  client.Send("POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  std::string interim;
  EXPECT_EQ(client.ReadResponse(false, &interim).status(), 413);
  EXPECT_EQ(interim, "");
}

TEST_F(FrontTest, A413ReachesAClientThatIsStillSending) {
  handler_.On(
      "/s", [](Request) { return ScriptedHandler::Text(""); }, kSmall);
  const auto running = Start();
  RawClient client = Connect();
  const std::string body(8 << 20, 'x');
  client.Send("POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  EXPECT_TRUE(client.Send(body));
  EXPECT_EQ(client.ReadResponse().status(), 413);
}

TEST_F(FrontTest, BrokenChunksAre400AndTheHandlerIsNotCalled) {
  const auto running = Start();
  for (const std::string body : {"5\r\nhello0\r\n\r\n", "x\r\n", "5\nhello\n0\n\n", "-1\r\n\r\n"}) {
    RawClient client = Connect();
    client.Send(PostChunkedHead("/a") + body + Get("/smuggled"));
    EXPECT_EQ(client.ReadResponse().status(), 400) << body;
    EXPECT_EQ(client.ReadToEnd(), "");
  }
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(FrontTest, AClientThatExpects100GetsItBeforeItSends) {
  handler_.On(
      "/up",
      [&](Request request) {
        return ScriptedHandler::Text(*ReadWhole(*request.body_source, 100, Soon()));
      },
      kStreamed);
  const auto running = Start();
  for (const std::string path : {"/up", "/whole"}) {
    RawClient client = Connect();
    client.Send("POST " + path +
                " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.Send("body");
    EXPECT_TRUE(client.ReadResponse().body.ends_with("body"));
  }
}

TEST_F(FrontTest, WithoutABodyThereIsNo100) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/a", "Expect: 100-continue\r\n"));
  std::string interim;
  EXPECT_EQ(client.ReadResponse(false, &interim).status(), 200);
  EXPECT_EQ(interim, "");
}

TEST_F(FrontTest, AStreamedUploadReachesItsHandlerPieceByPiece) {
  Mutex mutex;
  CondVar changed;
  std::string got;
  handler_.On(
      "/up",
      [&](Request request) {
        EXPECT_EQ(request.body, "");
        std::string piece;
        while (*ReadSome(*request.body_source, 100, piece, Soon()) == ReadState::kData) {
          MutexLock lock(mutex);
          got = piece;
          changed.NotifyAll();
        }
        return ScriptedHandler::Text(piece);
      },
      kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  client.Send(PostChunkedHead("/up"));
  std::string all;
  for (const char* piece : {"one ", "two ", "three"}) {
    all += piece;
    client.Send(std::to_string(std::string(piece).size()) + "\r\n" + piece + "\r\n");
    MutexLock lock(mutex);
    while (got != all) ASSERT_TRUE(changed.WaitUntil(mutex, Soon()));
  }
  client.Send("0\r\n\r\n" + Get("/next"));
  EXPECT_EQ(client.ReadResponse().body, all);
  EXPECT_EQ(client.ReadResponse().body, "GET /next ");
}

TEST_F(FrontTest, ASlowHandlerStopsTheUploadInsteadOfFillingMemory) {
  Gate gate;
  std::atomic<std::size_t> got{0};
  handler_.On(
      "/up",
      [&](Request request) {
        EXPECT_TRUE(gate.Pass());
        std::string piece;
        std::size_t wrong = 0;
        while (*ReadSome(*request.body_source, 64UL * 1024, piece, Soon()) == ReadState::kData) {
          for (const char byte : piece) wrong += byte != static_cast<char>(got++ % 251);
          piece.clear();
        }
        return ScriptedHandler::Text(std::to_string(got) + " " + std::to_string(wrong));
      },
      kStreamed);
  const auto running = Start();
  std::string body(48 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i % 251);
  RawClient client = Connect();
  client.Send("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  // What the kernel holds for both ends, and the window.
  const std::size_t taken = client.SendUntilStuck(body, std::chrono::milliseconds(300));
  EXPECT_LT(taken, 24U << 20);
  gate.Open();
  EXPECT_TRUE(client.Send(std::string_view(body).substr(taken)));
  EXPECT_EQ(client.ReadResponse().body, std::to_string(body.size()) + " 0");
}

TEST_F(FrontTest, AStreamedUploadBeyondItsLimitFailsForItsHandler) {
  handler_.On("/up",
              [&](Request request) {
                const auto body = ReadWhole(*request.body_source, 1 << 20, Soon());
                EXPECT_FALSE(body.ok());
                Response response = ScriptedHandler::Text("too large");
                response.status =
                    body.ok() || body.error().code != ErrorCode::kTooLarge ? 500 : 413;
                return response;
              },
              {.whole_body = false, .max_body_bytes = 10});
  const auto running = Start();
  RawClient client = Connect();
  client.Send(PostChunkedHead("/up") + "b\r\n0123456789x\r\n0\r\n\r\n" + Get("/smuggled"));
  EXPECT_EQ(client.ReadResponse().status(), 413);
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(handler_.seen().size(), 1U);
}

TEST_F(FrontTest, AStreamedUploadThatBreaksOffFailsForItsHandler) {
  std::promise<Error> failed;
  handler_.On(
      "/up",
      [&](Request request) {
        failed.set_value(ReadWhole(*request.body_source, 1 << 20, Soon()).error());
        return ScriptedHandler::Text("");
      },
      kStreamed);
  std::size_t handled = 0;
  struct Row {
    const char* name;
    std::function<void(RawClient&)> break_off;
    ErrorCode code;
  };
  for (const Row& row :
       {Row{"framing", [](RawClient& client) { client.Send("zz\r\n"); },
            ErrorCode::kInvalidArgument},
        Row{"fin", [](RawClient& client) { client.FinishSending(); }, ErrorCode::kCancelled},
        Row{"reset", [](RawClient& client) { client.Reset(); }, ErrorCode::kCancelled}}) {
    failed = {};
    ++handled;
    const auto running = Start();
    RawClient client = Connect();
    client.Send(PostChunkedHead("/up") + "5\r\nhello\r\n");
    ASSERT_TRUE(Eventually([&] { return handler_.seen().size() == handled; }));
    row.break_off(client);
    auto error = failed.get_future();
    ASSERT_EQ(error.wait_for(std::chrono::seconds(20)), std::future_status::ready) << row.name;
    EXPECT_EQ(error.get().code, row.code) << row.name;
    front_.reset();
  }
}

TEST_F(FrontTest, AnAnswerBeforeTheBodyWasReadClosesTheConnection) {
  handler_.On(
      "/up", [](Request) { return ScriptedHandler::Text("no"); }, kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  client.Send("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + Get("/smuggled"));
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.body, "no");
  EXPECT_EQ(answer.Field("connection"), "close");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(handler_.seen().size(), 1U);
}

TEST_F(FrontTest, AnAnswerBeforeTheBodyClosesHoweverTheBodyIsFramedAndWhereverItWasMade) {
  handler_.On(
      "/worker", [](Request) { return ScriptedHandler::Text("no"); }, kStreamed);
  handler_.On("/loop", [](Request) { return ScriptedHandler::Text("no"); },
              {.whole_body = false, .on_loop = true});
  const auto running = Start();
  std::size_t handled = 0;
  for (const std::string path : {"/worker", "/loop"}) {
    for (const std::string framing : {"Content-Length: 43", "Transfer-Encoding: chunked"}) {
      for (const std::string expect : {"", "Expect: 100-continue\r\n"}) {
        RawClient client = Connect();
        client.Send("POST " + path + " HTTP/1.1\r\nHost: x\r\n" + expect + framing + "\r\n\r\n");
        const RawMessage answer = client.ReadResponse();
        EXPECT_EQ(answer.body, "no") << path << " " << framing;
        EXPECT_EQ(answer.Field("connection"), "close") << path << " " << framing;
        // Its body comes late, and would be a request if it were taken for one.
        client.Send(Get("/smuggled") + "0\r\n\r\n" + Get("/smuggled"));
        EXPECT_EQ(client.ReadToEnd(), "") << path << " " << framing;
        EXPECT_EQ(handler_.seen().size(), ++handled) << path << " " << framing;
      }
    }
  }
}

TEST_F(FrontTest, AnUnreadBodyThatHadArrivedWholeDoesNotBecomeARequest) {
  handler_.On(
      "/up", [](Request) { return ScriptedHandler::Text("no"); }, kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Post("/up", Get("/smuggled")));
  EXPECT_EQ(client.ReadResponse().body, "no");
  EXPECT_EQ(handler_.seen().size(), 1U);
}

TEST_F(FrontTest, AnAnswerMayStreamWhileItsRequestsBodyStillArrives) {
  handler_.On(
      "/echo", [](Request request) { return ScriptedHandler::Stream(request.body_source); },
      kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  client.Send(PostChunkedHead("/echo") + "3\r\none\r\n");
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  EXPECT_EQ(client.ReadUntil("one\r\n"), "3\r\none\r\n");
  client.Send("3\r\ntwo\r\n");
  EXPECT_EQ(client.ReadUntil("two\r\n"), "3\r\ntwo\r\n");
  client.Send("0\r\n\r\n");
  EXPECT_EQ(client.ReadToEnd(), "0\r\n\r\n");
}

}  // namespace
}  // namespace larder

// Websocket tunnels at the front, with a handler in place of an upstream.
#include <thread>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using End = RawClient::End;
using std::chrono::milliseconds;

class FrontTunnelTest : public FrontTest {
 protected:
  static constexpr RequestPlan kTunnel{
      .whole_body = false, .max_body_bytes = 0, .on_loop = false, .tunnel = true};

  FrontTunnelTest() {
    handler_.On(
        "/echo", [](Request request) { return Switching(request.body_source); }, kTunnel);
    // Down comes what the test feeds into stream_; up goes into upload().
    handler_.On(
        "/feed",
        [this](Request request) {
          upload_.set_value(request.body_source);
          Response response = Switching(upstream_.Send({}).value().body);
          response.on_sent = [this](const SendOutcome& outcome) { sent_.set_value(outcome); };
          return response;
        },
        kTunnel);
    handler_.On(
        "/refused",
        [](Request) {
          Response response = ScriptedHandler::Text("no");
          response.status = 401;
          return response;
        },
        kTunnel);
  }

  static Response Switching(std::shared_ptr<BodySource> stream) {
    Response response = ScriptedHandler::Stream(std::move(stream));
    response.status = 101;
    response.headers = {{"sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
                        {"content-length", "5"}};
    return response;
  }
  static std::string Upgrade(const std::string& target) {
    return Get(target,
               "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n");
  }
  // A client behind the 101.
  RawClient Tunnel(const std::string& target, int receive_buffer_bytes = 0) {
    RawClient client = Connect(receive_buffer_bytes);
    client.Send(Upgrade(target));
    EXPECT_TRUE(client.ReadUntil("\r\n\r\n").value_or("").starts_with("HTTP/1.1 101 "));
    return client;
  }
  std::shared_ptr<BodySource> Upload() { return upload_.get_future().get(); }
  SendOutcome Sent() {
    auto sent = sent_.get_future();
    EXPECT_EQ(sent.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    return sent.get();
  }

  FakeUpstream upstream_;
  std::shared_ptr<FakeStream> stream_ = upstream_.Stream();
  std::promise<std::shared_ptr<BodySource>> upload_;
  std::promise<SendOutcome> sent_;
};

TEST_F(FrontTunnelTest, BeginsWithA101ThatSaysWhatTheHandlerSaid) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Upgrade("/echo"));
  const RawMessage answer{.head = client.ReadUntil("\r\n\r\n").value_or("")};
  EXPECT_EQ(answer.start_line(), "HTTP/1.1 101 Switching Protocols");
  EXPECT_EQ(answer.Field("connection"), "Upgrade");
  EXPECT_EQ(answer.Field("upgrade"), "websocket");
  EXPECT_EQ(answer.Field("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_FALSE(answer.Field("content-length").has_value());
  EXPECT_FALSE(answer.Field("transfer-encoding").has_value());
}

TEST_F(FrontTunnelTest, CarriesBytesBothWaysAsTheyAre) {
  const auto running = Start();
  RawClient client = Tunnel("/echo");
  for (const std::string& frame :
       {std::string("\x81\x05hello", 7), std::string("\r\n\r\n\0\xff", 6), std::string("x")}) {
    ASSERT_TRUE(client.Send(frame));
    EXPECT_EQ(client.ReadExactly(frame.size()), frame);
  }
}

TEST_F(FrontTunnelTest, OwnsTheBytesBehindTheHead) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Upgrade("/echo") + Get("/not-a-request"));
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  EXPECT_EQ(client.ReadExactly(Get("/not-a-request").size()), Get("/not-a-request"));
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"GET /echo"});
}

TEST_F(FrontTunnelTest, OnTheLoopItselfOwnsThemToo) {
  RequestPlan plan = kTunnel;
  plan.on_loop = true;
  handler_.On(
      "/loop", [](Request request) { return Switching(request.body_source); }, plan);
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Upgrade("/loop") + "abc");
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  EXPECT_EQ(client.ReadExactly(3), "abc");
}

TEST_F(FrontTunnelTest, CarriesTenMegabytesBothWaysAtOnce) {
  std::string sent;
  for (std::uint32_t i = 0; sent.size() < 10'000'000; ++i) sent += std::to_string(i * 2654435761U);
  const auto running = Start();
  RawClient client = Tunnel("/echo");
  std::thread sender([&] { EXPECT_TRUE(client.Send(sent)); });
  EXPECT_TRUE(client.ReadExactly(sent.size()) == sent);
  sender.join();
}

TEST_F(FrontTunnelTest, EndsWithTheStream) {
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  stream_->Push("the last words");
  stream_->End();
  EXPECT_EQ(client.ReadToEnd(), "the last words");
  EXPECT_EQ(client.end(), End::kFin);
  const SendOutcome sent = Sent();
  EXPECT_TRUE(sent.complete);
  EXPECT_EQ(sent.body_bytes, 14U);
  EXPECT_NE(sent.first_byte, MonoTime{});
}

TEST_F(FrontTunnelTest, ThatBreaksOffGivesTheClientWhatHadArrived) {
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  stream_->Push("partial");
  stream_->Cut();
  EXPECT_EQ(client.ReadToEnd(), "partial");
  EXPECT_FALSE(Sent().complete);
}

TEST_F(FrontTunnelTest, TheClientsFinEndsTheUploadAndUpstreamSaysItsLast) {
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  client.Send("bye");
  client.FinishSending();
  const auto upload = ReadWhole(*Upload(), 100, Soon());
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ(*upload, "bye");
  stream_->Push("goodbye");
  stream_->End();
  EXPECT_EQ(client.ReadToEnd(), "goodbye");
  EXPECT_TRUE(Sent().complete);
}

TEST_F(FrontTunnelTest, DoesNotWaitForEverForAnUpstreamThatIgnoresTheClientsFin) {
  options_.connection.tunnel_drain_timeout = milliseconds(50);
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  client.FinishSending();
  EXPECT_TRUE(stream_->WaitUntilDropped());
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(FrontTunnelTest, AClientThatBreaksOffDropsTheStreamAndBreaksTheUpload) {
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  const auto upload = Upload();
  client.Reset();
  EXPECT_TRUE(stream_->WaitUntilDropped());
  const auto read = ReadWhole(*upload, 100, Soon());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(Sent().complete);
}

TEST_F(FrontTunnelTest, AClientThatLeavesBeforeThe101BreaksTheUpload) {
  std::size_t handled = 0;
  for (const bool reset : {false, true}) {
    std::promise<ErrorCode> seen;
    handler_.On(
        "/waits",
        [&](Request request) {
          const auto read = ReadWhole(*request.body_source, 100, Soon());
          seen.set_value(read.ok() ? ErrorCode::kInternal : read.error().code);
          return Switching(request.body_source);
        },
        kTunnel);
    const auto running = Start();
    RawClient client = Connect();
    client.Send(Upgrade("/waits"));
    ++handled;
    ASSERT_TRUE(Eventually([&] { return handler_.seen().size() == handled; }));
    reset ? client.Reset() : client.Close();
    EXPECT_EQ(seen.get_future().get(), ErrorCode::kCancelled);
  }
}

TEST_F(FrontTunnelTest, RefusedIsAnAnswerAndTheEndOfTheConnection) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Upgrade("/refused") + Get("/not-a-request"));
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.status(), 401);
  EXPECT_EQ(answer.body, "no");
  EXPECT_EQ(answer.Field("connection"), "close");
  EXPECT_FALSE(answer.Field("upgrade").has_value());
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"GET /refused"});
}

TEST_F(FrontTunnelTest, IsNotWhatARequestGetsThatDidNotAskForOne) {
  handler_.On(
      "/a",
      [](Request request) {
        const auto body = ReadWhole(*request.body_source, 100,
                                    SystemClock().Monotonic() + std::chrono::seconds(20));
        return ScriptedHandler::Text((request.tunnel ? "tunnel " : "plain ") +
                                     (body.ok() ? *body : "broken"));
      },
      kTunnel);
  const std::string upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
  const std::string lines = " HTTP/1.1\r\nHost: x\r\n";
  const std::pair<const char*, std::string> rows[] = {
      {"no Connection", Get("/a", "Upgrade: websocket\r\n")},
      {"no Upgrade", Get("/a", "Connection: upgrade\r\n")},
      {"another protocol", Get("/a", "Connection: upgrade\r\nUpgrade: h2c\r\n")},
      {"HTTP/1.0",
       "GET /a HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nUpgrade: websocket\r\n\r\n"},
      {"HEAD", "HEAD /a" + lines + upgrade + "\r\n"},
      {"POST", "POST /a" + lines + upgrade + "Content-Length: 0\r\n\r\n"},
      {"a body", Get("/a", upgrade + "Content-Length: 2\r\n") + "hi"},
      {"a chunked body",
       Get("/a", upgrade + "Transfer-Encoding: chunked\r\n") + "2\r\nhi\r\n0\r\n\r\n"},
  };
  const auto running = Start();
  for (const auto& [name, request] : rows) {
    RawClient client = Connect();
    client.Send(request + Get("/next"));
    const bool to_head = request.starts_with("HEAD");
    const RawMessage answer = client.ReadResponse(to_head);
    EXPECT_EQ(answer.status(), 200) << name;
    const bool has_body = request.find("hi") != std::string::npos;
    EXPECT_EQ(answer.body, to_head ? "" : has_body ? "plain hi" : "plain ") << name;
    EXPECT_EQ(client.ReadResponse().body, "GET /next ") << name;
  }
}

TEST_F(FrontTunnelTest, ASlowReaderSlowsTheSource) {
  const auto running = Start();
  RawClient client = Tunnel("/feed", 16 * 1024);
  constexpr std::size_t kPiece = 256 * 1024;
  constexpr std::size_t kPieces = 128;
  for (std::size_t i = 0; i < kPieces; ++i) stream_->Push(std::string(kPiece, 'x'));
  std::size_t last = 0;
  EXPECT_TRUE(Eventually([&, since = clock_.Monotonic()]() mutable {
    if (const std::size_t unread = stream_->unread(); unread != last) {
      last = unread;
      since = clock_.Monotonic();
    }
    return clock_.Monotonic() - since > milliseconds(200);
  }));
  EXPECT_GT(last, kPieces * kPiece / 2);
  stream_->End();
  EXPECT_EQ(client.ReadToEnd().size(), kPieces * kPiece);
}

TEST_F(FrontTunnelTest, ASlowUpstreamSlowsTheClient) {
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  const std::string sent(64U << 20, 'x');
  const std::size_t taken = client.SendUntilStuck(sent, milliseconds(200));
  EXPECT_LT(taken, 16U << 20);
  client.FinishSending();
  const auto upload = ReadWhole(*Upload(), sent.size(), Soon());
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ(upload->size(), taken);
  stream_->End();
}

TEST_F(FrontTunnelTest, IdleOnesHoldNoThread) {
  options_.workers.max_threads = 2;
  const auto running = Start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(Tunnel("/echo"));
  EXPECT_LE(front_->workers().threads(), 2U);
  EXPECT_EQ(front_->connections(), 200U);
  for (RawClient& client : clients) {
    client.Send("still there?");
    EXPECT_EQ(client.ReadExactly(12), "still there?");
  }
}

TEST_F(FrontTunnelTest, OutlivesEveryTimeoutButItsOwn) {
  ConnectionOptions& options = options_.connection;
  options.head_timeout = options.body_timeout = options.idle_timeout = options.write_timeout =
      milliseconds(50);
  const auto running = Start();
  RawClient client = Tunnel("/echo");
  EXPECT_TRUE(client.StaysSilent(milliseconds(500)));
  client.Send("here");
  EXPECT_EQ(client.ReadExactly(4), "here");
}

TEST_F(FrontTunnelTest, WithoutAByteForItsIdleTimeoutIsClosed) {
  options_.connection.tunnel_idle_timeout = milliseconds(300);
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(stream_->WaitUntilDropped());
  EXPECT_FALSE(Sent().complete);
}

TEST_F(FrontTunnelTest, ABytePutsOffTheIdleTimeoutInEitherDirection) {
  options_.connection.tunnel_idle_timeout = milliseconds(1000);
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  const auto upload = Upload();
  const MonoTime begin = clock_.Monotonic();
  for (bool up = false; clock_.Monotonic() - begin < milliseconds(2500); up = !up) {
    if (up) {
      client.Send("u");
    } else {
      stream_->Push("d");
    }
    const bool silent = up ? client.StaysSilent(milliseconds(100)) : client.ReadExactly(1) == "d";
    ASSERT_TRUE(silent) << "closed after " << (clock_.Monotonic() - begin).count() << " ns";
  }
}

TEST_F(FrontTunnelTest, ADrainClosesItOnceWhatIsQueuedIsWritten) {
  const auto running = Start();
  RawClient client = Tunnel("/feed", 16 * 1024);
  const auto upload = Upload();
  client.Send("last question");
  const std::string queued(4U << 20, 'x');
  stream_->Push(queued);
  auto drained = std::async(std::launch::async, [&] { return front_->Drain(Soon()); });
  // Whoever reads the upload is told that no more will come, and answers with its own end.
  const auto read = ReadWhole(*upload, 100, Soon());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, "last question");
  stream_->End();
  EXPECT_EQ(client.ReadToEnd().size(), queued.size());
  client.Close();
  EXPECT_TRUE(drained.get());
  EXPECT_TRUE(Sent().complete);
}

TEST_F(FrontTunnelTest, ADrainDoesNotWaitForAnUpstreamThatGoesOn) {
  options_.connection.tunnel_drain_timeout = milliseconds(100);
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  auto drained = std::async(std::launch::async, [&] { return front_->Drain(Soon()); });
  EXPECT_EQ(client.ReadToEnd(), "");
  client.Close();
  EXPECT_TRUE(drained.get());
  EXPECT_TRUE(stream_->WaitUntilDropped());
}

TEST_F(FrontTunnelTest, EndsWhenTheFrontStops) {
  const auto running = Start();
  RawClient client = Tunnel("/feed");
  front_->Stop();
  EXPECT_TRUE(client.WaitForEnd());
  EXPECT_TRUE(stream_->WaitUntilDropped());
  EXPECT_FALSE(Sent().complete);
}

}  // namespace
}  // namespace larder

// Websocket tunnels of HttpUpstream: the handshake, what may answer it, and the bytes behind it.
#include <atomic>
#include <thread>

#include "proxy/http/event_loop.h"
#include "tests/proxy/curl_upstream_fixture.h"

namespace larder {
namespace {

using End = RawClient::End;
using std::chrono::milliseconds;

constexpr const char* kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

class CurlTunnelTest : public CurlUpstreamTest {
 protected:
  UpstreamRequest Handshake(const std::string& path = "/realtime?model=m") {
    UpstreamRequest request = Get(path);
    request.headers = {{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                       {"authorization", "Bearer k"}};
    request.body_source = upload_;
    return request;
  }
  Result<UpstreamReply> Open(const RawServer& server) { return Open(server, Handshake()); }
  Result<UpstreamReply> Open(const RawServer& server, UpstreamRequest request) {
    return HttpUpstream(server.url() + "/v1", *engine_).OpenTunnel(std::move(request));
  }
  // What answers the handshake on the wire: the tunnel's status, or the error's name.
  std::string OpenAgainst(const std::string& answer) {
    RawServer server([&](RawClient& peer) {
      peer.ReadUntil("\r\n\r\n");
      peer.Send(answer);
      peer.FinishSending();
      peer.WaitForEnd();
    });
    const auto reply = Open(server);
    if (!reply.ok()) return std::string(ErrorCodeName(reply.error().code));
    const auto [state, body] = ReadAll(*reply->body);
    return std::to_string(reply->status) + (reply->framed ? " " : " unframed ") + body;
  }
  std::string ReadSize(BodySource& body, std::size_t size) const {
    std::string bytes;
    while (bytes.size() < size) {
      const auto state = ReadSome(body, size - bytes.size(), bytes, Soon());
      if (!state.ok() || *state != ReadState::kData) break;
    }
    return bytes;
  }
  // A server that switches and then does as `rest` says.
  static RawServer::Script Switching(RawServer::Script rest) {
    return [rest = std::move(rest)](RawClient& peer) {
      if (!peer.ReadUntil("\r\n\r\n") || !peer.Send(kSwitching)) return;
      rest(peer);
    };
  }
  static void Echo(RawClient& peer) {
    for (std::string byte = peer.ReadExactly(1); !byte.empty(); byte = peer.ReadExactly(1)) {
      if (!peer.Send(byte)) return;
    }
  }

  std::shared_ptr<ByteChannel> upload_ = std::make_shared<ByteChannel>(64 * 1024);
};

TEST_F(CurlTunnelTest, SendsTheHandshakeThatTheClientMade) {
  std::string head;
  RawServer server([&](RawClient& peer) {
    head = peer.ReadUntil("\r\n\r\n").value_or("");
    peer.Send(kSwitching);
  });
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(head, "GET /v1/realtime?model=m HTTP/1.1\r\nHost: 127.0.0.1:" +
                      std::to_string(server.port()) +
                      "\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "authorization: Bearer k\r\n"
                      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(reply->status, 101);
  EXPECT_EQ(reply->headers.Find("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_FALSE(reply->headers.Has("connection"));
  EXPECT_FALSE(reply->headers.Has("upgrade"));
}

TEST_F(CurlTunnelTest, CountsThePathFromTheOriginWhenAsked) {
  std::string head;
  RawServer server([&](RawClient& peer) {
    head = peer.ReadUntil("\r\n\r\n").value_or("");
    peer.Send(kSwitching);
  });
  UpstreamRequest request = Handshake("/openai/realtime");
  request.from_origin = true;
  ASSERT_TRUE(Open(server, std::move(request)).ok());
  EXPECT_TRUE(head.starts_with("GET /openai/realtime HTTP/1.1\r\n")) << head;
}

TEST_F(CurlTunnelTest, CarriesTheConfiguredKeyInPlaceOfTheClients) {
  std::string head;
  RawServer server([&](RawClient& peer) {
    head = peer.ReadUntil("\r\n\r\n").value_or("");
    peer.Send(kSwitching);
  });
  UpstreamOptions options;
  options.url = server.url() + "/v1";
  options.api_key = "ours";
  UpstreamRequest request = Handshake("/realtime?model=m&api_key=theirs");
  request.headers.Add("sec-websocket-protocol", "realtime, openai-insecure-api-key.theirs");
  ASSERT_TRUE(HttpUpstream(options, *engine_).OpenTunnel(std::move(request)).ok());
  EXPECT_NE(head.find("Bearer ours\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("theirs"), std::string::npos) << head;
  EXPECT_EQ(head.find("Bearer k"), std::string::npos) << head;
}

TEST_F(CurlTunnelTest, SendsNothingThatWouldEndALineEarly) {
  RawServer server(RawServer::AnsweringOnce(kSwitching));
  for (const char* path : {"/a b", "/a\r\nX: y", "/a\x7f"}) {
    const auto reply = Open(server, Handshake(path));
    ASSERT_FALSE(reply.ok()) << path;
    EXPECT_EQ(reply.error().code, ErrorCode::kInvalidArgument);
  }
  UpstreamRequest request = Handshake();
  request.headers.Add("x", "a\r\nb: c");
  EXPECT_FALSE(Open(server, std::move(request)).ok());
  EXPECT_EQ(server.accepted(), 0U);
}

TEST_F(CurlTunnelTest, BytesBehindTheHeadAreTheTunnels) {
  EXPECT_EQ(OpenAgainst(std::string(kSwitching) + "\x81\x02hi"), "101 \x81\x02hi");
}

TEST_F(CurlTunnelTest, SkipsInterimAnswers) {
  EXPECT_EQ(OpenAgainst("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" +
                        std::string(kSwitching) + "x"),
            "101 x");
}

TEST_F(CurlTunnelTest, CarriesBytesBothWaysAsTheyAre) {
  RawServer server(Switching(Echo));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  for (const std::string& frame : {std::string("\x81\x05hello"), std::string("\0\r\n\r\n", 5)}) {
    upload_->Write(frame);
    EXPECT_EQ(ReadSize(*reply->body, frame.size()), frame);
  }
}

TEST_F(CurlTunnelTest, NothingGoesUpBeforeThe101) {
  std::string before;
  RawServer server([&](RawClient& peer) {
    peer.ReadUntil("\r\n\r\n");
    if (!peer.StaysSilent(milliseconds(100))) before = "something";
    peer.Send(kSwitching);
    Echo(peer);
  });
  upload_->Write("early");
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(ReadSize(*reply->body, 5), "early");
  EXPECT_EQ(before, "");
}

TEST_F(CurlTunnelTest, CarriesTenMegabytesBothWaysAtOnce) {
  std::string sent;
  for (std::uint32_t i = 0; sent.size() < 10'000'000; ++i) sent += std::to_string(i * 2654435761U);
  RawServer server(Switching([&](RawClient& peer) {
    std::thread sender([&] { peer.Send(sent); });
    const bool same = peer.ReadExactly(sent.size()) == sent;
    sender.join();
    peer.Send(same ? "same" : "different");
  }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  std::thread writer([&] {
    std::atomic<bool> room{true};
    upload_->SetRoomWaker([&] {
      room = true;
      room.notify_all();
    });
    for (std::size_t at = 0; at < sent.size(); at += 50'000) {
      room.wait(false);
      room = false;
      if (upload_->Write(std::string_view(sent).substr(at, 50'000))) room = true;
    }
    upload_->SetRoomWaker({});
  });
  EXPECT_TRUE(ReadSize(*reply->body, sent.size()) == sent);
  writer.join();
  EXPECT_EQ(ReadSize(*reply->body, 4), "same");
}

TEST_F(CurlTunnelTest, EndsWhenUpstreamCloses) {
  RawServer server(Switching([](RawClient& peer) { peer.Send("bye"); }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "bye"));
}

TEST_F(CurlTunnelTest, BreaksOffWhenUpstreamDoes) {
  RawServer server(Switching([](RawClient& peer) {
    peer.ReadExactly(1);
    peer.Reset();
  }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  upload_->Write("x");
  EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
  EXPECT_EQ(reply->body->error().code, ErrorCode::kUnavailable);
}

TEST_F(CurlTunnelTest, TellsUpstreamThatNoMoreComesAndStillListens) {
  RawServer server(Switching([](RawClient& peer) { peer.Send("got " + peer.ReadToEnd()); }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  upload_->Write("bye");
  upload_->Close(std::nullopt);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "got bye"));
}

TEST_F(CurlTunnelTest, DroppedByItsReaderClosesTheConnection) {
  std::promise<bool> ended;
  RawServer server(Switching([&](RawClient& peer) { ended.set_value(peer.WaitForEnd()); }));
  auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  reply->body = nullptr;
  EXPECT_TRUE(ended.get_future().get());
}

TEST_F(CurlTunnelTest, AClientThatLeavesClosesTheConnection) {
  for (const bool before : {false, true}) {
    std::promise<bool> ended;
    upload_ = std::make_shared<ByteChannel>(64 * 1024);
    RawServer server([&](RawClient& peer) {
      peer.ReadUntil("\r\n\r\n");
      if (before) {
        upload_->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "left"});
      } else {
        peer.Send(kSwitching);
      }
      ended.set_value(peer.WaitForEnd());
    });
    const auto reply = Open(server);
    EXPECT_EQ(reply.ok(), !before);
    upload_->Close(Error{ErrorCode::kCancelled, ErrorOrigin::kDownstream, "left"});
    EXPECT_TRUE(ended.get_future().get());
    if (before) {
      EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
    } else {
      EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
    }
  }
}

TEST_F(CurlTunnelTest, ARefusalIsAnAnswerWithItsBodyWhole) {
  const std::string head = "HTTP/1.1 401 Unauthorized\r\n";
  const std::pair<std::string, std::string> rows[] = {
      {head + "Content-Length: 5\r\n\r\nno!!!rest", "401 no!!!"},
      {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n2\r\n!!\r\n0\r\n\r\n", "401 no!!!"},
      {head + "\r\nno!!!", "401 unframed no!!!"},
      {head + "Content-Length: 0\r\n\r\n", "401 "},
      {"HTTP/1.1 204 No Content\r\n\r\n", "204 "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 {}"},
  };
  for (const auto& [answer, expected] : rows) EXPECT_EQ(OpenAgainst(answer), expected) << answer;
}

TEST_F(CurlTunnelTest, ARefusalThatIsNoneIsAnError) {
  const std::string head = "HTTP/1.1 401 Unauthorized\r\n";
  const std::string large((1U << 20) + 1, 'x');
  const std::pair<std::string, std::string> rows[] = {
      {"", "unavailable"},
      {"HTTP/1.1 101 Swi", "unavailable"},
      {head + "Content-Length: 50\r\n\r\nno", "unavailable"},
      {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n", "unavailable"},
      {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "invalid-reply"},
      {head + "Content-Length: 1048577\r\n\r\n" + large, "invalid-reply"},
      {head + "\r\n" + large, "invalid-reply"},
      {head + "A: " + std::string(70'000, 'x') + "\r\n\r\n", "invalid-reply"},
      {head + "A: x\x01y\r\n\r\n", "invalid-reply"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "invalid-reply"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "invalid-reply"},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
       "invalid-reply"},
  };
  for (const auto& [answer, expected] : rows) {
    EXPECT_EQ(OpenAgainst(answer), expected) << answer.substr(0, 100);
  }
}

TEST_F(CurlTunnelTest, AnUpstreamThatStaysSilentIsNotWaitedForPastTheFirstByteTimeout) {
  RawServer server([](RawClient& peer) { peer.WaitForEnd(); });
  UpstreamRequest request = Handshake();
  request.first_byte_timeout = milliseconds(100);
  const auto reply = Open(server, std::move(request));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(CurlTunnelTest, AnUpstreamThatIsNotThereIsUnavailable) {
  HttpUpstream upstream("http://127.0.0.1:" + std::to_string(RawServer::UnusedPort()), *engine_);
  const auto reply = upstream.OpenTunnel(Handshake());
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
}

TEST_F(CurlTunnelTest, AnUpstreamWhoseTlsIsNoneIsUnavailable) {
  RawServer server([](RawClient& peer) {
    peer.ReadExactly(1);
    peer.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  HttpUpstream upstream("https://127.0.0.1:" + std::to_string(server.port()), *engine_);
  const auto reply = upstream.OpenTunnel(Handshake());
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
}

TEST_F(CurlTunnelTest, ASlowReaderSlowsUpstream) {
  std::promise<std::size_t> taken;
  RawServer server(Switching([&](RawClient& peer) {
    taken.set_value(peer.SendUntilStuck(std::string(64U << 20, 'x'), milliseconds(200)));
  }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  const std::size_t sent = taken.get_future().get();
  EXPECT_LT(sent, 16U << 20);
  const auto [state, bytes] = ReadAll(*reply->body);
  EXPECT_EQ(state, ReadState::kEnd);
  EXPECT_EQ(bytes.size(), sent);
}

TEST_F(CurlTunnelTest, ASlowUpstreamSlowsTheClient) {
  std::promise<void> read;
  RawServer server(Switching([&](RawClient& peer) {
    read.get_future().wait();
    peer.Send(std::to_string(peer.ReadToEnd().size()));
  }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  std::atomic<int> woken{0};
  upload_->SetRoomWaker([&] {
    ++woken;
    woken.notify_all();
  });
  std::size_t written = 0;
  const MonoTime quiet = clock_.Monotonic() + std::chrono::seconds(20);
  // Until the window is full and stays so.
  for (MonoTime since = clock_.Monotonic(); clock_.Monotonic() - since < milliseconds(200);) {
    const int before = woken;
    if (upload_->Write(std::string(64 * 1024, 'x')) || woken > before) since = clock_.Monotonic();
    written += 64 * 1024;
    while (woken == before && clock_.Monotonic() - since < milliseconds(200)) {
      std::this_thread::yield();
    }
    ASSERT_LT(written, 32U << 20);
    ASSERT_LT(clock_.Monotonic(), quiet);
  }
  upload_->SetRoomWaker({});
  upload_->Close(std::nullopt);
  read.set_value();
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, std::to_string(written)));
}

TEST_F(CurlTunnelTest, AreBoundedInNumberAndOneThatEndsMakesRoom) {
  options_.max_tunnels = 2;
  StartEngine();
  RawServer server(Switching([](RawClient& peer) { peer.WaitForEnd(); }));
  auto first = Open(server);
  const auto second = Open(server);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok());
  const auto third = Open(server);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, ErrorCode::kOverloaded);
  first->body = nullptr;
  const MonoTime deadline = Soon();
  while (!Open(server).ok()) ASSERT_LT(clock_.Monotonic(), deadline);
}

TEST_F(CurlTunnelTest, RefusedOrFailedOnesTakeNoPlace) {
  options_.max_tunnels = 1;
  StartEngine();
  EXPECT_EQ(OpenAgainst("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), "401 ");
  EXPECT_EQ(OpenAgainst("nonsense"), "invalid-reply");
  EXPECT_EQ(OpenAgainst(kSwitching), "101 ");
}

TEST_F(CurlTunnelTest, LeaveThePooledConnectionsToOtherRequests) {
  options_.max_connections = 1;
  StartEngine();
  RawServer server([](RawClient& peer) {
    const std::string head = peer.ReadUntil("\r\n\r\n").value_or("");
    if (head.find("Upgrade") == std::string::npos) {
      peer.Send(Ok("plain"));
    } else {
      peer.Send(kSwitching);
      peer.WaitForEnd();
    }
  });
  const auto first = Open(server);
  const auto second = Open(server);
  ASSERT_TRUE(first.ok() && second.ok());
  const auto plain = Send(server, Get());
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(ReadAll(*plain->body), Got(ReadState::kEnd, "plain"));
}

TEST_F(CurlTunnelTest, AnAbortEndsThemAndRefusesMore) {
  std::promise<bool> ended;
  RawServer server(Switching([&](RawClient& peer) { ended.set_value(peer.WaitForEnd()); }));
  const auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  engine_->Abort();
  EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
  EXPECT_EQ(reply->body->error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(ended.get_future().get());
  const auto later = Open(server);
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().code, ErrorCode::kCancelled);
}

TEST_F(CurlTunnelTest, AnAbortEndsOneThatWaitsForItsAnswer) {
  RawServer server([&](RawClient& peer) {
    peer.ReadUntil("\r\n\r\n");
    engine_->Abort();
    peer.WaitForEnd();
  });
  const auto reply = Open(server);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
}

TEST_F(CurlTunnelTest, ItsBodyMayOutliveTheEngine) {
  RawServer server(Switching([](RawClient& peer) { peer.WaitForEnd(); }));
  auto reply = Open(server);
  ASSERT_TRUE(reply.ok());
  engine_ = nullptr;
  EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
  upload_->Write("nobody reads this");
  reply->body = nullptr;
}

TEST_F(CurlTunnelTest, TwoHundredOpenAtOnceAllWork) {
  RawServer server(Switching(Echo));
  struct Tunnel {
    std::shared_ptr<ByteChannel> upload = std::make_shared<ByteChannel>(1024);
    std::shared_ptr<BodySource> body;
  };
  std::vector<Tunnel> tunnels(200);
  for (Tunnel& tunnel : tunnels) {
    UpstreamRequest request = Handshake();
    request.body_source = tunnel.upload;
    auto reply = Open(server, std::move(request));
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    tunnel.body = std::move(reply->body);
  }
  for (Tunnel& tunnel : tunnels) tunnel.upload->Write("still there?");
  for (Tunnel& tunnel : tunnels) EXPECT_EQ(ReadSize(*tunnel.body, 12), "still there?");
}

}  // namespace
}  // namespace larder

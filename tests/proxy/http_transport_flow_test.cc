// Connections, flow control and endings of each Transport.
#include <atomic>

#include "tests/proxy/http_transport_fixture.h"
#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

TEST_P(HttpTransportTest, OneConnectionServesOneRequestAfterAnother) {
  RawServer server(RawServer::Answering(Ok("hi")));
  for (int i = 0; i < 20; ++i) {
    const auto reply = Send(server, Post("body"));
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hi"));
  }
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_P(HttpTransportTest, AnIdleConnectionThatUpstreamClosedIsReplacedUnseen) {
  std::atomic<int> closed{0};
  RawServer server([&](RawClient& peer) {
    peer.ReadRequest();
    peer.Send(Ok("hi"));
    peer.Close();
    ++closed;
  });
  for (int i = 0; i < 10; ++i) {
    const auto reply = Send(server, Post("body"));
    ASSERT_TRUE(reply.ok()) << i << " " << reply.error().message;
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hi"));
    while (closed <= i) std::this_thread::yield();
  }
}

TEST_P(HttpTransportTest, AReusedConnectionThatDiesUnderTheRequestIsTriedAgain) {
  std::atomic<int> requests{0};
  RawServer server([&](RawClient& peer) {
    peer.ReadRequest();
    peer.Send(Ok("first"));
    // The second request on this connection is read and never answered, as by a server that idled
    // out.
    if (peer.ReadRequest().complete) ++requests;
  });
  for (int i = 0; i < 2; ++i) {
    const auto reply = Send(server, Post("body"));
    ASSERT_TRUE(reply.ok()) << i << " " << reply.error().message;
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "first"));
  }
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(server.accepted(), 2U);
}

TEST_P(HttpTransportTest, FiftyExchangesShareAPoolOfEight) {
  options_.max_connections = 8;
  StartEngine();
  RawServer server(RawServer::Answering(Ok("hi")));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&] {
      const auto reply = Send(server, Post("body"));
      good += reply.ok() && ReadAll(*reply->body) == Got(ReadState::kEnd, "hi");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 50);
  EXPECT_LE(server.accepted(), 8U);
}

TEST_P(HttpTransportTest, WaitingForAConnectionIsNotConnectingAndIsOverloadedWhenItTakesTooLong) {
  options_.max_connections = 1;
  options_.connect_timeout = milliseconds(100);
  StartEngine();
  std::promise<void> go;
  const auto gone = go.get_future().share();
  RawServer server([&](RawClient& peer) {
    while (peer.ReadRequest().complete) {
      peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
      gone.wait_for(std::chrono::seconds(20));
      peer.Send("llo");
    }
  });
  const auto first = Send(server, Get());
  ASSERT_TRUE(first.ok());
  auto patient = std::async(std::launch::async, [&] { return Send(server, Get()).ok(); });
  UpstreamRequest hasty = Get();
  hasty.first_byte_timeout = milliseconds(300);
  EXPECT_EQ(SendFails(server, std::move(hasty)), ErrorCode::kOverloaded);
  go.set_value();
  EXPECT_EQ(ReadAll(*first->body), Got(ReadState::kEnd, "hello"));
  EXPECT_TRUE(patient.get());
}

TEST_P(HttpTransportTest, ADroppedBodyClosesItsConnection) {
  for (const bool read_some : {false, true}) {
    std::promise<bool> ended;
    RawServer server([&](RawClient& peer) {
      peer.ReadRequest();
      peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      ended.set_value(peer.WaitForEnd());
    });
    auto reply = Send(server, Get());
    ASSERT_TRUE(reply.ok());
    std::string some;
    if (read_some) {
      ASSERT_EQ(*ReadSome(*reply->body, 10, some, Soon()), ReadState::kData);
    }
    reply->body = nullptr;
    EXPECT_TRUE(ended.get_future().get());
  }
}

TEST_P(HttpTransportTest, ASlowReaderSlowsTheUpstreamAndEveryByteArrives) {
  for (const bool chunked : {false, true}) {
    std::atomic<std::size_t> sent{0};
    constexpr std::size_t kTotal = 48U << 20;
    const std::string piece(64UL * 1024, 'x');
    RawServer server([&](RawClient& peer) {
      peer.ReadRequest();
      peer.Send(chunked
                    ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kTotal) + "\r\n\r\n");
      for (; sent < kTotal; sent += piece.size()) {
        if (!peer.Send(chunked ? "10000\r\n" + piece + "\r\n" : piece)) return;
      }
      if (chunked) peer.Send("0\r\n\r\n");
      peer.WaitForEnd();
    });
    const auto reply = Send(server, Get());
    ASSERT_TRUE(reply.ok());
    std::size_t last = 1;
    MonoTime since = clock_.Monotonic();
    while (clock_.Monotonic() - since < milliseconds(500)) {
      if (sent != last) since = clock_.Monotonic();
      last = sent;
      std::this_thread::yield();
    }
    EXPECT_LT(sent, 24U << 20);
    const Got got = ReadAll(*reply->body);
    EXPECT_EQ(got.first, ReadState::kEnd);
    EXPECT_EQ(got.second.size(), kTotal);
  }
}

TEST_P(HttpTransportTest, TheTimeThatASlowReaderTakesIsNotUpstreamsIdleTime) {
  const std::string body(2U << 20, 'x');  // more than the window, less than the kernel holds
  std::promise<void> sent;
  RawServer server([&](RawClient& peer) {
    peer.ReadRequest();
    peer.Send(Ok(body));
    sent.set_value();
    peer.WaitForEnd();
  });
  UpstreamRequest request = Get();
  request.idle_timeout = milliseconds(400);
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  auto all_sent = sent.get_future();
  ASSERT_EQ(all_sent.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  std::promise<void> never;
  never.get_future().wait_for(milliseconds(1200));  // the reader's pause
  const Got got = ReadAll(*reply->body);
  EXPECT_EQ(got.first, ReadState::kEnd);
  EXPECT_EQ(got.second.size(), body.size());
}

TEST_P(HttpTransportTest, AnUploadAndADownloadAtOnceStayBounded) {
  // The server answers before it has read the upload; the answer's reader comes last.
  RawServer server([](RawClient& peer) {
    peer.ReadUntil("\r\n\r\n");
    peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string large = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
    for (int i = 0; i < 512; ++i) peer.Send(large);
    peer.Send("0\r\n\r\n");
    peer.ReadUntil("0\r\n\r\n");
  });
  options_.body_window_bytes = 16UL * 1024;
  StartEngine();
  FakeUpstream feeder;
  const auto upload = feeder.Stream();
  UpstreamRequest request = Post("");
  request.body_source = feeder.Send({}).value().body;
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  for (int i = 0; i < 100;
       ++i) {  // each wakes the sending side, and must not the full receiving one
    upload->Push("piece");
    ASSERT_TRUE(upload->WaitUntilRead());
  }
  upload->End();
  std::string all;
  ASSERT_EQ(*ReadSome(*reply->body, 1 << 30, all, Soon()), ReadState::kData);
  EXPECT_LT(all.size(), 256U * 1024);
  const Got rest = ReadAll(*reply->body);
  EXPECT_EQ(rest.first, ReadState::kEnd);
  EXPECT_EQ(all.size() + rest.second.size(), 512U * 0x4000);
}

TEST_P(HttpTransportTest, AbortFailsWhatIsUnderWayAndWhatComesLater) {
  RawServer server([](RawClient& peer) {
    const RawMessage request = peer.ReadRequest();
    if (request.start_line().find("/body") != std::string::npos) {
      peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    }
    peer.WaitForEnd();
  });
  const auto reply = Send(server, Get("/body"));
  ASSERT_TRUE(reply.ok());
  auto waiting = std::async(std::launch::async, [&] { return SendFails(server); });
  while (server.accepted() < 2) std::this_thread::yield();
  const MonoTime before = clock_.Monotonic();
  engine_->Abort();
  EXPECT_EQ(waiting.get(), ErrorCode::kCancelled);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kFailed, "hello"));
  EXPECT_EQ(reply->body->error().code, ErrorCode::kCancelled);
  EXPECT_EQ(SendFails(server), ErrorCode::kCancelled);
  EXPECT_LT(clock_.Monotonic() - before, std::chrono::seconds(5));
}

TEST_P(HttpTransportTest, BodiesMayOutliveTheEngine) {
  RawServer server([](RawClient& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    peer.WaitForEnd();
  });
  auto reply = Send(server, Get());
  ASSERT_TRUE(reply.ok());
  std::string some;
  ASSERT_EQ(*ReadSome(*reply->body, 10, some, Soon()), ReadState::kData);
  engine_.reset();
  EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
  reply->body = nullptr;
}

TEST_P(HttpTransportTest, ManyThreadsSendReadDropAndBreakOff) {
  options_.max_connections = 6;
  StartEngine();
  RawServer server([](RawClient& peer) {
    while (true) {
      const RawMessage request = peer.ReadRequest();
      if (!request.complete) return;
      if (request.body == "cut") {
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
        return;
      }
      if (!peer.Send(Ok(request.body))) return;
    }
  });
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const int kind = (t + i) % 4;
        const std::string body =
            kind == 0 ? "cut" : std::string(static_cast<std::size_t>(i) * 1000, 'b');
        UpstreamRequest request = Post(body);
        if (kind == 1) {
          auto channel = std::make_shared<ByteChannel>(1 << 20);
          channel->Write(body);
          channel->Close(std::nullopt);
          request.body.clear();
          request.body_source = channel;
        }
        auto reply = Send(server, std::move(request));
        if (!reply.ok()) {
          ++wrong;
        } else if (kind == 0) {
          wrong += ReadAll(*reply->body) != Got(ReadState::kFailed, "hello");
        } else if (kind != 2) {  // 2: dropped unread
          wrong += ReadAll(*reply->body) != Got(ReadState::kEnd, body);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace larder

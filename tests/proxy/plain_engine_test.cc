// What is PlainEngine's own: loops, the connections that they share, and when one serves again.
// What it does as any transport does is in http_transport_*_test.cc.
#include "proxy/upstream/plain_engine.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/proxy/http_transport_fixture.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

class PlainEngineTest : public HttpTransport {
 protected:
  using Reply = Result<UpstreamReply>;

  PlainEngineTest() : HttpTransport(TransportKind::kPlain) {}

  std::future<Reply> SendOn(FiberLoop& loop, const RawServer& server,
                            UpstreamRequest request = Get()) {
    const std::string url = server.url() + request.path_and_query;
    return loop.Send(*engine_, url, std::move(request));
  }
  Reply SendTo(const std::string& url, UpstreamRequest request = Get()) {
    return engine_->Send(url, std::move(request));
  }
  // Status and body of one exchange; 0 when there was no answer.
  std::pair<int, std::string> Ask(const RawServer& server) {
    const auto reply = Send(server, Get());
    if (!reply.ok()) return {0, reply.error().message};
    return {reply->status, ReadAll(*reply->body).second};
  }
  void WaitUntilQueued(std::size_t count) {
    while (engine_->queued() != count) std::this_thread::yield();
  }
};

// A server that answers "he", and the rest of its "hello" when it is let go; keeps the paths.
class Holding {
 public:
  RawServer::Script Script() {
    return [this](RawClient& peer) {
      while (true) {
        const std::string line = peer.ReadRequest().start_line();
        if (line.empty()) return;
        {
          MutexLock lock(mutex_);
          paths_ += line.substr(4, line.rfind(' ') - 4);
        }
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        gone_.wait_for(std::chrono::seconds(20));
        peer.Send("llo");
      }
    };
  }
  void Go() { go_.set_value(); }
  std::string paths() {
    MutexLock lock(mutex_);
    return paths_;
  }

 private:
  Mutex mutex_;
  std::string paths_ LARDER_GUARDED_BY(mutex_);
  std::promise<void> go_;
  std::shared_future<void> gone_{go_.get_future().share()};
};

TEST_F(PlainEngineTest, AFiberSendsAndReadsManyExchangesOverOneConnection) {
  RawServer server(RawServer::Answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"));
  FiberLoop loop;
  const int good = loop.Run([&] {
                         int ended = 0;
                         for (int i = 0; i < 200; ++i) {
                           const auto reply = Send(server, Post("body"));
                           ended +=
                               reply.ok() && ReadAll(*reply->body) == Got(ReadState::kEnd, "hi");
                         }
                         return ended;
                       })
                       .get();
  EXPECT_EQ(good, 200);
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(PlainEngineTest, FibersOfOneLoopWaitForAnswersAtOnce) {
  std::atomic<int> asked{0};
  RawServer server([&](RawClient& peer) {
    peer.ReadRequest();
    ++asked;
    while (asked < 8) std::this_thread::yield();  // none is answered before all were asked
    peer.Send(Ok("hi"));
  });
  FiberLoop loop;
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 8; ++i) replies.push_back(SendOn(loop, server));
  for (auto& reply : replies) EXPECT_TRUE(reply.get().ok());
}

TEST_F(PlainEngineTest, AnIdleConnectionIsGivenUpForAnotherLoopAndForAnotherHost) {
  options_.max_connections = 1;
  options_.max_queue = 0;
  StartEngine();
  RawServer server(RawServer::Answering(Ok("hi")));
  RawServer other(RawServer::Answering(Ok("ho")));
  FiberLoop a;
  FiberLoop b;
  for (int i = 0; i < 10; ++i) {
    for (const RawServer* const asked : {&server, &other}) {
      for (FiberLoop* const loop : {&a, &b}) {
        const auto reply = SendOn(*loop, *asked).get();
        ASSERT_TRUE(reply.ok()) << reply.error().message;
      }
    }
  }
  EXPECT_EQ(server.accepted(), 20U);
}

TEST_F(PlainEngineTest, ALoopWithoutAnyConnectionIsServedBeforeTheQueueOfTheOneThatHasThem) {
  options_.max_connections = 1;
  StartEngine();
  Holding holding;
  RawServer server(holding.Script());
  FiberLoop a;
  FiberLoop b;
  const auto first = SendOn(a, server, Get("/first")).get();
  ASSERT_TRUE(first.ok());
  std::vector<std::future<Reply>> replies;
  for (const auto& [loop, path] : {std::pair(&a, "/a1"), {&a, "/a2"}, {&b, "/b1"}}) {
    replies.push_back(SendOn(*loop, server, Get(path)));
    WaitUntilQueued(replies.size());
  }
  holding.Go();
  EXPECT_EQ(ReadAll(*first->body), Got(ReadState::kEnd, "hello"));
  for (auto& reply : replies) {
    const auto answer = reply.get();
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(ReadAll(*answer->body), Got(ReadState::kEnd, "hello"));
  }
  EXPECT_EQ(holding.paths(), "/first/b1/a1/a2");
  EXPECT_EQ(engine_->queued(), 0U);
}

TEST_F(PlainEngineTest, TheLimitsOfConnectionsAndQueueAreThoseOfAllLoopsTogether) {
  options_.max_connections = 2;
  options_.max_queue = 1;
  StartEngine();
  Holding holding;
  RawServer server(holding.Script());
  FiberLoop a;
  FiberLoop b;
  std::vector<Reply> held;
  held.push_back(SendOn(a, server).get());
  held.push_back(SendOn(b, server).get());
  auto queued = SendOn(a, server);
  WaitUntilQueued(1);
  for (FiberLoop* const loop : {&a, &b}) {
    const auto refused = SendOn(*loop, server).get();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  }
  EXPECT_EQ(SendFails(server), ErrorCode::kOverloaded);
  holding.Go();
  held.push_back(queued.get());
  for (const Reply& reply : held) {
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hello"));
  }
}

TEST_F(PlainEngineTest, ManyLoopsAndThreadsShareFewConnections) {
  options_.max_connections = 3;
  StartEngine();
  RawServer server(RawServer::Answering(Ok("hi")));
  std::array<FiberLoop, 4> loops;
  std::atomic<int> good{0};
  std::vector<std::future<int>> fibers;
  for (FiberLoop& loop : loops) {
    for (int i = 0; i < 5; ++i) {
      fibers.push_back(loop.Run([&] {
        for (int n = 0; n < 20; ++n) {
          const auto reply = Send(server, Post("body"));
          good += reply.ok() && ReadAll(*reply->body) == Got(ReadState::kEnd, "hi");
        }
        return 0;
      }));
    }
  }
  for (int n = 0; n < 20; ++n) good += Ask(server) == std::pair(200, std::string("hi"));
  for (auto& fiber : fibers) fiber.get();
  EXPECT_EQ(good, 4 * 5 * 20 + 20);
  EXPECT_EQ(engine_->queued(), 0U);
}

TEST_F(PlainEngineTest, AStoppedLoopFailsWhatItServedAndItsConnectionsServeOthers) {
  options_.max_connections = 1;
  StartEngine();
  std::atomic<int> connections{0};
  RawServer server([&](RawClient& peer) {
    const bool first = ++connections == 1;
    while (peer.ReadRequest().complete) {
      peer.Send(first ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe" : Ok("hi"));
    }
  });
  FiberLoop stays;
  std::future<Reply> waiting;
  Reply cut = InternalError("not asked");
  {
    FiberLoop goes;
    cut = SendOn(goes, server).get();
    ASSERT_TRUE(cut.ok());
    waiting = SendOn(stays, server);
    WaitUntilQueued(1);
  }
  EXPECT_EQ(ReadAll(*cut->body), Got(ReadState::kFailed, "he"));
  EXPECT_EQ(cut->body->error().code, ErrorCode::kCancelled);
  const auto served = waiting.get();
  ASSERT_TRUE(served.ok()) << served.error().message;
  EXPECT_EQ(ReadAll(*served->body), Got(ReadState::kEnd, "hi"));
}

TEST_F(PlainEngineTest, TheEngineMayGoBeforeALoopWhoseFibersWait) {
  RawServer server([](RawClient& peer) {
    peer.ReadRequest();
    peer.WaitForEnd();
  });
  FiberLoop loop;
  auto waiting = SendOn(loop, server);
  while (server.accepted() < 1) std::this_thread::yield();
  engine_.reset();
  const auto reply = waiting.get();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(loop.Run([] { return 7; }).get(), 7);
}

struct KeepRow {
  std::string answer;
  bool kept;
  std::string method = "GET";
};

TEST_F(PlainEngineTest, AConnectionServesAgainOnlyBehindAnAnswerThatSaysSoAndIsExact) {
  const std::string chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  for (const KeepRow& row : {
           KeepRow{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true},
           {"HTTP/1.1 200 OK\r\n" + chunks, true},
           {"HTTP/1.1 204 No Content\r\n\r\n", true},
           {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true},
           {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, "HEAD"},
           {"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi", false},
           {"HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 2\r\n\r\nhi", false},
           {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false},
           {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", true},
           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", false},
           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n", false},
           {"HTTP/1.1 200 OK\r\n" + chunks + "x", false},
           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + chunks, false},
           {"HTTP/1.1 204 No Content\r\n\r\nhi", false},
           {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, "HEAD"},
       }) {
    RawServer server(RawServer::Answering(row.answer));
    for (int i = 0; i < 2; ++i) {
      UpstreamRequest request = Get();
      request.method = row.method;
      const auto reply = Send(server, std::move(request));
      ASSERT_TRUE(reply.ok()) << row.answer << reply.error().message;
      EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kEnd) << row.answer;
    }
    EXPECT_EQ(server.accepted(), row.kept ? 1U : 2U) << row.answer;
  }
}

TEST_F(PlainEngineTest, BytesOnAnIdleConnectionEndIt) {
  std::promise<void> read;
  std::promise<bool> ended;
  RawServer server([&](RawClient& peer) {
    peer.ReadRequest();
    peer.Send(Ok("hi"));
    read.get_future().wait_for(std::chrono::seconds(20));
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nnobody's");
    ended.set_value(peer.WaitForEnd());
  });
  EXPECT_EQ(Ask(server), std::pair(200, std::string("hi")));
  read.set_value();
  EXPECT_TRUE(ended.get_future().get());
}

TEST_F(PlainEngineTest, ADeadConnectionIsReplacedOnce) {
  std::atomic<int> connections{0};
  RawServer server([&](RawClient& peer) {
    const bool first = ++connections == 1;
    peer.ReadRequest();
    if (!first) return;
    peer.Send(Ok("hi"));
    peer.ReadRequest();
  });
  EXPECT_EQ(Ask(server), std::pair(200, std::string("hi")));
  EXPECT_EQ(SendFails(server), ErrorCode::kUnavailable);
  EXPECT_EQ(connections, 2);
}

TEST_F(PlainEngineTest, AStreamedBodyGoesToAnotherConnectionOnlyUntouched) {
  for (const bool touched : {false, true}) {
    std::atomic<int> connections{0};
    RawServer server([&](RawClient& peer) {
      if (++connections == 1) {
        peer.ReadRequest();
        peer.Send(Ok("hi"));
        peer.ReadUntil(touched ? "touched" : "\r\n\r\n");
        return;
      }
      if (peer.ReadRequest().complete) peer.Send(Ok("again"));
    });
    EXPECT_EQ(Ask(server), std::pair(200, std::string("hi")));
    const auto channel = std::make_shared<ByteChannel>(100);
    UpstreamRequest request = Post("");
    request.body_source = channel;
    if (touched) channel->Write("touched");
    auto sent = std::async(std::launch::async, [&] { return Send(server, std::move(request)); });
    if (!touched) {
      while (connections < 2) std::this_thread::yield();
      channel->Write("x");
      channel->Close(std::nullopt);
    }
    const auto reply = sent.get();
    ASSERT_EQ(reply.ok(), !touched);
    if (touched) {
      EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
    } else {
      EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "again"));
    }
    EXPECT_EQ(connections, touched ? 1 : 2);
  }
}

TEST_F(PlainEngineTest, ARefusalInTheMiddleOfALargeBodyIsSeen) {
  RawServer server([](RawClient& peer) {
    peer.ReadUntil("\r\n\r\n");
    peer.Send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    peer.WaitForEnd();
  });
  const auto reply = Send(server, Post(std::string(64U << 20, 'x')));
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "no"));
}

TEST_F(PlainEngineTest, AnUploadThatEndsBeforeItsLengthIsNotTakenForWhole) {
  std::promise<std::string> arrived;
  RawServer server([&](RawClient& peer) { arrived.set_value(peer.ReadToEnd()); });
  const auto channel = std::make_shared<ByteChannel>(100);
  channel->Write("half");
  channel->Close(std::nullopt);
  UpstreamRequest request = Post("");
  request.body_source = channel;
  request.body_size = 8;
  EXPECT_EQ(SendFails(server, std::move(request)), ErrorCode::kCancelled);
  EXPECT_EQ(arrived.get_future().get().find("halfhalf"), std::string::npos);
}

TEST_F(PlainEngineTest, NamesAreResolvedAndTheirAddressesTriedInOrder) {
  RawServer server(RawServer::Answering(Ok("hi")));  // on 127.0.0.1, while ::1 may come first
  const std::string url = "http://localhost:" + std::to_string(server.port()) + "/a";
  for (int i = 0; i < 2; ++i) {
    const auto reply = SendTo(url);
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hi"));
  }
  FiberLoop loop;
  EXPECT_TRUE(loop.Send(*engine_, url, Get()).get().ok());
}

TEST_F(PlainEngineTest, WhereNobodyTakesTheConnectionTheConnectTimeoutCounts) {
  // A queue of connections that is full: the next one gets no answer.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const RawClient fills(ntohs(address.sin_port));
  options_.connect_timeout = milliseconds(150);
  StartEngine();
  const MonoTime before = clock_.Monotonic();
  const auto reply = SendTo("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/a");
  ::close(listener);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(reply.error().message.find("connect timeout"), std::string::npos);
  EXPECT_GE(clock_.Monotonic() - before, milliseconds(150));
}

TEST_F(PlainEngineTest, UrlsThatItCannotConnectToAreRefused) {
  for (const std::string url : {"https://h/a", "http:///a", "http://h:0/a", "http://h:65536/a",
                                "http://h:x/a", "http://user@h/a", "h/a", "http://[::1/a", ""}) {
    const auto reply = SendTo(url);
    ASSERT_FALSE(reply.ok()) << url;
    EXPECT_EQ(reply.error().code, ErrorCode::kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace larder

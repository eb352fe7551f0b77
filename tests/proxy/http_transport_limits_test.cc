// How long each Transport lets an exchange take, and how many may wait.
#include <atomic>

#include "tests/proxy/http_transport_fixture.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

// A server whose answers stop in the middle until it is let go.
class Holding {
 public:
  RawServer::Script Script() {
    return [this](RawClient& peer) {
      while (peer.ReadRequest().complete) {
        peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        gone_.wait_for(std::chrono::seconds(20));
        peer.Send("llo");
      }
    };
  }
  void Go() { go_.set_value(); }

 private:
  std::promise<void> go_;
  std::shared_future<void> gone_{go_.get_future().share()};
};

TEST_P(HttpTransportTest, ABodyThatDripsPastTheTotalTimeoutIsCutVisibly) {
  RawServer server([](RawClient& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (peer.StaysSilent(milliseconds(50)) && peer.Send("x")) {
    }
  });
  UpstreamRequest request = Get();
  request.total_timeout = milliseconds(300);
  const MonoTime before = clock_.Monotonic();
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
  EXPECT_EQ(reply->body->error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_GE(clock_.Monotonic() - before, milliseconds(300));
  EXPECT_LT(clock_.Monotonic() - before, std::chrono::seconds(10));
}

TEST_P(HttpTransportTest, NoHeadWithinTheTotalTimeoutIsDeadlineExceeded) {
  RawServer server([](RawClient& peer) { peer.WaitForEnd(); });
  UpstreamRequest request = Get();
  request.total_timeout = milliseconds(150);
  EXPECT_EQ(SendFails(server, std::move(request)), ErrorCode::kDeadlineExceeded);
}

TEST_P(HttpTransportTest, TheTotalTimeoutCountsASlowReadersTimeToo) {
  std::promise<void> cut;
  RawServer server([&](RawClient& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(64UL * 1024, 'x');
    while (peer.Send(piece)) {
    }
    cut.set_value();
  });
  UpstreamRequest request = Get();
  request.total_timeout = milliseconds(200);
  const auto reply = Send(server, std::move(request));
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(cut.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(ReadAll(*reply->body).first, ReadState::kFailed);
  EXPECT_EQ(reply->body->error().code, ErrorCode::kDeadlineExceeded);
}

TEST_P(HttpTransportTest, AHeadThatDripsDoesNotOutliveTheFirstByteTimeout) {
  for (const std::string drop : {"X: 1\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"}) {
    RawServer server([&](RawClient& peer) {
      peer.ReadRequest();
      if (drop.starts_with("X")) peer.Send("HTTP/1.1 200 OK\r\n");
      while (peer.StaysSilent(milliseconds(20)) && peer.Send(drop)) {
      }
    });
    UpstreamRequest request = Get();
    request.first_byte_timeout = milliseconds(200);
    EXPECT_EQ(SendFails(server, std::move(request)), ErrorCode::kDeadlineExceeded);
  }
}

TEST_P(HttpTransportTest, AHeadOfTooManyBytesOrFieldsIsInvalid) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1100; ++i) many += "X: 1\r\n";
  std::string large = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10; ++i) large += "X: " + std::string(50'000, 'x') + "\r\n";
  std::string interim;
  for (int i = 0; i < 20'000; ++i) interim += "HTTP/1.1 103 Early Hints\r\n\r\n";
  for (const std::string& bytes :
       {many + "\r\n", large + "\r\n", interim + Ok(""),
        "HTTP/1.1 200 OK\r\nX: " + std::string(1U << 20, 'x') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + std::string(1U << 20, 'x')}) {
    RawServer server(RawServer::AnsweringOnce(bytes));
    EXPECT_EQ(SendFails(server), ErrorCode::kInvalidReply) << bytes.substr(0, 40);
  }
}

TEST_P(HttpTransportTest, BeyondTheQueueRequestsAreRefusedAtOnce) {
  options_.max_connections = 1;
  options_.max_queue = 1;
  StartEngine();
  Holding holding;
  RawServer server(holding.Script());
  const auto first = Send(server, Get());
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(engine_->queued(), 0U);
  auto second = std::async(std::launch::async, [&] { return Send(server, Get()).ok(); });
  while (engine_->queued() < 1) std::this_thread::yield();
  const auto third = Send(server, Get());
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, ErrorCode::kOverloaded);
  EXPECT_NE(third.error().message.find("max_queue"), std::string::npos);
  holding.Go();
  EXPECT_EQ(ReadAll(*first->body), Got(ReadState::kEnd, "hello"));
  EXPECT_TRUE(second.get());
  EXPECT_EQ(engine_->queued(), 0U);
}

TEST_P(HttpTransportTest, WithoutAQueueEveryConnectionCanStillBeUsed) {
  options_.max_connections = 4;
  options_.max_queue = 0;
  StartEngine();
  Holding holding;
  RawServer server(holding.Script());
  std::vector<std::future<Result<UpstreamReply>>> replies;
  for (int i = 0; i < 4; ++i) {
    replies.push_back(std::async(std::launch::async, [&] { return Send(server, Get()); }));
  }
  std::vector<Result<UpstreamReply>> held;
  for (auto& reply : replies) held.push_back(reply.get());
  EXPECT_EQ(SendFails(server), ErrorCode::kOverloaded);
  holding.Go();
  for (const auto& reply : held) {
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hello"));
  }
}

TEST_P(HttpTransportTest, NoConnectionWithinTheQueueTimeoutIsOverloaded) {
  options_.max_connections = 1;
  options_.queue_timeout = milliseconds(150);
  StartEngine();
  Holding holding;
  RawServer server(holding.Script());
  const auto first = Send(server, Get());
  ASSERT_TRUE(first.ok());
  const auto second = Send(server, Get());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kOverloaded);
  EXPECT_NE(second.error().message.find("max_connections"), std::string::npos);
  holding.Go();
}

TEST_P(HttpTransportTest, ARequestThatHasAConnectionDoesNotWaitForOne) {
  options_.queue_timeout = milliseconds(100);
  StartEngine();
  std::atomic<int> requests{0};
  RawServer server([&](RawClient& peer) {
    while (peer.ReadRequest().complete) {
      ++requests;
      if (requests > 1) peer.StaysSilent(milliseconds(500));
      peer.Send(Ok("hi"));
    }
  });
  for (int i = 0; i < 2; ++i) {  // on a new connection, then on the pooled one
    const auto reply = Send(server, Get());
    ASSERT_TRUE(reply.ok()) << i << reply.error().message;
    EXPECT_EQ(ReadAll(*reply->body), Got(ReadState::kEnd, "hi"));
  }
  EXPECT_EQ(server.accepted(), 1U);
}

}  // namespace
}  // namespace larder

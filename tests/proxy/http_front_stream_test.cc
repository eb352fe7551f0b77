// Streamed answers over real sockets: as they come, cut, slow readers, clients that leave.
#include <unistd.h>

#include <fstream>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using End = RawClient::End;

// `total` bytes that are always there at once; counts what was taken.
class EndlessBody final : public BodySource {
 public:
  EndlessBody(std::size_t total, std::atomic<std::size_t>& taken) : total_(total), taken_(taken) {}
  ReadState TryRead(std::size_t max_bytes, std::string& out) override {
    const std::size_t size = std::min(max_bytes, total_ - taken_);
    out.append(size, 'x');
    taken_ += size;
    return size > 0 ? ReadState::kData : ReadState::kEnd;
  }
  void SetWaker(std::function<void()> /*waker*/) override {}
  Error error() const override { return InternalError("it does not break off"); }

 private:
  const std::size_t total_;
  std::atomic<std::size_t>& taken_;
};

std::size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

class FrontStreamTest : public FrontTest {
 protected:
  FrontStreamTest() {
    handler_.On("/stream", [this](Request) {
      Response response = ScriptedHandler::Stream(upstream_.Send({}).value().body, size_);
      response.on_sent = [this](const SendOutcome& outcome) { sent_.set_value(outcome); };
      return response;
    });
  }
  // What on_sent was told; fails after 20 s. A second call of on_sent would throw.
  SendOutcome Sent() {
    auto sent = sent_.get_future();
    EXPECT_EQ(sent.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    return sent.get();
  }

  FakeUpstream upstream_;
  std::shared_ptr<FakeStream> stream_ = upstream_.Stream();
  std::optional<std::uint64_t> size_;
  std::promise<SendOutcome> sent_;
};

TEST_F(FrontStreamTest, ArrivesChunkByChunkAsItBecomesAvailable) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/stream"));
  const auto head = client.ReadUntil("\r\n\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_NE(head->find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(client.StaysSilent(std::chrono::milliseconds(20)));
  for (const char* piece : {"data: 1\n\n", "data: 2\n\n"}) {
    stream_->Push(piece);
    EXPECT_EQ(client.ReadExactly(14), std::string("9\r\n") + piece + "\r\n");
  }
  stream_->End();
  EXPECT_EQ(client.ReadExactly(5), "0\r\n\r\n");
  client.Send(Get("/next"));
  EXPECT_EQ(client.ReadResponse().body, "GET /next ");
  const SendOutcome sent = Sent();
  EXPECT_TRUE(sent.complete);
  EXPECT_EQ(sent.body_bytes, 18U);
  EXPECT_NE(sent.first_byte, MonoTime{});
}

TEST_F(FrontStreamTest, OfKnownSizeIsSentWithItsLength) {
  size_ = 6;
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/stream") + Get("/next"));
  stream_->Push("abc");
  stream_->Push("def");
  stream_->End();
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.Field("content-length"), "6");
  EXPECT_EQ(answer.body, "abcdef");
  EXPECT_EQ(client.ReadResponse().body, "GET /next ");
}

TEST_F(FrontStreamTest, CutUpstreamIsCutVisiblyInEveryFraming) {
  struct Row {
    std::string request;
    std::optional<std::uint64_t> size;
  };
  for (const Row& row : {Row{Get("/stream"), std::nullopt}, Row{Get("/stream"), 100},
                         Row{"GET /stream HTTP/1.0\r\n\r\n", std::nullopt}}) {
    size_ = row.size;
    sent_ = {};
    const auto running = Start();
    RawClient client = Connect();
    client.Send(row.request);
    ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
    stream_->Push("partial");
    ASSERT_TRUE(client.ReadUntil("partial").has_value());
    stream_->Cut();
    const std::string rest = client.ReadToEnd();
    EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos) << rest;
    const bool until_close = row.request.find("HTTP/1.0") != std::string::npos;
    EXPECT_EQ(client.end(), until_close ? End::kReset : End::kFin);
    EXPECT_FALSE(Sent().complete);
    front_.reset();
    stream_ = upstream_.Stream();
  }
}

TEST_F(FrontStreamTest, UntilCloseEndsCleanlyWhenItIsWhole) {
  const auto running = Start();
  RawClient client = Connect();
  client.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  stream_->Push("all");
  stream_->End();
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.body, "all");
  EXPECT_EQ(answer.Field("connection"), "close");
  EXPECT_TRUE(answer.complete);
}

TEST_F(FrontStreamTest, ThatEndsShortOfItsLengthIsCut) {
  size_ = 10;
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/stream"));
  stream_->Push("short");
  stream_->End();
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.body, "short");
  EXPECT_FALSE(answer.complete);
  EXPECT_FALSE(Sent().complete);
}

TEST_F(FrontStreamTest, BeyondItsLengthNeverReachesTheClientAsTheNextAnswer) {
  size_ = 5;
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/stream") + Get("/next"));
  stream_->Push("12345");
  stream_->Push("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil!");
  stream_->End();
  EXPECT_EQ(client.ReadResponse().body, "12345");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_FALSE(Sent().complete);
}

TEST_F(FrontStreamTest, AClientThatLeavesCancelsTheSource) {
  for (const bool reset : {false, true}) {
    sent_ = {};
    const auto running = Start();
    RawClient client = Connect();
    client.Send(Get("/stream"));
    stream_->Push("first");
    ASSERT_TRUE(client.ReadUntil("first").has_value());
    reset ? client.Reset() : client.Close();
    EXPECT_TRUE(stream_->WaitUntilDropped());
    EXPECT_FALSE(Sent().complete);
    front_.reset();
    stream_ = upstream_.Stream();
  }
}

TEST_F(FrontStreamTest, AClientThatLeftWhileTheHandlerRanCancelsTheSource) {
  upstream_.Hold();
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/stream"));
  ASSERT_TRUE(upstream_.WaitForCalls(1));
  client.Reset();
  ASSERT_TRUE(Eventually([&] { return front_->connections() == 0; }));
  upstream_.Release();
  EXPECT_TRUE(stream_->WaitUntilDropped());
  EXPECT_FALSE(Sent().complete);
}

TEST_F(FrontStreamTest, ASlowReaderSlowsTheSource) {
  std::atomic<std::size_t> taken{0};
  constexpr std::size_t kTotal = 64U << 20;
  handler_.On("/endless", [&](Request) {
    return ScriptedHandler::Stream(std::make_shared<EndlessBody>(kTotal, taken), kTotal);
  });
  const auto running = Start();
  RawClient client = Connect(16 * 1024);
  client.Send(Get("/endless"));
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  client.ReadExactly(1 << 20);
  EXPECT_TRUE(Eventually([&, last = std::size_t{0}, since = clock_.Monotonic()]() mutable {
    if (taken != last) {
      last = taken;
      since = clock_.Monotonic();
    }
    return clock_.Monotonic() - since > std::chrono::milliseconds(200);
  }));
  EXPECT_LT(taken, 16U << 20);
  EXPECT_EQ(client.ReadExactly(kTotal - (1 << 20)).size(), kTotal - (1 << 20));
}

TEST_F(FrontStreamTest, WhatAReaderHasTakenDoesNotPileUp) {
  std::atomic<std::size_t> taken{0};
  constexpr std::size_t kTotal = 256U << 20;
  constexpr std::size_t kStep = 1U << 20;
  handler_.On("/endless", [&](Request) {
    return ScriptedHandler::Stream(std::make_shared<EndlessBody>(kTotal, taken), kTotal);
  });
  options_.connection.write_window_bytes = 16U << 20;  // more than the kernel holds for both ends
  const auto running = Start();
  RawClient client = Connect(64 * 1024);
  client.Send(Get("/endless"));
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  const std::size_t before = ResidentBytes();
  for (std::size_t got = 0; got < kTotal - (32U << 20); got += kStep) {
    // The front always has something unsent: the reader is behind.
    ASSERT_TRUE(Eventually([&] { return taken - got >= options_.connection.write_window_bytes; }));
    ASSERT_EQ(client.ReadExactly(kStep).size(), kStep);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they keep freed memory
  EXPECT_LT(ResidentBytes(), before + (100U << 20));
#else
  (void)before;
#endif
}

TEST_F(FrontStreamTest, OnSentOfAWholeBodyWaitsForTheClientToTakeIt) {
  std::promise<SendOutcome> sent;
  handler_.On("/big", [&](Request) {
    Response response = ScriptedHandler::Text(std::string(32U << 20, 'x'));
    response.on_sent = [&](const SendOutcome& outcome) { sent.set_value(outcome); };
    return response;
  });
  const auto running = Start();
  {
    RawClient client = Connect(16 * 1024);
    client.Send(Get("/big"));
    ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
    client.Reset();
  }
  auto future = sent.get_future();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  const SendOutcome outcome = future.get();
  EXPECT_FALSE(outcome.complete);
  EXPECT_LT(outcome.body_bytes, 32U << 20);
}

}  // namespace
}  // namespace larder

// Time-outs over real sockets, with short real options: who is waited for, for how long, and what
// it is told.
#include <list>
#include <thread>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using End = RawClient::End;
using std::chrono::milliseconds;

constexpr milliseconds kShort{150};
constexpr milliseconds kLong{60'000};

class FrontTimeoutTest : public FrontTest {
 protected:
  FrontTimeoutTest() {
    options_.connection.head_timeout = kLong;
    options_.connection.body_timeout = kLong;
    options_.connection.idle_timeout = kLong;
    options_.connection.write_timeout = kLong;
  }
};

TEST_F(FrontTimeoutTest, AnIdleConnectionIsClosedWithoutAWord) {
  options_.connection.idle_timeout = kShort;
  const auto running = Start();
  RawClient fresh = Connect();
  RawClient used = Connect();
  const MonoTime before = clock_.Monotonic();
  used.Send(Get("/a"));
  EXPECT_EQ(used.ReadResponse().status(), 200);
  EXPECT_EQ(used.ReadToEnd(), "");
  EXPECT_EQ(used.end(), End::kFin);
  EXPECT_GE(clock_.Monotonic() - before, kShort);
  EXPECT_EQ(fresh.ReadToEnd(), "");
  EXPECT_EQ(fresh.end(), End::kFin);
}

TEST_F(FrontTimeoutTest, AHeadThatDripsIs408HoweverManyBytesKeepComing) {
  options_.connection.head_timeout = kShort;
  handler_.On("/head", [](Request) { return ScriptedHandler::Text("x"); });
  const auto running = Start();
  RawClient client = Connect();
  client.Send("HEAD /head HTTP/1.1\r\nHost: x\r\n\r\n");  // its method must not outlive it
  EXPECT_EQ(client.ReadResponse(true).status(), 200);
  client.Send("GET / HTTP/1.1\r\n");
  const MonoTime deadline = Soon();
  while (client.StaysSilent(milliseconds(5)) && clock_.Monotonic() < deadline)
    client.Send("A: b\r\n");
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.status(), 408);
  EXPECT_TRUE(answer.body.starts_with("front error: "));
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(handler_.seen().size(), 1U);
}

TEST_F(FrontTimeoutTest, SlowHeadsAreAllCutWhileOthersAreAnswered) {
  options_.connection.head_timeout = 4 * kShort;
  const auto running = Start();
  std::list<RawClient> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(Connect());
    slow.back().Send("GET /slow HTTP/1.1\r\nX: ");
  }
  RawClient honest = Connect();
  std::size_t answered = 0;
  const MonoTime deadline = Soon();
  while (front_->connections() < slow.size() + 1 && clock_.Monotonic() < deadline) {
    std::this_thread::yield();  // until all are accepted
  }
  while (front_->connections() > 1 && clock_.Monotonic() < deadline) {
    for (RawClient& client : slow) client.Send("a");
    honest.Send(Get("/honest"));
    ASSERT_EQ(honest.ReadResponse().status(), 200);
    ++answered;
    // Those that have been told 408 leave.
    std::erase_if(slow, [](RawClient& client) {
      return !client.StaysSilent(milliseconds(0)) && client.ReadResponse().status() == 408;
    });
  }
  EXPECT_TRUE(slow.empty());
  EXPECT_GT(answered, 1U);
  EXPECT_EQ(handler_.seen(), std::vector<std::string>(answered, "GET /honest"));
}

TEST_F(FrontTimeoutTest, ABodyThatStallsIs408) {
  options_.connection.body_timeout = kShort;
  const auto running = Start();
  for (const std::string& request : {Post("/a", "body").substr(0, Post("/a", "body").size() - 1),
                                     PostChunkedHead("/a") + "5\r\nhel"}) {
    RawClient client = Connect();
    client.Send(request);
    EXPECT_EQ(client.ReadResponse().status(), 408);
    EXPECT_EQ(client.ReadToEnd(), "");
  }
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(FrontTimeoutTest, AStreamedUploadThatStallsFailsForItsHandler) {
  options_.connection.body_timeout = kShort;
  handler_.On(
      "/up",
      [&](Request request) {
        const auto body = ReadWhole(*request.body_source, 100, Soon());
        return ScriptedHandler::Text(body.ok() ? "whole"
                                               : std::string(ErrorCodeName(body.error().code)));
      },
      kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  client.Send(PostChunkedHead("/up") + "5\r\nhello\r\n");
  const RawMessage answer = client.ReadResponse();
  EXPECT_EQ(answer.body, "deadline-exceeded");
  EXPECT_EQ(answer.Field("connection"), "close");
}

TEST_F(FrontTimeoutTest, AHandlerThatIsSlowToReadIsNotTheClientsFault) {
  options_.connection.body_timeout = kShort;
  options_.connection.upload_window_bytes = 1000;
  Gate gate;
  handler_.On(
      "/up",
      [&](Request request) {
        EXPECT_TRUE(gate.Pass());
        const auto body = ReadWhole(*request.body_source, 1 << 20, Soon());
        return ScriptedHandler::Text(body.ok() ? std::to_string(body->size())
                                               : body.error().message);
      },
      kStreamed);
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Post("/up", std::string(200'000, 'x')));
  EXPECT_TRUE(client.StaysSilent(3 * kShort));
  gate.Open();
  EXPECT_EQ(client.ReadResponse().body, "200000");
}

TEST_F(FrontTimeoutTest, AHandlerAndItsStreamMayTakeLongerThanEveryTimeout) {
  options_.connection.head_timeout = kShort;
  options_.connection.body_timeout = kShort;
  options_.connection.idle_timeout = kShort;
  options_.connection.write_timeout = kShort;
  FakeUpstream upstream;
  const auto stream = upstream.Stream();
  handler_.On("/stream",
              [&](Request) { return ScriptedHandler::Stream(upstream.Send({}).value().body); });
  upstream.Hold();
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/stream"));
  EXPECT_TRUE(client.StaysSilent(3 * kShort));
  upstream.Release();
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  EXPECT_TRUE(client.StaysSilent(3 * kShort));
  stream->Push("late");
  stream->End();
  EXPECT_EQ(client.ReadUntil("0\r\n\r\n"), "4\r\nlate\r\n0\r\n\r\n");
}

TEST_F(FrontTimeoutTest, AClientThatDoesNotReadIsClosed) {
  options_.connection.write_timeout = kShort;
  handler_.On("/big", [](Request) { return ScriptedHandler::Text(std::string(64U << 20, 'x')); });
  const auto running = Start();
  RawClient client = Connect(4096);
  client.Send(Get("/big"));
  EXPECT_TRUE(Eventually([&] { return front_->connections() == 1; }));
  EXPECT_TRUE(Eventually([&] { return front_->connections() == 0; }));
}

TEST_F(FrontTimeoutTest, AClientThatReadsSlowlyKeepsItsConnectionHoweverLongItTakes) {
  options_.connection.write_timeout = 4 * kShort;
  options_.connection.idle_timeout = kShort;
  constexpr std::size_t kSize = 24U << 20;
  handler_.On("/big", [](Request) { return ScriptedHandler::Text(std::string(kSize, 'x')); });
  const auto running = Start();
  RawClient client = Connect(4096);
  client.Send(Get("/big"));
  ASSERT_TRUE(client.ReadUntil("\r\n\r\n").has_value());
  const MonoTime start = clock_.Monotonic();
  std::size_t got = 0;
  while (got < kSize) {
    const std::size_t step = std::min<std::size_t>(kSize - got, 2U << 20);
    ASSERT_EQ(client.ReadExactly(step).size(), step) << got;
    got += step;
    EXPECT_FALSE(Gate().Pass(kShort / 2));  // a pause shorter than the write time-out
  }
  EXPECT_GT(clock_.Monotonic() - start, 5 * kShort);
}

}  // namespace
}  // namespace larder

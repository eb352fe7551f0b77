// Many clients, full servers, endings.
#include <filesystem>

#include "tests/proxy/http_front_fixture.h"
#include "tests/support/fake_upstream.h"

namespace larder {
namespace {

using End = RawClient::End;

std::size_t ThreadsOfThisProcess() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
    ++count;
  return count;
}

TEST_F(FrontTest, ClientsThatAreGoneBeforeTheyAreAcceptedHarmNobody) {
  const auto running = Start();
  for (int i = 0; i < 200; ++i) {
    RawClient gone = Connect();
    if (i % 2 == 0) gone.Send(Get("/gone").substr(0, static_cast<std::size_t>(i) % 20));
    gone.Reset();
  }
  RawClient client = Connect();
  client.Send(Get("/a"));
  EXPECT_EQ(client.ReadResponse().body, "GET /a ");
  EXPECT_TRUE(Eventually([&] { return front_->connections() == 1; }));
}

TEST_F(FrontTest, TwoHundredIdleConnectionsCostNoThread) {
  const auto running = Start();
  RawClient one = Connect();
  one.Send(Get("/a"));
  EXPECT_EQ(one.ReadResponse().status(), 200);
  const std::size_t before = ThreadsOfThisProcess();
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(Connect());
    ASSERT_TRUE(clients.back().Send(Get("/" + std::to_string(i))));
    ASSERT_EQ(clients.back().ReadResponse().status(), 200);
  }
  EXPECT_EQ(front_->connections(), 201U);
  EXPECT_LE(ThreadsOfThisProcess(), before + 2);  // a worker or two, never one each
  one.Send(Get("/a"));
  EXPECT_EQ(one.ReadResponse().status(), 200);
}

TEST_F(FrontTest, WhenEveryWorkerIsBusyAndTheQueueFullOthersGet503AndKeepTheirConnection) {
  options_.workers = {.max_threads = 2, .queue_limit = 1};
  Gate gate;
  handler_.On("/slow", [&](Request) {
    EXPECT_TRUE(gate.Pass());
    return ScriptedHandler::Text("slow");
  });
  handler_.On(
      "/livez", [](Request) { return ScriptedHandler::Text("alive"); }, kOnLoop);
  const auto running = Start();
  std::vector<RawClient> busy;
  for (std::size_t i = 0; i < 3; ++i) {
    busy.push_back(Connect());
    busy.back().Send(Get("/slow"));
    // The third waits in the queue.
    ASSERT_TRUE(Eventually(
        [&] { return i < 2 ? handler_.seen().size() == i + 1 : front_->workers().queued() == 1; }));
  }
  RawClient refused = Connect();
  refused.Send(Get("/slow") + Get("/livez"));
  const RawMessage answer = refused.ReadResponse();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.Field("retry-after"), "1");
  EXPECT_TRUE(answer.body.starts_with("front error: "));
  EXPECT_EQ(refused.ReadResponse().body, "alive");
  gate.Open();
  for (RawClient& client : busy) EXPECT_EQ(client.ReadResponse().body, "slow");
  refused.Send(Get("/slow"));
  EXPECT_EQ(refused.ReadResponse().body, "slow");
}

TEST_F(FrontTest, OneConnectionTooManyIsTold503AndMakesRoomForNobody) {
  options_.max_connections = 2;
  const auto running = Start();
  RawClient a = Connect();
  auto b = std::make_unique<RawClient>(front_->port());
  ASSERT_TRUE(Eventually([&] { return front_->connections() == 2; }));
  RawClient c = Connect();
  const RawMessage answer = c.ReadResponse();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.Field("retry-after"), "1");
  EXPECT_TRUE(answer.body.starts_with("front error: "));
  EXPECT_EQ(c.ReadToEnd(), "");
  a.Send(Get("/a"));
  EXPECT_EQ(a.ReadResponse().status(), 200);
  b.reset();
  ASSERT_TRUE(Eventually([&] { return front_->connections() == 1; }));
  RawClient d = Connect();
  d.Send(Get("/d"));
  EXPECT_EQ(d.ReadResponse().status(), 200);
}

TEST_F(FrontTest, AnAddressInUseOrNotOfThisMachineIsUnavailable) {
  const auto running = Start();
  FrontOptions taken = options_;
  taken.port = front_->port();
  Front second(taken, handler_, clock_);
  EXPECT_EQ(second.Start().error().code, ErrorCode::kUnavailable);
  FrontOptions foreign = options_;
  foreign.host = "192.0.2.1";
  Front third(foreign, handler_, clock_);
  const Status status = third.Start();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(status.error().message.find("192.0.2.1"), std::string::npos);
}

TEST_F(FrontTest, DrainFinishesRequestsInFlightAndRefusesNewConnections) {
  Gate gate;
  FakeUpstream upstream;
  const auto stream = upstream.Stream();
  handler_.On("/slow", [&](Request) {
    EXPECT_TRUE(gate.Pass());
    return ScriptedHandler::Text("slow");
  });
  handler_.On("/stream",
              [&](Request) { return ScriptedHandler::Stream(upstream.Send({}).value().body); });
  const auto running = Start();
  const std::uint16_t port = front_->port();
  RawClient idle = Connect();
  RawClient slow = Connect();
  RawClient streaming = Connect();
  slow.Send(Get("/slow"));
  streaming.Send(Get("/stream"));
  ASSERT_TRUE(streaming.ReadUntil("\r\n\r\n").has_value());
  ASSERT_TRUE(Eventually([&] { return handler_.seen().size() == 2; }));
  auto drained = std::async(std::launch::async, [&] { return front_->Drain(Soon()); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(idle.end(), End::kFin);
  EXPECT_TRUE(Eventually([&] { return !RawClient(port).connected(); }));
  EXPECT_EQ(drained.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  gate.Open();
  const RawMessage answer = slow.ReadResponse();
  EXPECT_EQ(answer.body, "slow");
  EXPECT_EQ(answer.Field("connection"), "close");
  stream->Push("rest");
  stream->End();
  EXPECT_EQ(streaming.ReadUntil("0\r\n\r\n"), "4\r\nrest\r\n0\r\n\r\n");
  slow.Close();
  streaming.Close();
  EXPECT_TRUE(drained.get());
}

TEST_F(FrontTest, DrainGivesUpAtItsDeadline) {
  Gate gate;
  handler_.On("/slow", [&](Request) {
    gate.Pass();
    return ScriptedHandler::Text("slow");
  });
  const auto running = Start();
  RawClient client = Connect();
  client.Send(Get("/slow"));
  ASSERT_TRUE(Eventually([&] { return handler_.seen().size() == 1; }));
  EXPECT_FALSE(front_->Drain(clock_.Monotonic() + std::chrono::milliseconds(50)));
  gate.Open();
}

TEST_F(FrontTest, StopClosesEveryConnectionAtOnceAndWaitsForItsHandlers) {
  Gate gate;
  std::atomic<int> sent{0};
  std::atomic<bool> complete{true};
  handler_.On("/slow", [&](Request) {
    EXPECT_TRUE(gate.Pass());
    Response response = ScriptedHandler::Text("slow");
    response.on_sent = [&](const SendOutcome& outcome) {
      ++sent;
      complete = outcome.complete;
    };
    return response;
  });
  const auto running = Start();
  RawClient idle = Connect();
  RawClient busy = Connect();
  busy.Send(Get("/slow"));
  ASSERT_TRUE(Eventually([&] { return handler_.seen().size() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { front_->Stop(); });
  EXPECT_TRUE(idle.WaitForEnd());
  EXPECT_TRUE(busy.WaitForEnd());
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  gate.Open();
  ASSERT_EQ(stopped.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(sent, 1);
  EXPECT_FALSE(complete);
  front_->Stop();
}

TEST_F(FrontTest, ManyClientsAtOnceEachGetTheirOwnAnswers) {
  handler_.On(
      "/loop", [](Request request) { return ScriptedHandler::Text(std::string(request.query())); },
      kOnLoop);
  handler_.On(
      "/stream", [](Request request) { return ScriptedHandler::Stream(request.body_source); },
      kStreamed);
  const auto running = Start();
  std::atomic<int> wrong{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 6; ++t) {
    clients.emplace_back([&, t] {
      for (int round = 0; round < 15; ++round) {
        RawClient client = Connect();
        for (int i = 0; i < 10; ++i) {
          const std::string mine =
              std::to_string(t) + "-" + std::to_string(round) + "-" + std::to_string(i);
          client.Send(Get("/loop?" + mine) + Post("/work", mine));
          wrong += client.ReadResponse().body != mine;
          wrong += client.ReadResponse().body != "POST /work " + mine;
        }
        const std::string large(100'000, static_cast<char>('a' + t));
        client.Send(Post("/stream", large));
        if (round % 3 == 0) {
          client.Reset();  // leaves in the middle
        } else {
          wrong += client.ReadResponse().body != large;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(Eventually([&] { return front_->connections() == 0; }));
}

}  // namespace
}  // namespace larder

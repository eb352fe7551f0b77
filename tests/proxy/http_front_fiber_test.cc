// Requests whose handlers run as fibers of their loop: what they wait for holds nothing up.
#include "tests/proxy/http_front_fixture.h"

namespace larder {
namespace {

// Waited for on fibers and threads alike. Thread-safe.
class Barrier {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Pass() {
    MutexLock lock(mutex_);
    ++waiting_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mutex_);
  }
  void AwaitWaiting(int count) {
    MutexLock lock(mutex_);
    while (waiting_ < count) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ LARDER_GUARDED_BY(mutex_) = false;
  int waiting_ LARDER_GUARDED_BY(mutex_) = 0;
};

class FrontFiberTest : public FrontTest {
 protected:
  static constexpr RequestPlan kOnFiber{
      .whole_body = true, .max_body_bytes = 0, .on_loop = false, .on_fiber = true};

  FrontFiberTest() {
    options_.loops = 1;
    handler_.On(
        "/wait",
        [this](const Request& request) {
          barrier_.Pass();
          return ScriptedHandler::Text("waited " + request.body);
        },
        kOnFiber);
    handler_.On(
        "/quick", [](const Request&) { return ScriptedHandler::Text("quick"); }, kOnFiber);
    handler_.On(
        "/loop", [](const Request&) { return ScriptedHandler::Text("loop"); }, kOnLoop);
  }

  static std::string Ask(const std::string& path, const std::string& body = "") {
    return "POST " + path +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

  Barrier barrier_;
};

TEST_F(FrontFiberTest, ManyThatWaitOnOneLoopHoldUpNobody) {
  const auto running = Start();
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 50; ++i) {
    waiting.push_back(std::make_unique<RawClient>(front_->port()));
    ASSERT_TRUE(waiting.back()->Send(Ask("/wait", std::to_string(i))));
  }
  barrier_.AwaitWaiting(50);
  EXPECT_EQ(front_->workers().threads(), 0U);
  RawClient other(front_->port());
  ASSERT_TRUE(other.Send(Ask("/quick")));
  EXPECT_EQ(other.ReadResponse().body, "quick");
  barrier_.Open();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(waiting[static_cast<std::size_t>(i)]->ReadResponse().body,
              "waited " + std::to_string(i));
  }
}

TEST_F(FrontFiberTest, PipelinedRequestsAreAnsweredInOrderWhetherTheyWaitOrNot) {
  const auto running = Start();
  RawClient client(front_->port());
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += Ask(i % 3 == 0 ? "/wait" : "/quick", std::to_string(i));
  ASSERT_TRUE(client.Send(requests));
  barrier_.AwaitWaiting(1);
  barrier_.Open();
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.ReadResponse().body, i % 3 == 0 ? "waited " + std::to_string(i) : "quick");
  }
}

TEST_F(FrontFiberTest, OneTooManyIsTold503WhileTheLoopStillAnswers) {
  options_.max_requests = 2;
  const auto running = Start();
  RawClient first(front_->port());
  RawClient second(front_->port());
  ASSERT_TRUE(first.Send(Ask("/wait")) && second.Send(Ask("/wait")));
  barrier_.AwaitWaiting(2);
  RawClient third(front_->port());
  ASSERT_TRUE(third.Send(Ask("/wait")));
  const RawMessage busy = third.ReadResponse();
  EXPECT_EQ(busy.status(), 503);
  EXPECT_EQ(busy.Field("retry-after"), "1");
  ASSERT_TRUE(third.Send(Ask("/loop")));  // health checks and metrics
  EXPECT_EQ(third.ReadResponse().body, "loop");
  barrier_.Open();
  EXPECT_EQ(first.ReadResponse().status(), 200);
  EXPECT_EQ(second.ReadResponse().status(), 200);
  ASSERT_TRUE(third.Send(Ask("/wait")));
  EXPECT_EQ(third.ReadResponse().status(), 200);
}

TEST_F(FrontFiberTest, AClientThatLeftIsForgottenAndItsHandlerEnds) {
  const auto running = Start();
  std::promise<SendOutcome> sent;
  handler_.On(
      "/leave",
      [&](const Request&) {
        barrier_.Pass();
        Response response = ScriptedHandler::Text("nobody reads this");
        response.on_sent = [&](const SendOutcome& outcome) { sent.set_value(outcome); };
        return response;
      },
      kOnFiber);
  {
    RawClient client(front_->port());
    ASSERT_TRUE(client.Send(Ask("/leave")));
    barrier_.AwaitWaiting(1);
    client.Reset();
  }
  RawClient other(front_->port());
  while (front_->connections() > 1) std::this_thread::yield();
  barrier_.Open();
  EXPECT_FALSE(sent.get_future().get().complete);
}

TEST_F(FrontFiberTest, StopWaitsForThoseThatWait) {
  const auto running = Start();
  RawClient client(front_->port());
  ASSERT_TRUE(client.Send(Ask("/wait")));
  barrier_.AwaitWaiting(1);
  std::thread opener([&] {
    while (front_->connections() > 0) std::this_thread::yield();  // Stop has begun
    barrier_.Open();
  });
  front_->Stop();
  opener.join();
  EXPECT_TRUE(client.WaitForEnd());
}

}  // namespace
}  // namespace larder

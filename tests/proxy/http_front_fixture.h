// What the front's tests share: a handler whose paths a test scripts, and a front with it on port
// 0.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "proxy/http/front.h"
#include "tests/support/raw_client.h"

namespace larder {

// Thread-safe once its paths are scripted.
class ScriptedHandler final : public HttpHandler {
 public:
  using Handle1 = std::function<Response(Request)>;

  // Requests for `path` are planned and handled so; every other path echoes method, target and
  // body.
  void On(const std::string& path, Handle1 handle, RequestPlan plan = {}) {
    paths_[path] = {plan, std::move(handle)};
  }

  // "GET /a" for each request that reached Handle, in the order in which they did.
  std::vector<std::string> seen() const {
    MutexLock lock(mutex_);
    return seen_;
  }

  RequestPlan Plan(const Request& head) const override {
    const auto found = paths_.find(head.path());
    return found == paths_.end() ? RequestPlan{} : found->second.plan;
  }

  Response Handle(Request request) override {
    {
      MutexLock lock(mutex_);
      seen_.push_back(request.method + " " + request.target);
    }
    const auto found = paths_.find(request.path());
    if (found != paths_.end()) return found->second.handle(std::move(request));
    return Text(request.method + " " + request.target + " " + request.body);
  }

  Response RenderFrontError(int status, std::string_view message) const override {
    Response response = Text("front error: " + std::string(message));
    response.status = status;
    return response;
  }

  static Response Text(std::string body) {
    Response response;
    response.headers = {{"content-type", "text/plain"}};
    response.body = std::move(body);
    return response;
  }
  static Response Stream(std::shared_ptr<BodySource> body,
                         std::optional<std::uint64_t> size = std::nullopt) {
    Response response;
    response.stream = std::move(body);
    response.stream_size = size;
    return response;
  }

 private:
  struct Path {
    RequestPlan plan;
    Handle1 handle;
  };
  std::map<std::string, Path, std::less<>> paths_;
  mutable Mutex mutex_;
  std::vector<std::string> seen_ LARDER_GUARDED_BY(mutex_);
};

// Opens once; a handler waits at it, for at most 20 s. Thread-safe.
class Gate {
 public:
  void Open() { opened_.set_value(); }
  // False when it did not open in time.
  bool Pass(std::chrono::milliseconds wait = std::chrono::seconds(20)) const {
    return open_.wait_for(wait) == std::future_status::ready;
  }

 private:
  std::promise<void> opened_;
  std::shared_future<void> open_{opened_.get_future().share()};
};

class FrontTest : public testing::Test {
 protected:
  static constexpr RequestPlan kStreamed{.whole_body = false};
  static constexpr RequestPlan kOnLoop{.whole_body = true, .max_body_bytes = 0, .on_loop = true};

  FrontTest() {
    options_.port = 0;
    options_.loops = 2;
    options_.workers = {.max_threads = 8, .queue_limit = 64};
  }

  // Ends the front before what stands above it in the test's scope: its handlers use that.
  class [[nodiscard]] Running {
   public:
    explicit Running(std::unique_ptr<Front>& front) : front_(front) {}
    ~Running() { front_.reset(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    std::unique_ptr<Front>& front_;
  };

  // With the options and paths as they stand then.
  Running Start() {
    front_ = std::make_unique<Front>(options_, handler_, clock_);
    EXPECT_TRUE(front_->Start().ok());
    return Running(front_);
  }
  RawClient Connect(int receive_buffer_bytes = 0) {
    return RawClient(front_->port(), receive_buffer_bytes);
  }
  MonoTime Soon() const { return clock_.Monotonic() + std::chrono::seconds(20); }
  // Waits, at most 20 s, until `holds`. For conditions without an event of their own.
  bool Eventually(const std::function<bool()>& holds) const {
    const MonoTime deadline = Soon();
    while (!holds()) {
      if (clock_.Monotonic() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  static std::string Get(const std::string& target, const std::string& fields = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
  }
  static std::string Post(const std::string& target, const std::string& body) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }
  static std::string PostChunkedHead(const std::string& target) {
    return "POST " + target + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  }

  SystemClock clock_;
  ScriptedHandler handler_;
  FrontOptions options_;
  std::unique_ptr<Front> front_;
};

}  // namespace larder

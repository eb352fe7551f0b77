// FiberLoop: an event loop whose fibers ask a Transport, as a front's handlers do.
// FiberTransport: a Transport all of whose requests are sent so. Thread-safety: as Transport.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "proxy/http/event_loop.h"
#include "proxy/upstream/transport.h"

namespace larder {

class FiberLoop {
 public:
  using Reply = Result<UpstreamReply>;

  FiberLoop() : loop_(std::move(EventLoop::Create()).value()) { loop_->Start({}, 100); }
  ~FiberLoop() { Stop(); }
  FiberLoop(const FiberLoop&) = delete;
  FiberLoop& operator=(const FiberLoop&) = delete;

  // Runs `task` as a fiber; the future is ready when it has returned. `task` and what it refers to
  // live until then.
  template <typename Task>
  auto Run(Task task) {
    const auto done = std::make_shared<std::promise<decltype(task())>>();
    auto future = done->get_future();
    loop_->Post([this, done, task = std::move(task)] {
      const bool ran = loop_->fibers().Run([done, task] { done->set_value(task()); });
      if (!ran) std::abort();
    });
    return future;
  }
  std::future<Reply> Send(Transport& transport, const std::string& url, UpstreamRequest request) {
    return Run(
        [&transport, url, request = std::move(request)] { return transport.Send(url, request); });
  }
  // Precondition: every fiber has returned.
  void Stop() { loop_->Stop(); }
  EventLoop& events() { return *loop_; }

 private:
  const std::unique_ptr<EventLoop> loop_;
};

class FiberTransport final : public Transport {
 public:
  explicit FiberTransport(std::unique_ptr<Transport> transport)
      : transport_(std::move(transport)) {}

  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override {
    return loop_.Send(*transport_, url, std::move(request)).get();
  }
  std::size_t queued() const override { return transport_->queued(); }
  void Abort() override { transport_->Abort(); }

 private:
  FiberLoop loop_;
  std::unique_ptr<Transport> transport_;  // goes before the loop that it works on
};

}  // namespace larder

// FiberTransport: a Transport whose requests are sent by fibers on one event loop, as a front's
// handlers send theirs. Thread-safety: as Transport.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "proxy/http/event_loop.h"
#include "proxy/upstream/transport.h"

namespace larder {

class FiberTransport final : public Transport {
 public:
  explicit FiberTransport(std::unique_ptr<Transport> transport)
      : transport_(std::move(transport)), loop_(std::move(EventLoop::Create()).value()) {
    loop_->Start({}, 100);
  }
  // The transport goes before the loop that it works on.
  ~FiberTransport() override {
    transport_.reset();
    loop_->Stop();
  }

  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override {
    const auto reply = std::make_shared<std::promise<Result<UpstreamReply>>>();
    auto answered = reply->get_future();
    loop_->Post([this, reply, url, request = std::move(request)] {
      const bool ran = loop_->fibers().Run(
          [this, reply, url, request] { reply->set_value(transport_->Send(url, request)); });
      if (!ran) reply->set_value(InternalError("no memory for a fiber"));
    });
    return answered.get();
  }
  std::size_t queued() const override { return transport_->queued(); }
  void Abort() override { transport_->Abort(); }

  EventLoop& loop() { return *loop_; }

 private:
  std::unique_ptr<Transport> transport_;
  const std::unique_ptr<EventLoop> loop_;
};

}  // namespace larder

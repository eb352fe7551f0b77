#include "proxy/upstream/plain_engine.h"

#include <vector>

#include "base/fiber.h"
#include "proxy/upstream/plain_loop.h"

namespace larder {
namespace {

constexpr int kTickMillis = 100;

}  // namespace

class PlainEngine::Impl : public std::enable_shared_from_this<PlainEngine::Impl> {
 public:
  Impl(const PlainEngineOptions& options, const Clock& clock)
      : shared_(std::make_shared<PlainShared>(options, clock)) {}

  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) {
    LARDER_ASSIGN_OR_RETURN(RenderedRequest rendered, RenderRequest(url, request));
    const auto exchange = std::make_shared<PlainExchange>(
        std::move(rendered), std::move(request), shared_->options.queue_timeout, shared_->clock);
    EventLoop* const here = EventLoop::Current();
    if (here != nullptr && Fiber::Current() != nullptr) {
      LoopOn(*here).Begin(exchange);
    } else {
      LARDER_ASSIGN_OR_RETURN(EventLoop* const own, OwnLoop());
      own->Post([this, own, exchange] { LoopOn(*own).Begin(exchange); });
    }
    return exchange->WaitForHead();
  }

  std::size_t queued() const { return shared_->permits.waiting(); }

  void Abort() {
    MutexLock lock(mutex_);
    closed_ = true;
    // Each removes itself before its event loop goes.
    for (PlainLoop* const loop : loops_) {
      loop->events().Post([loop] { loop->Shut(); });
    }
  }

  // Returns when nothing works any more.
  void Stop() {
    Abort();
    if (EventLoop* const here = EventLoop::Current(); here != nullptr) {
      LoopOn(*here).Shut();  // this thread would wait for itself
    }
    {
      MutexLock lock(mutex_);
      while (!loops_.empty()) loops_changed_.Wait(mutex_);
    }
    own_.reset();
  }

 private:
  // What the engine keeps on `loop`. On its thread.
  PlainLoop& LoopOn(EventLoop& loop) {
    return static_cast<PlainLoop&>(
        loop.ResidentOf(this, [this, &loop]() -> std::unique_ptr<EventLoop::Resident> {
          auto made = std::make_unique<PlainLoop>(
              loop, shared_, [self = shared_from_this()](PlainLoop& shut) { self->Forget(shut); });
          bool closed = false;
          {
            MutexLock lock(mutex_);
            loops_.push_back(made.get());
            closed = closed_;
          }
          if (closed) made->Shut();
          return made;
        }));
  }

  void Forget(PlainLoop& loop) {
    MutexLock lock(mutex_);
    std::erase(loops_, &loop);
    loops_changed_.NotifyAll();
  }

  Result<EventLoop*> OwnLoop() {
    MutexLock lock(mutex_);
    if (closed_) return PlainShared::ShuttingDown();
    if (own_ == nullptr) {
      LARDER_ASSIGN_OR_RETURN(own_, EventLoop::Create());
      own_->Start({}, kTickMillis);
    }
    return own_.get();
  }

  const std::shared_ptr<PlainShared> shared_;  // with the loops, which may outlive the engine
  Mutex mutex_;
  CondVar loops_changed_;
  bool closed_ LARDER_GUARDED_BY(mutex_) = false;
  std::vector<PlainLoop*> loops_ LARDER_GUARDED_BY(mutex_);
  std::unique_ptr<EventLoop> own_;  // made under mutex_ for the first caller outside any loop
};

PlainEngine::PlainEngine(const PlainEngineOptions& options, const Clock& clock)
    : impl_(std::make_shared<Impl>(options, clock)) {}

PlainEngine::~PlainEngine() {
  impl_->Stop();
}

Result<UpstreamReply> PlainEngine::Send(const std::string& url, UpstreamRequest request) {
  return impl_->Send(url, std::move(request));
}

std::size_t PlainEngine::queued() const {
  return impl_->queued();
}

void PlainEngine::Abort() {
  impl_->Abort();
}

}  // namespace larder

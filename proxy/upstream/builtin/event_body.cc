#include "proxy/upstream/builtin/event_body.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace larder::builtin {

// Calls the waker once each time a set moment has come. The waker runs under the lock: that is what
// lets SetWaker promise that no earlier one runs after it returned.
class EventBody::Timer {
 public:
  ~Timer() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  }

  void WakeAt(MonoTime moment) {
    MutexLock lock(mutex_);
    moment_ = moment;
    has_come_ = false;
    changed_.NotifyAll();
    if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  }

  void SetWaker(std::function<void()> waker) {
    MutexLock lock(mutex_);
    waker_ = std::move(waker);
    if (has_come_ && waker_) waker_();
  }

 private:
  void Run() {
    MutexLock lock(mutex_);
    while (!stopping_) {
      if (!moment_) {
        changed_.Wait(mutex_);
      } else if (SystemClock().Monotonic() < *moment_) {
        changed_.WaitUntil(mutex_, *moment_);
      } else {
        moment_.reset();
        has_come_ = true;
        if (waker_) waker_();
      }
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::function<void()> waker_ LARDER_GUARDED_BY(mutex_);
  std::optional<MonoTime> moment_ LARDER_GUARDED_BY(mutex_);
  bool has_come_ LARDER_GUARDED_BY(mutex_) = false;
  bool stopping_ LARDER_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // started by the reader's first wait, joined by the destructor
};

EventBody::EventBody(std::size_t count, std::function<std::string(std::size_t)> render,
                     std::chrono::milliseconds delay)
    : count_(count),
      render_(std::move(render)),
      delay_(delay),
      timer_(delay.count() > 0 ? std::make_unique<Timer>() : nullptr) {}

EventBody::~EventBody() = default;

ReadState EventBody::TryRead(std::size_t max_bytes, std::string& out) {
  if (position_ == event_.size()) {
    if (next_ == count_) return ReadState::kEnd;
    if (timer_ != nullptr && SystemClock().Monotonic() < due_) {
      timer_->WakeAt(due_);
      return ReadState::kWait;
    }
    event_ = render_(next_++);
    position_ = 0;
  }
  const std::size_t size = std::min(max_bytes, event_.size() - position_);
  out.append(event_, position_, size);
  position_ += size;
  if (timer_ != nullptr) due_ = SystemClock().Monotonic() + delay_;
  return ReadState::kData;
}

void EventBody::SetWaker(std::function<void()> waker) {
  if (timer_ != nullptr) timer_->SetWaker(std::move(waker));
}

}  // namespace larder::builtin

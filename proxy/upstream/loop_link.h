// LoopLink: a way to an event loop that may be gone by the time it is used. Thread-safety: every
// method may be called from any thread.
#pragma once

#include <atomic>
#include <functional>

#include "base/mutex.h"
#include "proxy/http/event_loop.h"

namespace larder {

class LoopLink {
 public:
  explicit LoopLink(EventLoop& loop) : loop_(&loop) {}

  // Runs `task` on the loop's thread, not within this call; not at all once the link was cut or the
  // loop was stopped. On the loop's own thread it costs no lock.
  void Post(std::function<void()> task) {
    if (EventLoop* const here = EventLoop::Current();
        here != nullptr && here == loop_.load(std::memory_order_relaxed)) {
      here->Post(std::move(task));
      return;
    }
    MutexLock lock(mutex_);
    if (EventLoop* const loop = loop_.load(std::memory_order_relaxed); loop != nullptr) {
      loop->Post(std::move(task));
    }
  }

  // The loop is about to go. On its own thread; tasks that were posted are not run any more.
  void Cut() {
    MutexLock lock(mutex_);
    loop_.store(nullptr, std::memory_order_relaxed);
  }

 private:
  Mutex mutex_;  // held while another thread posts, so that the loop stays
  std::atomic<EventLoop*> loop_;
};

}  // namespace larder

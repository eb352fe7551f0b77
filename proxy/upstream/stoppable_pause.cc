#include "proxy/upstream/stoppable_pause.h"

namespace larder {

bool StoppablePause::For(std::chrono::milliseconds duration) {
  const auto deadline = std::chrono::steady_clock::now() + duration;
  MutexLock lock(mutex_);
  while (!stopped_) {
    if (!changed_.WaitUntil(mutex_, deadline)) break;
  }
  return !stopped_;
}

void StoppablePause::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

}  // namespace larder

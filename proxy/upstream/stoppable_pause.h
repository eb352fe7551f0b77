// StoppablePause: waits that end early, all of them and for good, when the server stops.
// Thread-safety: every method may be called from any thread.
#pragma once

#include <chrono>

#include "base/mutex.h"

namespace larder {

class StoppablePause {
 public:
  // Blocks for `duration` of real time. False as soon as Stop has been called.
  bool For(std::chrono::milliseconds duration);
  void Stop();

 private:
  Mutex mutex_;
  CondVar changed_;
  bool stopped_ LARDER_GUARDED_BY(mutex_) = false;
};

}  // namespace larder

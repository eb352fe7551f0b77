// Gate: holds the first who passes until it is opened. For tests that stop another thread at one
// moment. Thread-safe.
#pragma once

#include "base/mutex.h"

namespace larder {

class Gate {
 public:
  // The first waits until Open; everybody else goes on.
  void Pass() {
    MutexLock lock(mutex_);
    if (std::exchange(reached_, true)) return;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mutex_);
  }
  // Returns once the first stands at the gate.
  void WaitUntilHeld() {
    MutexLock lock(mutex_);
    while (!reached_) changed_.Wait(mutex_);
  }
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool reached_ LARDER_GUARDED_BY(mutex_) = false;
  bool open_ LARDER_GUARDED_BY(mutex_) = false;
};

}  // namespace larder

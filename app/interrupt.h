// Interrupt: Ctrl-C as an orderly end. What waits, reads or talks to a server looks at it or is
// woken by it, so that a verb can stop where it is, say how far it came and exit with status 130.
// Thread-safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace larder {

// What a shell sees of a process that SIGINT ended.
constexpr int kInterruptedStatus = 130;

class Interrupt {
 public:
  // Triggered by nobody but Trigger().
  Interrupt();
  // Triggered by the first SIGINT or SIGTERM of the process; a second one ends it at once. At most
  // one such object lives at a time.
  static std::unique_ptr<Interrupt> OnSignals();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void Trigger();
  bool triggered() const;
  // Waits; true as soon as it is triggered, false at `deadline`.
  bool WaitUntil(MonoTime deadline) const;
  // A descriptor for poll(2) that becomes readable for good when it is triggered.
  int fd() const { return event_fd_; }

  // For its life, `wake` is called from another thread every 50 ms from the trigger on: what it
  // should end may not have begun yet.
  class Listener {
   public:
    Listener(Interrupt& interrupt, std::function<void()> wake);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    Interrupt& interrupt_;
    std::list<std::function<void()>>::iterator place_;
  };

 private:
  void Watch();

  int event_fd_;
  int stop_fd_;
  bool on_signals_ = false;
  Mutex mutex_;
  std::list<std::function<void()>> listeners_ LARDER_GUARDED_BY(mutex_);
  std::thread watcher_;
};

}  // namespace larder

// Mutex, MutexLock, CondVar: std's, with clang's thread-safety annotations, so that a field marked
// LARDER_GUARDED_BY cannot be read without its lock. Compile with clang -Wthread-safety to check.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#if defined(__clang__)
#define LARDER_ANNOTATE(x) __attribute__((x))
#else
#define LARDER_ANNOTATE(x)
#endif
#define LARDER_GUARDED_BY(m) LARDER_ANNOTATE(guarded_by(m))
#define LARDER_REQUIRES(m) LARDER_ANNOTATE(requires_capability(m))
#define LARDER_EXCLUDES(m) LARDER_ANNOTATE(locks_excluded(m))

namespace larder {

class LARDER_ANNOTATE(capability("mutex")) Mutex {
 public:
  void Lock() LARDER_ANNOTATE(acquire_capability()) { mutex_.lock(); }
  void Unlock() LARDER_ANNOTATE(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class LARDER_ANNOTATE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LARDER_ANNOTATE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() LARDER_ANNOTATE(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class LARDER_ANNOTATE(capability("mutex")) SharedMutex {
 public:
  void Lock() LARDER_ANNOTATE(acquire_capability()) { mutex_.lock(); }
  void Unlock() LARDER_ANNOTATE(release_capability()) { mutex_.unlock(); }
  void LockShared() LARDER_ANNOTATE(acquire_shared_capability()) { mutex_.lock_shared(); }
  void UnlockShared() LARDER_ANNOTATE(release_shared_capability()) { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class LARDER_ANNOTATE(scoped_lockable) WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) LARDER_ANNOTATE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~WriterLock() LARDER_ANNOTATE(release_capability()) { mutex_.Unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class LARDER_ANNOTATE(scoped_lockable) ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) LARDER_ANNOTATE(acquire_shared_capability(mutex))
      : mutex_(mutex) {
    mutex_.LockShared();
  }
  ~ReaderLock() LARDER_ANNOTATE(release_generic_capability()) { mutex_.UnlockShared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class Fiber;

// Waits may return early without a notification: call them in a loop that checks the condition.
// Whoever waits on a fiber (base/fiber.h) stands still alone; its thread goes on.
class CondVar {
 public:
  // Releases `mutex` while waiting, holds it again on return.
  void Wait(Mutex& mutex) LARDER_REQUIRES(mutex);
  // False once `deadline` has passed.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      LARDER_REQUIRES(mutex);
  // For what has changed under the mutex that the waiters hold.
  void NotifyOne();
  void NotifyAll();

 private:
  struct FiberTicket {
    std::shared_ptr<Fiber> fiber;  // owned by its runner, and by who may wake it
    std::uint64_t suspension;
  };
  bool WaitOnFiber(Fiber& fiber, Mutex& mutex, std::chrono::steady_clock::time_point deadline);

  std::condition_variable cv_;
  std::atomic<std::size_t> fiber_count_{0};
  std::mutex fibers_mutex_;
  std::vector<FiberTicket> fibers_;
};

}  // namespace larder

// FairSharedMutex: readers share, a writer excludes, and neither starves the other.
//
// glibc's rwlock, which base's SharedMutex is, prefers readers: under searches that overlap without
// a gap an insert would wait for ever (pthread_rwlockattr_setkind_np(3)). A writer here first takes
// the turnstile every new reader passes through; it gives it back before it writes, so that a loop
// of inserts lets the readers that queued behind one insert run before the next. Thread-safety: it
// is a lock. Not recursive, for readers neither.
#pragma once

#include "base/mutex.h"

namespace larder {

class LARDER_ANNOTATE(capability("mutex")) FairSharedMutex {
 public:
  void Lock() LARDER_ANNOTATE(acquire_capability()) LARDER_ANNOTATE(no_thread_safety_analysis) {
    MutexLock turn(turnstile_);
    mutex_.Lock();
  }
  void Unlock() LARDER_ANNOTATE(release_capability()) LARDER_ANNOTATE(no_thread_safety_analysis) {
    mutex_.Unlock();
  }
  void LockShared() LARDER_ANNOTATE(acquire_shared_capability())
      LARDER_ANNOTATE(no_thread_safety_analysis) {
    { MutexLock turn(turnstile_); }
    mutex_.LockShared();
  }
  void UnlockShared() LARDER_ANNOTATE(release_shared_capability())
      LARDER_ANNOTATE(no_thread_safety_analysis) {
    mutex_.UnlockShared();
  }

 private:
  Mutex turnstile_;
  SharedMutex mutex_;
};

class LARDER_ANNOTATE(scoped_lockable) FairWriterLock {
 public:
  explicit FairWriterLock(FairSharedMutex& mutex) LARDER_ANNOTATE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~FairWriterLock() LARDER_ANNOTATE(release_capability()) { mutex_.Unlock(); }
  FairWriterLock(const FairWriterLock&) = delete;
  FairWriterLock& operator=(const FairWriterLock&) = delete;

 private:
  FairSharedMutex& mutex_;
};

class LARDER_ANNOTATE(scoped_lockable) FairReaderLock {
 public:
  explicit FairReaderLock(FairSharedMutex& mutex) LARDER_ANNOTATE(acquire_shared_capability(mutex))
      : mutex_(mutex) {
    mutex_.LockShared();
  }
  ~FairReaderLock() LARDER_ANNOTATE(release_generic_capability()) { mutex_.UnlockShared(); }
  FairReaderLock(const FairReaderLock&) = delete;
  FairReaderLock& operator=(const FairReaderLock&) = delete;

 private:
  FairSharedMutex& mutex_;
};

}  // namespace larder

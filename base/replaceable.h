// Replaceable: a value that many threads read and somebody replaces now and then, say when the
// configuration is read again. Readers take no lock, and what they read stays valid: every earlier
// value is kept until the object ends, so replace it a few times in a process's life, not often.
// Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <utility>

#include "base/mutex.h"

namespace larder {

template <typename T>
class Replaceable {
 public:
  explicit Replaceable(T value) { Replace(std::move(value)); }

  // Lives as long as this object.
  const T& get() const { return *current_.load(std::memory_order_acquire); }

  void Replace(T value) {
    MutexLock lock(mutex_);
    values_.push_back(std::move(value));
    current_.store(&values_.back(), std::memory_order_release);
  }

 private:
  std::atomic<const T*> current_{nullptr};
  Mutex mutex_;
  std::deque<T> values_ LARDER_GUARDED_BY(mutex_);  // none moves when one is added
};

}  // namespace larder

// The keys that were erased lately, so that a write which was under way before an erasure does not
// bring the entry back after it. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/mutex.h"
#include "base/sha256.h"

namespace larder {

class RecentErasures {
 public:
  // Remembers this many keys, the last ones. Cost: about 150 bytes each.
  static constexpr std::size_t kRemembered = 4096;

  // Counts erasures: one that a moment is to be compared with.
  std::uint64_t Moment() const {
    MutexLock lock(mutex_);
    return count_;
  }

  void Add(const Digest& key) {
    MutexLock lock(mutex_);
    last_[key] = ++count_;
    order_.push_back(key);
    if (order_.size() <= kRemembered) return;
    const auto oldest = last_.find(order_.front());
    if (oldest != last_.end() && oldest->second <= count_ - kRemembered) last_.erase(oldest);
    order_.pop_front();
  }

  // Whether `key` was erased after `moment`. True also when it may have been: more than kRemembered
  // erasures ago nothing is known.
  bool ErasedSince(const Digest& key, std::uint64_t moment) const {
    MutexLock lock(mutex_);
    if (count_ > moment + kRemembered) return true;
    const auto found = last_.find(key);
    return found != last_.end() && found->second > moment;
  }

  // Whether `key` is among those remembered.
  bool Erased(const Digest& key) const {
    MutexLock lock(mutex_);
    return last_.contains(key);
  }

 private:
  mutable Mutex mutex_;
  std::uint64_t count_ LARDER_GUARDED_BY(mutex_) = 0;
  std::deque<Digest> order_ LARDER_GUARDED_BY(mutex_);
  std::unordered_map<Digest, std::uint64_t, DigestHash> last_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

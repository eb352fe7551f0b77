// Visited: which slots one walk has seen; VisitedPool: lends them, so that a walk allocates
// nothing. A bit a slot: the marks of 100,000 slots fit into a level 1 cache. Thread-safety: the
// pool's methods may be called from any thread; a Visited belongs to one walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace larder {

class Visited {
 public:
  // Slots below `slots` may be marked. Precondition: nothing is marked. Throws std::bad_alloc.
  void Cover(std::size_t slots) {
    if (words_.size() * 64 >= slots) return;
    touched_.resize(slots / 64 + 2);
    words_.resize(slots / 64 + 1);
  }
  // True the first time it is asked about `slot`.
  bool Mark(std::uint32_t slot) {
    std::uint64_t& word = words_[slot / 64];
    const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
    if ((word & bit) != 0) return false;
    touched_[touched_count_] = slot / 64;
    touched_count_ += word == 0 ? 1 : 0;
    word |= bit;
    return true;
  }
  void Clear() {
    for (std::size_t i = 0; i < touched_count_; ++i) words_[touched_[i]] = 0;
    touched_count_ = 0;
  }

 private:
  std::vector<std::uint64_t> words_;
  // The words that are not 0 come first. One longer than words_: Mark() writes behind them always.
  std::vector<std::uint32_t> touched_;
  std::size_t touched_count_ = 0;
};

class VisitedPool {
 public:
  class Lease {
   public:
    Lease(VisitedPool& pool, std::size_t slots) : pool_(pool), visited_(pool.Take()) {
      visited_->Cover(slots);
    }
    ~Lease() {
      visited_->Clear();
      pool_.Give(std::move(visited_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Visited& operator*() { return *visited_; }

   private:
    VisitedPool& pool_;
    std::unique_ptr<Visited> visited_;
  };

 private:
  static constexpr std::size_t kMostKept = 64;

  std::unique_ptr<Visited> Take() {
    {
      MutexLock lock(mutex_);
      if (!free_.empty()) {
        auto taken = std::move(free_.back());
        free_.pop_back();
        return taken;
      }
      free_.reserve(kMostKept);  // giving back must not fail
    }
    return std::make_unique<Visited>();
  }
  void Give(std::unique_ptr<Visited> visited) {
    MutexLock lock(mutex_);
    if (free_.size() < kMostKept) free_.push_back(std::move(visited));
  }

  Mutex mutex_;
  std::vector<std::unique_ptr<Visited>> free_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

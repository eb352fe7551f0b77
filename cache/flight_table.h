// Single flight: for each key at most one leader is at work; the others follow and share its state.
//
// Rule against deadlock: whoever leads several flights lands all of them before waiting on one it
// follows. State is what leader and followers share (a promise, a transcript). Thread-safe.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "cache/key.h"

namespace larder {

template <typename State>
class FlightTable {
 public:
  // Leadership of one key: destroying it ends the flight, and the next to join leads anew. Whoever
  // followed keeps the state. The table outlives every lead.
  class Lead {
   public:
    Lead(FlightTable& table, const CacheKey& key) : table_(&table), key_(key) {}
    Lead(Lead&& other) noexcept : table_(std::exchange(other.table_, nullptr)), key_(other.key_) {}
    Lead& operator=(Lead&&) = delete;
    Lead(const Lead&) = delete;
    ~Lead() {
      if (table_ != nullptr) table_->End(key_);
    }

   private:
    FlightTable* table_;
    CacheKey key_;
  };

  struct Joined {
    std::shared_ptr<State> state;  // owned by the leader and every follower
    std::unique_ptr<Lead> lead;    // null for a follower
  };

  // Leads with a state from `make` when nobody does, follows otherwise. `make` is called under the
  // table's lock and must be quick. Whoever leads looks in the memory tier once more: another lead
  // may have landed since the look-up that missed.
  template <typename Make>
  Joined Join(const CacheKey& key, Make make) {
    MutexLock lock(mutex_);
    if (const auto found = flights_.find(key); found != flights_.end()) {
      return {found->second, nullptr};
    }
    std::shared_ptr<State> state = make();
    flights_.emplace(key, state);
    return {std::move(state), std::make_unique<Lead>(*this, key)};
  }

  std::size_t size() const {
    MutexLock lock(mutex_);
    return flights_.size();
  }

 private:
  void End(const CacheKey& key) {
    std::shared_ptr<State> last;  // destroyed after the lock is released
    MutexLock lock(mutex_);
    const auto found = flights_.find(key);
    if (found == flights_.end()) return;
    last = std::move(found->second);
    flights_.erase(found);
  }

  mutable Mutex mutex_;
  std::unordered_map<CacheKey, std::shared_ptr<State>, DigestHash> flights_
      LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

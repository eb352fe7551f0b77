// The purges that are under way and the last ones that ended, so that an entry which was on its way
// meanwhile does not bring back what they took. A purge concerns an entry that is stored while it
// runs, and one whose request began before it ended. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <utility>

#include "base/mutex.h"
#include "cache/entry_filter.h"

namespace larder {

class RecentPurges {
 public:
  // Remembers so many that have ended.
  static constexpr std::size_t kRemembered = 64;

  using Moment = std::uint64_t;
  // Now, as PurgedSince compares it.
  Moment Now() const { return changes_.load(); }

  class Running;
  // A purge that begins now and ends with the object.
  Running Begin(EntryFilter filter);

  // False when no purge can have concerned anything since `moment`: what PurgedSince would find out
  // with a lock and with what is known of the entry.
  bool AnySince(Moment moment) const { return active_.load() > 0 || changes_.load() != moment; }
  // Whether a purge that runs, or that ended after `moment`, meant such an entry. True also when
  // one may have: of more than kRemembered ends since then nothing is known.
  bool PurgedSince(const EntryFacts& facts, Moment moment) const;

 private:
  struct Purge {
    EntryFilter filter;
    Moment ended = 0;  // 0: it runs
  };
  using Place = std::list<Purge>::iterator;
  void End(Place place);

  std::atomic<std::size_t> active_{0};
  std::atomic<Moment> changes_{0};
  mutable Mutex mutex_;
  std::list<Purge> running_ LARDER_GUARDED_BY(mutex_);
  std::list<Purge> ended_ LARDER_GUARDED_BY(mutex_);  // the last ended first
  Moment forgotten_ LARDER_GUARDED_BY(mutex_) = 0;    // when the last one ended that is not known

 public:
  class Running {
   public:
    Running(RecentPurges& purges, Place place) : purges_(&purges), place_(place) {}
    Running(Running&& other) noexcept
        : purges_(std::exchange(other.purges_, nullptr)), place_(other.place_) {}
    Running& operator=(Running&&) = delete;
    Running(const Running&) = delete;
    ~Running() {
      if (purges_ != nullptr) purges_->End(place_);
    }

   private:
    RecentPurges* purges_;
    Place place_;
  };
};

inline RecentPurges::Running RecentPurges::Begin(EntryFilter filter) {
  MutexLock lock(mutex_);
  running_.push_front({std::move(filter), 0});
  // First: whoever sees the change is to see that it runs.
  ++active_;
  ++changes_;
  return {*this, running_.begin()};
}

inline void RecentPurges::End(Place place) {
  MutexLock lock(mutex_);
  place->ended = ++changes_;
  --active_;
  ended_.splice(ended_.begin(), running_, place);
  if (ended_.size() <= kRemembered) return;
  forgotten_ = ended_.back().ended;
  ended_.pop_back();
}

inline bool RecentPurges::PurgedSince(const EntryFacts& facts, Moment moment) const {
  if (!AnySince(moment)) return false;
  MutexLock lock(mutex_);
  if (forgotten_ > moment) return true;
  for (const Purge& purge : running_) {
    if (purge.filter.Matches(facts)) return true;
  }
  for (const Purge& purge : ended_) {
    if (purge.ended > moment && purge.filter.Matches(facts)) return true;
  }
  return false;
}

}  // namespace larder

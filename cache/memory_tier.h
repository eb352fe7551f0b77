// The memory tier: hot entries by key, bounded in bytes, sharded, scan-resistant.
//
// Eviction is S3-FIFO (Yang et al., SOSP 2023): a new entry enters a small queue (a tenth of the
// bytes) and reaches the main queue only when it is asked for again, so that a pass over many texts
// once does not push out what is hot; keys lately evicted from the small queue are remembered and
// enter the main queue directly. Thread-safe: one lock per shard, held for a few hundred
// nanoseconds.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "cache/key.h"

namespace larder {

template <typename Entry>
class MemoryTier {
 public:
  using Pointer = std::shared_ptr<const Entry>;

  // Holds at most `capacity_bytes` in all, counting each entry's own figure and kOverheadBytes.
  explicit MemoryTier(std::size_t capacity_bytes) {
    for (Shard& shard : shards_) shard.capacity = capacity_bytes / kShards;
  }

  // Bookkeeping of one entry: table slot, queue place, control block and its share of the
  // remembered keys. Measured with glibc's malloc: 195 bytes while the tier fills, 300 once it
  // evicts.
  static constexpr std::size_t kOverheadBytes = 304;

  // nullptr when absent. The entry stays alive while the caller holds it (the tier and its readers
  // own an entry together), evicted or not.
  Pointer Find(const CacheKey& key) {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.slots.find(key);
    if (found == shard.slots.end()) return nullptr;
    if (found->second.uses < kMaxUses) ++found->second.uses;
    return found->second.entry;
  }

  // Whether it is there and was asked for since it came in. Does not count as asking.
  bool IsHot(const CacheKey& key) {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.slots.find(key);
    return found != shard.slots.end() && (found->second.uses > 0 || !found->second.in_small);
  }

  // Stores or replaces; what replaces a hot entry is hot. An entry larger than a shard's capacity
  // (a sixteenth of the whole) is not kept, nor is the one it would have replaced.
  void Put(const CacheKey& key, Pointer entry, std::size_t bytes) {
    Shard& shard = ShardOf(key);
    std::vector<Pointer> evicted;  // destroyed after the lock is released
    MutexLock lock(shard.mutex);
    PutLocked(shard, key, std::move(entry), bytes, evicted);
  }

  // Stores unless the key is there: for filling from the store, which must not undo a newer Put.
  void PutIfAbsent(const CacheKey& key, Pointer entry, std::size_t bytes) {
    Shard& shard = ShardOf(key);
    std::vector<Pointer> evicted;
    MutexLock lock(shard.mutex);
    if (shard.slots.contains(key)) return;
    PutLocked(shard, key, std::move(entry), bytes, evicted);
  }

  // The entry, while it is kept under the key, holds so many bytes more than was said.
  void Grow(const CacheKey& key, const Entry* entry, std::size_t bytes) {
    Shard& shard = ShardOf(key);
    std::vector<Pointer> evicted;
    MutexLock lock(shard.mutex);
    const auto found = shard.slots.find(key);
    if (found == shard.slots.end() || found->second.entry.get() != entry) return;
    found->second.cost += bytes;
    shard.bytes += bytes;
    if (found->second.in_small) shard.small_bytes += bytes;
    while (shard.bytes > shard.capacity) EvictOne(shard, evicted);
  }

  // False when it was not there.
  bool Erase(const CacheKey& key) {
    Shard& shard = ShardOf(key);
    std::vector<Pointer> evicted;
    MutexLock lock(shard.mutex);
    return EraseLocked(shard, key, evicted);
  }

  // Drops everything. Cost: what was held is destroyed on the caller's thread.
  void Clear() {
    for (Shard& shard : shards_) {
      decltype(shard.slots) dropped;  // destroyed after the lock is released
      decltype(shard.small) small;
      decltype(shard.main) main;
      MutexLock lock(shard.mutex);
      dropped.swap(shard.slots);
      small.swap(shard.small);
      main.swap(shard.main);
      shard.bytes = shard.small_bytes = 0;
    }
  }

  // Calls `visit` with every key and entry, as of one moment for each sixteenth of them, without a
  // lock. Asks for nothing: it makes no entry hot.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Shard& shard : shards_) {
      std::vector<std::pair<CacheKey, Pointer>> held;
      {
        MutexLock lock(shard.mutex);
        held.reserve(shard.slots.size());
        for (const auto& [key, slot] : shard.slots) held.emplace_back(key, slot.entry);
      }
      for (const auto& [key, entry] : held) visit(key, entry);
    }
  }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      sum += shard.bytes;
    }
    return sum;
  }
  std::size_t size() const {
    std::size_t sum = 0;
    for (const Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      sum += shard.slots.size();
    }
    return sum;
  }
  std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::uint8_t kMaxUses = 3;

  struct Slot {
    Pointer entry;
    std::size_t cost = 0;
    std::uint8_t uses = 0;
    bool in_small = true;
    std::uint64_t generation = 0;  // tells a queue place of this entry from one of a replaced entry
  };
  struct Place {
    CacheKey key;
    std::uint64_t generation;
  };
  struct Shard {
    mutable Mutex mutex;
    std::size_t capacity = 0;
    std::size_t bytes = 0;
    std::size_t small_bytes = 0;
    std::uint64_t generation = 0;
    std::unordered_map<CacheKey, Slot, DigestHash> slots;
    std::deque<Place> small;
    std::deque<Place> main;
    std::deque<CacheKey> ghost_queue;
    std::unordered_set<CacheKey, DigestHash> ghosts;
  };

  // The second to last byte: DigestHash uses the first ones within the shard.
  Shard& ShardOf(const CacheKey& key) { return shards_[key[30] % kShards]; }

  void PutLocked(Shard& shard, const CacheKey& key, Pointer entry, std::size_t bytes,
                 std::vector<Pointer>& evicted) {
    const auto replaced = shard.slots.find(key);
    const bool was_in_main = replaced != shard.slots.end() && !replaced->second.in_small;
    const std::uint8_t uses = replaced != shard.slots.end() ? replaced->second.uses : 0;
    EraseLocked(shard, key, evicted);
    const std::size_t cost = bytes + kOverheadBytes;
    if (cost > shard.capacity) return;
    while (shard.bytes + cost > shard.capacity) EvictOne(shard, evicted);
    const bool to_small = !was_in_main && !shard.ghosts.contains(key);
    shard.slots[key] = Slot{std::move(entry), cost, uses, to_small, ++shard.generation};
    shard.bytes += cost;
    if (to_small) shard.small_bytes += cost;
    (to_small ? shard.small : shard.main).push_back({key, shard.generation});
    DropStalePlaces(shard, shard.small);
    DropStalePlaces(shard, shard.main);
  }

  bool EraseLocked(Shard& shard, const CacheKey& key, std::vector<Pointer>& evicted) {
    const auto found = shard.slots.find(key);
    if (found == shard.slots.end()) return false;
    Forget(shard, found, evicted);  // its place in the queue goes stale and is skipped later
    return true;
  }

  void Forget(Shard& shard, typename decltype(Shard::slots)::iterator found,
              std::vector<Pointer>& evicted) {
    shard.bytes -= found->second.cost;
    if (found->second.in_small) shard.small_bytes -= found->second.cost;
    evicted.push_back(std::move(found->second.entry));
    shard.slots.erase(found);
  }

  // Frees one entry, or moves one on. Precondition: the shard is not empty.
  void EvictOne(Shard& shard, std::vector<Pointer>& evicted) {
    const bool from_small =
        !shard.small.empty() && (shard.small_bytes * 10 >= shard.capacity || shard.main.empty());
    std::deque<Place>& queue = from_small ? shard.small : shard.main;
    const Place place = queue.front();
    queue.pop_front();
    const auto found = shard.slots.find(place.key);
    if (found == shard.slots.end() || found->second.generation != place.generation) return;
    Slot& slot = found->second;
    if (slot.uses > 0) {
      slot.uses = from_small ? 0 : static_cast<std::uint8_t>(slot.uses - 1);
      if (from_small) {
        slot.in_small = false;
        shard.small_bytes -= slot.cost;
      }
      shard.main.push_back(place);
      return;
    }
    if (from_small) Remember(shard, place.key);
    Forget(shard, found, evicted);
    evictions_.fetch_add(1, std::memory_order_relaxed);
  }

  // Keeps places of replaced and erased entries from piling up: at most half of a long queue is
  // stale. Cost: a pass over the queue once every as many calls.
  static void DropStalePlaces(Shard& shard, std::deque<Place>& queue) {
    if (queue.size() <= 2 * shard.slots.size() + 64) return;
    std::erase_if(queue, [&](const Place& place) {
      const auto found = shard.slots.find(place.key);
      return found == shard.slots.end() || found->second.generation != place.generation;
    });
  }

  void Remember(Shard& shard, const CacheKey& key) {
    if (shard.ghosts.insert(key).second) shard.ghost_queue.push_back(key);
    while (shard.ghost_queue.size() > shard.slots.size() + 16) {
      shard.ghosts.erase(shard.ghost_queue.front());
      shard.ghost_queue.pop_front();
    }
  }

  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> evictions_{0};
};

}  // namespace larder

// The embeddings cache: one entry per input, 30 days by default, a memory tier in front of the
// store.
//
// A store that fails never fails a request: reads count as absent, writes stay in memory only, and
// both are counted and told to the caller. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "cache/embedding_record.h"
#include "cache/freshness.h"
#include "cache/memory_tier.h"
#include "cache/recent_purges.h"
#include "cache/store.h"
#include "cache/tier_stats.h"

namespace larder {

struct EmbeddingCacheOptions {
  std::chrono::seconds lifetime{30 * 86400};  // [1 s, 10 years]
  std::size_t memory_bytes = 256U << 20;      // of the memory tier
  bool store_inputs = true;                   // keep the text beside the vector (search needs it)
};

struct NewEmbedding {
  CacheKey key;
  EmbeddingPointer entry;  // its stamp says when it was stored and for how long
  InputRecord input;
};

class EmbeddingCache {
 public:
  // Told of every embedding that the store took; called on the storing thread, after the write,
  // without a lock. It must be quick.
  using Observer = std::function<void(const NewEmbedding&)>;

  // `store` and `clock` outlive the cache.
  EmbeddingCache(Store& store, const Clock& clock, EmbeddingCacheOptions options);

  // Set before the first Put. The observer outlives the cache.
  void set_observer(Observer observer) { observer_ = std::move(observer); }

  struct Found {
    std::vector<EmbeddingPointer>
        entries;  // one a key, in order; null where there is no fresh entry
    // Of those without: how many have an entry that is stale, or that the limits refuse.
    std::size_t stale = 0;
    std::size_t refused = 0;
    bool store_failed = false;
  };
  // Entries that are fresh within `limits`.
  Found Find(std::span<const CacheKey> keys, const FreshnessLimits& limits);
  // The memory tier alone; null when absent or not fresh. Never does I/O.
  EmbeddingPointer FindInMemory(const CacheKey& key, const FreshnessLimits& limits);

  // What can be told without waiting: from the memory tier, or from the store's own memory; null
  // when absent, not fresh, or not to be told. Counts nothing: for who may yet decline. CountHits
  // then counts.
  struct Peeked {
    EmbeddingPointer entry;
    bool from_store = false;
  };
  Peeked Peek(const CacheKey& key, const FreshnessLimits& limits);
  void CountHits(std::size_t from_memory, std::size_t from_store) {
    stats_.memory_hits += from_memory;
    stats_.store_hits += from_store;
  }

  // The entry has grown by a kept text.
  void CountGrowth(const CacheKey& key, const EmbeddingEntry& entry, std::size_t bytes) {
    memory_.Grow(key, &entry, bytes);
  }

  // Stores all or none, but for those that a purge concerns (see RecentPurges): they are left out,
  // without an error. `begun`: of purges(), when whoever made the embeddings began; now, without.
  // Errors: kIo from the store; the entries then stand in the memory tier alone.
  Status Put(std::span<const NewEmbedding> embeddings,
             std::optional<RecentPurges::Moment> begun = std::nullopt);
  // Errors: kIo; then the entries are gone from memory and may still be in the store.
  Status Erase(std::span<const CacheKey> keys);
  void EraseInMemory(std::span<const CacheKey> keys);
  // Erases everything. Errors: as Erase.
  Status Clear();

  // When what is kept under each key was stored, fresh or not, in order; nullopt where there is
  // nothing. Errors: kIo, kCorruption.
  Result<std::vector<std::optional<RecordStamp>>> StampsOf(std::span<const CacheKey> keys);
  // The purges of this cache; whoever purges begins one here.
  RecentPurges& purges() { return purges_; }

  const EmbeddingCacheOptions& options() const { return options_; }
  const TierStats& stats() const { return stats_; }
  const MemoryTier<EmbeddingEntry>& memory() const { return memory_; }
  // As MemoryTier::IsHot.
  bool IsHot(const CacheKey& key) { return memory_.IsHot(key); }

 private:
  Status PutAll(std::span<const NewEmbedding> embeddings);

  Store& store_;
  const Clock& clock_;
  const EmbeddingCacheOptions options_;
  MemoryTier<EmbeddingEntry> memory_;
  RecentPurges purges_;
  std::atomic<std::uint64_t> erasures_{0};
  TierStats stats_;
  Observer observer_;
};

}  // namespace larder

// DiskBudget: keeps the cache database below its limit, and the disk from filling up.
//
// When there is too much, entries past their lifetime go first, then the oldest by stored-at, of
// both layers alike; those that are hot in a memory tier are passed over as long as the others
// suffice. Two passes over the stamps: the first counts how many bytes are how old, the second
// deletes; then the database is rewritten piece by piece, for only that gives bytes back. Vectors
// are not read: the small record beside each has its stamp and length. An entry that is stored
// anew while it is being evicted may go as well: a miss, no more.
//
// Thread-safety: Use and the setters from any thread; one of Evict, DropExpired and Rewrite at a
// time. Each takes seconds to minutes and belongs on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "base/clock.h"
#include "cache/age_histogram.h"
#include "cache/disk_use.h"
#include "cache/embedding_cache.h"
#include "cache/response_cache.h"
#include "cache/store.h"

namespace larder {

struct DiskBudgetOptions {
  std::uint64_t max_bytes = std::uint64_t{20} << 30;  // of the cache database; 0: no limit
  std::uint64_t min_free_bytes = 256U << 20;          // as RocksDbOptions
  std::chrono::seconds keep_past_lifetime{86400};     // as RocksDbOptions
};

class DiskBudget {
 public:
  using Options = DiskBudgetOptions;
  // Told of every evicted key, of Family::kEmbeddings or Family::kResponses, after it has gone.
  // Called by Evict, without a lock.
  using Observer = std::function<void(const CacheKey& key, Family layer)>;
  // Waits so long, and tells whether to go on: false when the work should end.
  using Pause = std::function<bool(std::chrono::milliseconds)>;
  using FreeBytes = std::function<std::optional<std::uint64_t>()>;

  // `disk` is the database itself, which the caches' own store writes to; all outlive the object.
  DiskBudget(Store& disk, EmbeddingCache& embeddings, ResponseCache& responses, const Clock& clock,
             FreeBytes free_bytes, Options options);

  // Set before the first Evict.
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  void set_max_bytes(std::uint64_t bytes) { max_bytes_ = bytes; }

  // As of now. Cost: some look-ups in the database's own figures and one system call.
  DiskUse Use() const;

  struct Freed {
    std::uint64_t entries = 0;       // evicted
    std::uint64_t bytes = 0;         // of them, estimated
    std::uint64_t expired = 0;       // entries past their lifetime that were dropped
    std::uint64_t before_bytes = 0;  // size of the database
    std::uint64_t after_bytes = 0;
  };
  // Makes room when there is too little; all zero when there was enough. Errors: kIo, kCorruption,
  // kCancelled (told to end; what has gone until then has gone).
  Result<Freed> Evict(const Pause& pause);

  // Rewrites the database when what is past its lifetime and keep_past_lifetime makes up
  // `least_share` of it, in [0, 1], which drops that. Errors: as Evict.
  Result<Freed> DropExpired(double least_share, const Pause& pause);

  // Rewrites the database: all of it, or what has something deleted. Errors: as Evict.
  Result<Freed> Rewrite(Store::Rewrite what, const Pause& pause);

 private:
  struct Item {
    CacheKey key;
    Family layer;
    RecordStamp stamp;
    std::uint64_t bytes;  // on disk, estimated
  };
  struct Count {
    AgeHistogram ages;  // of what may be evicted
    std::uint64_t live_bytes = 0;
    std::uint64_t expired = 0;
    std::uint64_t expired_bytes = 0;
  };

  std::uint64_t UsedBytes() const;
  bool HasExpired(const RecordStamp& stamp, WallTime now) const;
  bool IsHot(const Item& item) const;
  // Visits every entry, a few thousand at a time.
  Status ForEachEntry(const Pause& pause, const std::function<Status(const Item&)>& visit);
  Result<Count> CountAges(bool spare_hot, const Pause& pause);
  Status DeleteOldest(const AgeHistogram::Oldest& oldest, bool spare_hot, const Pause& pause,
                      Freed& freed);
  Status DeleteIdsBefore(WallTime moment, const Pause& pause);
  Status DeleteSome(Family layer, std::vector<CacheKey>& keys, const Pause& pause);

  Store& disk_;
  EmbeddingCache& embeddings_;
  ResponseCache& responses_;
  const Clock& clock_;
  const FreeBytes free_bytes_;
  const Options options_;
  Observer observer_;
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> evicted_entries_{0};
  std::atomic<std::uint64_t> evicted_bytes_{0};
};

}  // namespace larder

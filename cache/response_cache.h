// The response cache: whole answers, one hour by default, a memory tier in front of the store.
//
// It knows bytes and stamps, not HTTP: what may be stored and for how long is the proxy's policy. A
// store that fails never fails a request. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cache/memory_tier.h"
#include "cache/recent_erasures.h"
#include "cache/recent_purges.h"
#include "cache/record.h"
#include "cache/store.h"
#include "cache/tier_stats.h"

namespace larder {

struct ResponseEntry {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;  // header fields to send again, in order
  std::string body;        // decoded; a stream's transcript byte for byte
  bool is_stream = false;  // body is text/event-stream
  // Where it belongs: for listing and purging.
  std::string partition;
  std::string name_space;
  std::string upstream;
  std::string model;  // as asked for; empty when the request has none
  std::string path;
  // What upstream reported; -1 when it reported nothing.
  std::int64_t prompt_tokens = -1;
  std::int64_t completion_tokens = -1;
  // Of an answer of /v1/responses, "resp_..."; empty for others. It stands beside the record, not
  // in it: an entry that was read from the store has none.
  std::string response_id;
  RecordStamp stamp = {};

  std::size_t bytes() const;
};

// Shared by the memory tier and the requests that answer from it.
using ResponsePointer = std::shared_ptr<const ResponseEntry>;

// The views are of `entry`.
EntryFacts FactsOf(const CacheKey& key, const ResponseEntry& entry);

std::string EncodeResponse(const ResponseEntry& entry);
// Errors: kCorruption.
Result<ResponseEntry> DecodeResponse(std::string_view bytes);

struct ResponseCacheOptions {
  std::size_t memory_bytes = 128U << 20;  // of the memory tier; a 32nd of it remembers ids
};

class ResponseCache {
 public:
  // `store` outlives the cache.
  ResponseCache(Store& store, ResponseCacheOptions options);

  struct Found {
    ResponsePointer entry;  // fresh or stale: the caller's policy decides; null when absent
    bool store_failed = false;
  };
  Found Find(const CacheKey& key);
  // The memory tier alone. Never does I/O.
  ResponsePointer FindInMemory(const CacheKey& key);
  // What can be told without waiting: from the memory tier, or from the store's own memory. Counts
  // nothing: for who may yet decline. CountHit then counts.
  struct Peeked {
    ResponsePointer entry;
    bool from_store = false;
  };
  Peeked Peek(const CacheKey& key);
  void CountHit(bool from_store) { ++(from_store ? stats_.store_hits : stats_.memory_hits); }

  // Stores nothing, without an error, when a purge concerns the entry (see RecentPurges). `begun`:
  // of purges(), when whoever made the entry began; now, without.
  // Errors: kIo from the store; the entry then stands in the memory tier alone.
  Status Put(const CacheKey& key, const ResponsePointer& entry,
             std::optional<RecentPurges::Moment> begun = std::nullopt);
  // The two halves of Put, for a caller that must not wait for the disk now. What was erased
  // between them is not brought back.
  struct Moment {
    std::uint64_t erasures;
    RecentPurges::Moment purges;
  };
  Moment PutInMemory(const CacheKey& key, const ResponsePointer& entry,
                     std::optional<RecentPurges::Moment> begun = std::nullopt);
  Status PutInStore(const CacheKey& key, const ResponsePointer& entry, Moment put_in_memory);
  // Errors: kIo.
  Status Erase(const CacheKey& key);
  // Takes entries out to make room. Unlike Erase it stops nobody who stores one of them, or reads
  // it, at this moment: such an entry may stay. Errors: kIo; then the entries may still be in the
  // store.
  Status Evict(std::span<const CacheKey> keys);
  // Erases several, with what is remembered under these ids (by DeriveResponseIdKey). For a purge,
  // which has begun in purges(). Errors: kIo; then they are gone from memory and may still be in
  // the store.
  Status EraseAll(std::span<const CacheKey> keys, std::span<const Digest> ids);
  void EraseInMemory(std::span<const CacheKey> keys);
  // Erases everything. As EraseAll.
  Status Clear();
  // Erases the answer that carries this id in the partition, and keeps one that is still arriving
  // from being stored. False when no entry was known to carry it. Errors: kIo.
  Result<bool> EraseById(const Partition& partition, std::string_view response_id);

  // When what is kept under each key was stored, fresh or not, in order; nullopt where there is
  // nothing. Errors: kIo, kCorruption.
  Result<std::vector<std::optional<RecordStamp>>> StampsOf(std::span<const CacheKey> keys);
  // The purges of this cache; whoever purges begins one here.
  RecentPurges& purges() { return purges_; }
  const TierStats& stats() const { return stats_; }
  const MemoryTier<ResponseEntry>& memory() const { return memory_; }
  // As MemoryTier::IsHot.
  bool IsHot(const CacheKey& key) { return memory_.IsHot(key); }

 private:
  // Keeps what a look-up read, unless it was erased meanwhile.
  void Fill(const CacheKey& key, const ResponsePointer& entry, std::uint64_t erasures,
            std::uint64_t purged);
  // What Erase does, with `more` in the same batch.
  Status EraseWith(const CacheKey& key, WriteBatch more);

  Store& store_;
  MemoryTier<ResponseEntry> memory_;
  MemoryTier<CacheKey> ids_;  // by DeriveResponseIdKey: the key of the answer that carries the id
  RecentErasures erasures_;   // of keys and of ids
  RecentPurges purges_;
  std::atomic<std::uint64_t> purged_{0};  // calls of EraseAll and Clear
  TierStats stats_;
};

}  // namespace larder

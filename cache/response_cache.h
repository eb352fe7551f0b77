// The response cache: whole answers, one hour by default, a memory tier in front of the store.
//
// It knows bytes and stamps, not HTTP: what may be stored and for how long is the proxy's policy. A
// store that fails never fails a request. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cache/memory_tier.h"
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
  RecordStamp stamp = {};

  std::size_t bytes() const;
};

// Shared by the memory tier and the requests that answer from it.
using ResponsePointer = std::shared_ptr<const ResponseEntry>;

std::string EncodeResponse(const ResponseEntry& entry);
// Errors: kCorruption.
Result<ResponseEntry> DecodeResponse(std::string_view bytes);

struct ResponseCacheOptions {
  std::size_t memory_bytes = 128U << 20;  // of the memory tier
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

  // Errors: kIo from the store; the entry then stands in the memory tier alone.
  Status Put(const CacheKey& key, const ResponsePointer& entry);
  // The two halves of Put, for a caller that must not wait for the disk now.
  void PutInMemory(const CacheKey& key, const ResponsePointer& entry);
  Status PutInStore(const CacheKey& key, const ResponsePointer& entry);
  // Errors: kIo.
  Status Erase(const CacheKey& key);

  const TierStats& stats() const { return stats_; }
  const MemoryTier<ResponseEntry>& memory() const { return memory_; }

 private:
  Store& store_;
  MemoryTier<ResponseEntry> memory_;
  std::atomic<std::uint64_t> erasures_{0};
  TierStats stats_;
};

}  // namespace larder

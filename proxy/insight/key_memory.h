// KeyMemory: what became of keys that were stored since the start: still there as far as is known,
// evicted, or purged. A fixed table of fingerprints; the oldest of a full bucket makes room. A key
// may be taken for another with a probability of 2^-59 each. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "cache/key.h"

namespace larder {

class KeyMemory {
 public:
  enum class Fate : std::uint8_t { kStored = 1, kEvicted = 2, kPurged = 3 };

  // 8 bytes a key, rounded down to a power of two; at least one bucket of kWays.
  explicit KeyMemory(std::size_t bytes);

  void Note(const CacheKey& key, Fate fate);
  // All keys that were noted so far.
  void NoteAll(Fate fate);
  // nullopt: never noted, or forgotten.
  std::optional<Fate> Of(const CacheKey& key) const;

  std::size_t capacity() const { return (mask_ + 1) * kWays; }

 private:
  static constexpr std::size_t kWays = 8;
  struct Bucket {
    std::atomic<std::uint64_t> slots[kWays];
  };
  Bucket& BucketOf(const CacheKey& key) const;

  std::size_t mask_;
  std::unique_ptr<Bucket[]> buckets_;
};

}  // namespace larder

#include "proxy/insight/key_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace larder {
namespace {

constexpr std::uint64_t kFateBits = 3;

// A digest is uniform: its first bytes name the bucket, its next ones are the fingerprint.
std::uint64_t WordAt(const CacheKey& key, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, key.data() + at, sizeof(word));
  return word;
}

std::uint64_t FingerprintOf(const CacheKey& key) {
  return WordAt(key, 8) & ~kFateBits;
}

}  // namespace

KeyMemory::KeyMemory(std::size_t bytes)
    : mask_(std::bit_floor(std::max<std::size_t>(bytes / sizeof(Bucket), 1)) - 1),
      buckets_(std::make_unique<Bucket[]>(mask_ + 1)) {}

KeyMemory::Bucket& KeyMemory::BucketOf(const CacheKey& key) const {
  return buckets_[WordAt(key, 0) & mask_];
}

// Racing writers may lose one of two notes; that is one reason told wrongly.
void KeyMemory::Note(const CacheKey& key, Fate fate) {
  const std::uint64_t fingerprint = FingerprintOf(key);
  const std::uint64_t word = fingerprint | static_cast<std::uint64_t>(fate);
  Bucket& bucket = BucketOf(key);
  for (auto& slot : bucket.slots) {
    if ((slot.load(std::memory_order_relaxed) & ~kFateBits) == fingerprint &&
        slot.load(std::memory_order_relaxed) != 0) {
      slot.store(word, std::memory_order_relaxed);
      return;
    }
  }
  // The newest stands first.
  for (std::size_t i = kWays; i-- > 1;) {
    bucket.slots[i].store(bucket.slots[i - 1].load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
  }
  bucket.slots[0].store(word, std::memory_order_relaxed);
}

void KeyMemory::NoteAll(Fate fate) {
  for (std::size_t i = 0; i <= mask_; ++i) {
    for (auto& slot : buckets_[i].slots) {
      const std::uint64_t word = slot.load(std::memory_order_relaxed);
      if (word == 0) continue;
      slot.store((word & ~kFateBits) | static_cast<std::uint64_t>(fate), std::memory_order_relaxed);
    }
  }
}

std::optional<KeyMemory::Fate> KeyMemory::Of(const CacheKey& key) const {
  const std::uint64_t fingerprint = FingerprintOf(key);
  for (const auto& slot : BucketOf(key).slots) {
    const std::uint64_t word = slot.load(std::memory_order_relaxed);
    if (word != 0 && (word & ~kFateBits) == fingerprint) {
      return static_cast<Fate>(word & kFateBits);
    }
  }
  return std::nullopt;
}

}  // namespace larder

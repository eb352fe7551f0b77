#include "proxy/insight/near_table.h"

#include <algorithm>
#include <bit>

namespace larder {
namespace {

// Why a sum of hashes is remembered.
enum class Mark : std::uint64_t { kWhole = 1, kWithoutField = 2, kNormalised = 3 };

std::uint64_t MarkOf(Mark kind, std::uint64_t sum) {
  // The finalizer of MurmurHash3: sums of a few hashes are spread over all bits.
  std::uint64_t x = sum ^ static_cast<std::uint64_t>(kind) * 0x9e3779b97f4a7c15U;
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdU;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53U;
  x ^= x >> 33;
  return x == 0 ? 1 : x;
}

}  // namespace

NearTable::NearTable(std::size_t bytes)
    : slots_per_shard_(kWays * std::max<std::size_t>(
                                   std::bit_floor(bytes / (kShards * kWays * sizeof(Slot))), 1)) {
  names_.emplace_back("other");
}

std::uint16_t NearTable::NameOf(std::string_view field) {
  MutexLock lock(names_mutex_);
  const auto found = std::find(names_.begin(), names_.end(), field);
  if (found != names_.end()) return static_cast<std::uint16_t>(found - names_.begin());
  if (names_.size() >= kMaxNames) return 0;
  names_.emplace_back(field);
  return static_cast<std::uint16_t>(names_.size() - 1);
}

std::string NearTable::NameAt(std::uint16_t name) const {
  MutexLock lock(names_mutex_);
  return names_[name];
}

void NearTable::Put(std::uint64_t mark, const CacheKey& key, std::uint16_t name) {
  Shard& shard = shards_[mark % kShards];
  MutexLock lock(shard.mutex);
  if (shard.slots.empty()) shard.slots.resize(slots_per_shard_);
  const auto bucket =
      shard.slots.begin() +
      static_cast<std::ptrdiff_t>(mark / kShards % (slots_per_shard_ / kWays) * kWays);
  const auto end = bucket + kWays;
  const auto same = std::find_if(bucket, end, [&](const Slot& slot) { return slot.mark == mark; });
  // The newest stands first.
  std::rotate(bucket, same == end ? end - 1 : same, same == end ? end : same + 1);
  *bucket = {mark, key, name};
}

std::optional<NearTable::Slot> NearTable::At(std::uint64_t mark, const CacheKey& but) const {
  const Shard& shard = shards_[mark % kShards];
  MutexLock lock(shard.mutex);
  if (shard.slots.empty()) return std::nullopt;
  const std::size_t begin = mark / kShards % (slots_per_shard_ / kWays) * kWays;
  for (std::size_t i = begin; i < begin + kWays; ++i) {
    const Slot& slot = shard.slots[i];
    if (slot.mark == mark && slot.key != but) return slot;
  }
  return std::nullopt;
}

void NearTable::Remember(const RequestShape& shape, const CacheKey& key) {
  if (shape.empty()) return;
  Put(MarkOf(Mark::kWhole, shape.sum()), key, 0);
  for (const RequestShape::Field& field : shape.fields()) {
    const std::uint16_t name = NameOf(field.name);
    if (field.is_content()) {
      Put(MarkOf(Mark::kNormalised, shape.normalised_sum()), key, name);
    } else {
      Put(MarkOf(Mark::kWithoutField, shape.sum() - field.hash), key, name);
    }
  }
}

void NearTable::Forget(const std::function<bool(const CacheKey&)>& gone) {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (Slot& slot : shard.slots) {
      if (slot.mark != 0 && gone(slot.key)) slot = {};
    }
  }
}

std::optional<NearTable::Near> NearTable::Find(const RequestShape& shape,
                                               const CacheKey& key) const {
  for (const RequestShape::Field& field : shape.fields()) {
    if (field.is_content()) continue;
    const std::uint64_t rest = shape.sum() - field.hash;
    const auto changed = At(MarkOf(Mark::kWithoutField, rest), key);
    if (changed && NameAt(changed->name) == field.name) return Near{field.name, changed->key};
    // Stored without this field.
    if (const auto added = At(MarkOf(Mark::kWhole, rest), key)) return Near{field.name, added->key};
  }
  // Stored with a field more.
  if (const auto lacking = At(MarkOf(Mark::kWithoutField, shape.sum()), key)) {
    return Near{NameAt(lacking->name), lacking->key};
  }
  for (const RequestShape::Field& field : shape.fields()) {
    if (!field.is_content()) continue;
    const auto same = At(MarkOf(Mark::kNormalised, shape.normalised_sum()), key);
    if (same) return Near{field.name, same->key, true};
  }
  return std::nullopt;
}

}  // namespace larder

#include "vector/id_table.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace larder {

std::string_view IdTable::IdOf(std::uint32_t slot) const {
  const std::uint64_t begin = slot == 0 ? 0 : ends_[slot - 1];
  return std::string_view(bytes_).substr(begin, ends_[slot] - begin);
}

std::size_t IdTable::BucketOf(std::string_view id) const {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = std::hash<std::string_view>{}(id)&mask;
  while (buckets_[at] != kEmpty && (buckets_[at] == kForgotten || IdOf(buckets_[at]) != id)) {
    at = (at + 1) & mask;
  }
  return at;
}

std::size_t IdTable::BucketsForOneMore() const {
  if (4 * (used_ + 1) <= 3 * buckets_.size()) return buckets_.size();
  std::size_t size = 64;
  while (size < 2 * (live_ + 1)) size *= 2;
  return size;
}

std::size_t IdTable::EndsForOneMore() const {
  if (ends_.size() < ends_.capacity()) return ends_.capacity();
  return ends_.size() + ends_.size() / 2 + 16;
}

std::size_t IdTable::AppendBytes(std::size_t id_bytes) const {
  std::size_t bytes = (EndsForOneMore() - ends_.capacity()) * sizeof(ends_[0]);
  const std::size_t buckets = BucketsForOneMore();
  if (buckets > buckets_.capacity()) bytes += (buckets - buckets_.capacity()) * sizeof(buckets_[0]);
  const std::size_t names = bytes_.size() + id_bytes;
  // A string doubles.
  if (names > bytes_.capacity())
    bytes += std::max(names, 2 * bytes_.capacity()) - bytes_.capacity();
  return bytes;
}

void IdTable::ReserveBucket() {
  if (4 * (used_ + 1) <= 3 * buckets_.size()) return;
  const std::size_t size = BucketsForOneMore();
  std::vector<std::uint32_t> old(size, kEmpty);
  old.swap(buckets_);
  for (const std::uint32_t slot : old) {
    if (slot < kForgotten) buckets_[BucketOf(IdOf(slot))] = slot;
  }
  used_ = live_;
}

void IdTable::AddName(std::string_view id) {
  ends_.reserve(EndsForOneMore());
  bytes_.append(id);
  ends_.push_back(bytes_.size());
}

std::optional<std::uint32_t> IdTable::Append(std::string_view id) {
  ReserveBucket();
  AddName(id);
  const auto slot = static_cast<std::uint32_t>(ends_.size() - 1);
  std::uint32_t& bucket = buckets_[BucketOf(id)];
  if (bucket != kEmpty) return std::exchange(bucket, slot);
  bucket = slot;
  ++used_;
  ++live_;
  return std::nullopt;
}

void IdTable::AppendForgotten(std::string_view id) {
  AddName(id);
}

std::optional<std::uint32_t> IdTable::Forget(std::string_view id) {
  if (buckets_.empty()) return std::nullopt;
  std::uint32_t& bucket = buckets_[BucketOf(id)];
  if (bucket == kEmpty) return std::nullopt;
  --live_;
  return std::exchange(bucket, kForgotten);
}

std::optional<std::uint32_t> IdTable::Find(std::string_view id) const {
  if (buckets_.empty()) return std::nullopt;
  const std::uint32_t slot = buckets_[BucketOf(id)];
  return slot == kEmpty ? std::nullopt : std::optional<std::uint32_t>(slot);
}

std::size_t IdTable::memory_bytes() const {
  return bytes_.capacity() + ends_.capacity() * sizeof(ends_[0]) +
         buckets_.capacity() * sizeof(buckets_[0]);
}

}  // namespace larder

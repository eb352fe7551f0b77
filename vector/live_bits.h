// LiveBits: which slots hold a point, one bit each, set and cleared by one thread while others
// read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "vector/lazy_array.h"

namespace larder {

class LiveBits {
 public:
  // Throws std::bad_alloc.
  explicit LiveBits(std::size_t capacity) : words_(capacity / 64 + 1) {}

  bool Test(std::size_t slot) const { return (Word(slot / 64) >> (slot % 64) & 1) != 0; }
  void Set(std::size_t slot) {
    Atomic(slot / 64).fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_release);
  }
  void Clear(std::size_t slot) {
    Atomic(slot / 64).fetch_and(~(std::uint64_t{1} << (slot % 64)), std::memory_order_release);
  }
  std::uint64_t Word(std::size_t index) const {
    return const_cast<LiveBits*>(this)->Atomic(index).load(std::memory_order_acquire);
  }
  // To be read word by word, atomically.
  const std::uint64_t* words() const { return words_.data(); }

 private:
  std::atomic_ref<std::uint64_t> Atomic(std::size_t index) {
    return std::atomic_ref<std::uint64_t>(words_[index]);
  }
  LazyArray<std::uint64_t> words_;
};

}  // namespace larder

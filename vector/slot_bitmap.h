// SlotBitmap: a set of slots, one bit each. Thread-safety: none.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class SlotBitmap {
 public:
  explicit SlotBitmap(std::size_t slots, bool set = false)
      : slots_(slots), words_((slots + 63) / 64, set ? ~std::uint64_t{0} : 0) {
    ClearPadding();
  }

  std::size_t slots() const { return slots_; }
  bool Test(std::size_t slot) const { return (words_[slot / 64] >> (slot % 64) & 1) != 0; }
  void Set(std::size_t slot) { words_[slot / 64] |= std::uint64_t{1} << (slot % 64); }
  void Clear(std::size_t slot) { words_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }

  // Of equal size.
  void And(const SlotBitmap& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  void Or(const SlotBitmap& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  void Invert() {
    for (std::uint64_t& word : words_) word = ~word;
    ClearPadding();
  }

  std::size_t Count() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  template <typename Visit>
  void ForEach(Visit&& visit) const {  // ascending
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(i * 64 + static_cast<std::size_t>(std::countr_zero(word)));
      }
    }
  }
  std::vector<std::uint64_t>& words() { return words_; }
  const std::vector<std::uint64_t>& words() const { return words_; }

 private:
  void ClearPadding() {
    if (slots_ % 64 != 0) words_.back() &= (std::uint64_t{1} << (slots_ % 64)) - 1;
  }

  std::size_t slots_;
  std::vector<std::uint64_t> words_;  // bits at and beyond slots_ are 0
};

}  // namespace larder

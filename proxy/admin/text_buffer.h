// TextBuffer: bytes that are appended by pointer, where a string's checks at each piece would cost
// more than the pieces. Thread-safety: none; one thread at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace larder {

class TextBuffer {
 public:
  // The end, behind which at least `bytes` bytes may be written. Say where they end with SetEnd.
  char* Room(std::size_t bytes) {
    if (capacity_ - size_ < bytes) Grow(bytes);
    return bytes_.get() + size_;
  }
  void SetEnd(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }

  std::string_view view() const { return {bytes_.get(), size_}; }
  std::size_t size() const { return size_; }
  // Keeps the memory.
  void Clear() { size_ = 0; }

 private:
  void Grow(std::size_t bytes) {
    const std::size_t capacity = std::max(size_ + bytes, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace larder

// LazyArray: a zeroed array whose memory is taken page by page as it is touched, so that it can be
// made far larger than it will be and never moves. Thread-safety: as a plain array.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace larder {

enum class Pages { kNormal, kHuge };  // kHuge: 2 MiB where the system gives them

template <typename T>
class LazyArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  LazyArray() = default;
  // Throws std::bad_alloc when the system refuses the address space.
  explicit LazyArray(std::size_t size, Pages pages = Pages::kNormal) : size_(size) {
    if (size == 0) return;
    void* mapped = ::mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<T*>(mapped);
    if (pages == Pages::kHuge) ::madvise(mapped, size * sizeof(T), MADV_HUGEPAGE);
  }
  ~LazyArray() {
    if (data_ != nullptr) ::munmap(data_, size_ * sizeof(T));
  }
  LazyArray(LazyArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  LazyArray& operator=(LazyArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::size_t size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace larder

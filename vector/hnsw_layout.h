// How the rows and lists of an HnswGraph lie in memory, and how hnswlib compares rows. For
// hnsw_links.h and hnsw_graph.cc alone. Thread-safety: pure functions, immutable objects.
#pragma once

#include <hnswlib/hnswlib.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "vector/row_codec.h"

namespace larder {

inline constexpr std::size_t kMallocHeaderBytes = 16;
// Beside its row a slot has a pointer to its upper links, a level and a scale.
inline constexpr std::size_t kTableBytes = sizeof(char*) + 1 + sizeof(float);
// Slots. Below, pages that are not full cost more than they save.
inline constexpr std::size_t kHugePagesFrom = 65'536;
inline constexpr std::size_t kCacheLine = 64;

inline std::size_t LinkBytes(std::size_t links) {
  return (links + 1) * sizeof(hnswlib::tableint);
}
// Links, padding, header, then the components at the beginning of a line.
inline std::size_t StrideOf(const RowCodec& codec, std::size_t m) {
  const std::size_t head = LinkBytes(2 * m) + RowCodec::kHeaderBytes;
  const std::size_t lines = (head + RowCodec::kAlignment - 1) / RowCodec::kAlignment;
  return lines * RowCodec::kAlignment + codec.row_bytes() - RowCodec::kHeaderBytes;
}

// hnswlib's view of a RowCodec.
class CodedSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit CodedSpace(const RowCodec& codec) : codec_(codec) {}
  std::size_t get_data_size() override { return codec_.row_bytes(); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return codec_.distance(); }
  void* get_dist_func_param() override { return &codec_; }
  const RowCodec& codec() const { return codec_; }

 private:
  RowCodec codec_;
};

// A list of neighbours: its length, then the slots. One thread writes, others read meanwhile.
inline std::uint32_t LoadWord(const hnswlib::tableint* word) {
  return std::atomic_ref<hnswlib::tableint>(*const_cast<hnswlib::tableint*>(word))
      .load(std::memory_order_acquire);
}
inline void StoreWord(hnswlib::tableint* word, std::uint32_t value) {
  std::atomic_ref<hnswlib::tableint>(*word).store(value, std::memory_order_release);
}

}  // namespace larder

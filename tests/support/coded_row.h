// A row of a RowCodec for tests: aligned as the codec demands, encoded from a vector.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vector/row_codec.h"

namespace larder {

class CodedRow {
 public:
  CodedRow(const RowCodec& codec, const std::vector<float>& vector)
      : buffer_(codec.row_bytes() + 2 * RowCodec::kAlignment) {
    const auto begin = std::bit_cast<std::uintptr_t>(buffer_.data());
    const std::size_t past = (begin + RowCodec::kHeaderBytes) % RowCodec::kAlignment;
    row_ = buffer_.data() + (RowCodec::kAlignment - past) % RowCodec::kAlignment;
    codec.Encode(vector.data(), row_);
  }
  CodedRow(const CodedRow&) = delete;
  CodedRow& operator=(const CodedRow&) = delete;

  const void* get() const { return row_; }
  const RowHeader& header() const { return RowCodec::HeaderOf(row_); }

 private:
  std::vector<char> buffer_;
  char* row_ = nullptr;
};

}  // namespace larder

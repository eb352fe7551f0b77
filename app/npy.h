// NumPy's .npy files of one matrix of floats: what numpy.load gives and takes. Source: NEP 1,
// "A Simple File Format for NumPy Arrays", versions 1.0 and 2.0. Written: version 1.0, '<f4', C
// order. Read: '<f4' and '<f8', C order, two dimensions (a vector counts as rows of one number).
// Thread-safety: pure functions; a reader is one thread's at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/byte_input.h"

namespace larder {

struct NpyShape {
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::size_t element_bytes = 4;  // of a float: 4 or 8
};

// Always kNpyHeaderBytes long whatever the shape, so that it can be written again when the number
// of rows is known; a multiple of 64, as the format wants.
constexpr std::size_t kNpyHeaderBytes = 128;
std::string RenderNpyHeader(std::uint64_t rows, std::uint64_t columns);

// Of the dictionary between the fixed part and the data:
// "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }".
// Errors: kInvalidArgument, saying what is not read.
Result<NpyShape> ParseNpyDictionary(std::string_view text);

class NpyReader {
 public:
  static constexpr std::uint64_t kMaxColumns = 65'536;

  // Reads the header. Errors: kInvalidArgument; those of ByteInput.
  static Result<std::unique_ptr<NpyReader>> Open(std::unique_ptr<ByteInput> input);

  const NpyShape& shape() const { return shape_; }
  const ByteInput& input() const { return *input_; }

  // The next row as float32; false behind the last. Errors: kInvalidArgument: the file ends before
  // its last row; those of ByteInput.
  Result<bool> Next(std::vector<float>& row);

 private:
  explicit NpyReader(std::unique_ptr<ByteInput> input) : input_(std::move(input)) {}
  // Makes buffer_ hold `size` bytes. False when the file ends before.
  Result<bool> Need(std::size_t size);
  Status ReadHeader();

  const std::unique_ptr<ByteInput> input_;
  NpyShape shape_;
  std::uint64_t next_ = 0;
  std::string buffer_;
  std::size_t position_ = 0;
};

}  // namespace larder

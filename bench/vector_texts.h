// VectorTexts: unit vectors by number, ready to be sent as text, at the price of copying them.
//
// There are 16 random vectors; a number chooses one and the signs of its first 192 values. A
// changed sign keeps the length, and a block of three float32 values is exactly 16 base64
// characters, so that every text is put together from prepared pieces. Two numbers of the same
// random vector are about 0.9 alike at 1536 dimensions, others about 0: clustered, as real
// embeddings are.
//
// Thread-safety: const functions from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::bench {

class VectorTexts {
 public:
  // Precondition: `dim` is a multiple of 3 and at least 195.
  explicit VectorTexts(std::size_t dim);

  // Of equal texts equal numbers; of different texts different ones, but for one in 2^64.
  static std::uint64_t NumberOf(std::string_view text);

  // Appends the vector of `number` as base64 of little-endian float32, quoted.
  void AppendBase64(std::uint64_t number, std::string& out) const;
  // Appends the vector of `number` as a JSON array, each value in its shortest form.
  void AppendFloats(std::uint64_t number, std::string& out) const;

 private:
  // One random vector: its first blocks in each choice of signs, and what follows them.
  struct Pieces {
    std::vector<std::string> blocks;  // [block * 8 + signs]
    std::string rest;
  };
  static void Append(const std::vector<Pieces>& forms, std::uint64_t number, std::string& out);

  std::vector<Pieces> base64_;
  std::vector<Pieces> floats_;
};

}  // namespace larder::bench

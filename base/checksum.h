// Checksum: XXH3-64 of bytes that come in pieces, against torn and altered files. Not against
// malice. Thread-safety: none; ChecksumOf is a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace larder {

// Of bytes that are there at once. The seed makes one checksum depend on another.
std::uint64_t ChecksumOf(std::string_view bytes, std::uint64_t seed = 0);

class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(Checksum&& other) noexcept;
  Checksum& operator=(Checksum&& other) noexcept;

  void Update(const void* bytes, std::size_t count);
  // ChecksumOf all bytes so far, whatever pieces they came in; more may follow.
  std::uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace larder

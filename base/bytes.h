// Bytes on disk and in keys: explicit width, little-endian, length-prefixed. ByteWriter appends to
// a string; ByteReader takes from a view and remembers the first failure, so that a decoder checks
// once. Thread-safety: none; one thread at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace larder {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian");

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <typename T>
  void Fixed(T value) {
    static_assert(std::is_arithmetic_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  void Raw(std::string_view bytes) { out_.append(bytes); }
  // A 32-bit length, then the bytes. Precondition: bytes.size() < 2^32.
  void Prefixed(std::string_view bytes) {
    Fixed(static_cast<std::uint32_t>(bytes.size()));
    Raw(bytes);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  // Zero, and ok() false, when too few bytes are left.
  template <typename T>
  T Fixed() {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    const std::string_view bytes = Raw(sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  // A view into the input; empty, and ok() false, when too few bytes are left.
  std::string_view Raw(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string_view Prefixed() { return Raw(Fixed<std::uint32_t>()); }

  bool ok() const { return ok_; }
  std::size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace larder

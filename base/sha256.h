// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) over OpenSSL's block function. Its EVP layer
// would double the cost of a short message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

using Digest = std::array<std::uint8_t, 32>;

// One hash being computed. A copy goes on by itself. Thread-safety: none; one thread at a time.
// Cost: 0.2 us for 250 bytes, 2 GB/s on large input.
class Sha256 {
 public:
  Sha256();

  void Update(std::string_view bytes);
  // The digest of everything so far; afterwards the object is as newly made.
  Digest Finish();

 private:
  alignas(8) std::array<std::byte, 112> state_;  // SHA256_CTX
};

// HMAC with one key for many messages: the key is hashed once. Thread-safety: immutable.
class HmacSha256Key {
 public:
  explicit HmacSha256Key(std::string_view key);
  Digest Of(std::string_view message) const;

 private:
  Sha256 inner_;
  Sha256 outer_;
};

Digest Sha256Of(std::string_view bytes);
Digest HmacSha256(std::string_view key, std::string_view message);

// 64 lower-case hexadecimal digits.
std::string ToHex(const Digest& digest);
// nullopt unless `hex` is exactly 64 hexadecimal digits of either case.
std::optional<Digest> DigestFromHex(std::string_view hex);

// The digest's 32 bytes as a view that lives as long as the digest.
inline std::string_view AsBytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// For hash tables: a digest is uniform, so its first eight bytes are a hash.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t value;
    __builtin_memcpy(&value, digest.data(), sizeof(value));
    return value;
  }
};

}  // namespace larder

#include "base/sha256.h"

// The block function has no other name that is not deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <cstdlib>
#include <new>

namespace larder {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Out of memory, or OpenSSL without SHA-256. A digest that was not computed would share entries
// between strangers: better no process than that.
void AbortUnless(bool computed) {
  if (!computed) std::abort();
}

}  // namespace

Sha256::Sha256() {
  static_assert(sizeof(state_) >= sizeof(SHA256_CTX) && alignof(SHA256_CTX) <= 8);
  AbortUnless(SHA256_Init(new (state_.data()) SHA256_CTX) == 1);
}

void Sha256::Update(std::string_view bytes) {
  AbortUnless(SHA256_Update(std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())),
                            bytes.data(), bytes.size()) == 1);
}

Digest Sha256::Finish() {
  Digest digest;
  auto* context = std::launder(reinterpret_cast<SHA256_CTX*>(state_.data()));
  AbortUnless(SHA256_Final(digest.data(), context) == 1 && SHA256_Init(context) == 1);
  return digest;
}

Digest Sha256Of(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

HmacSha256Key::HmacSha256Key(std::string_view key) {
  constexpr std::size_t kBlockBytes = 64;
  std::array<char, kBlockBytes> block{};
  const Digest hashed = Sha256Of(key);
  const std::string_view used = key.size() > kBlockBytes ? AsBytes(hashed) : key;
  for (std::size_t i = 0; i < used.size(); ++i) block[i] = used[i];
  for (char& byte : block) byte = static_cast<char>(byte ^ 0x36);
  inner_.Update({block.data(), block.size()});
  for (char& byte : block) byte = static_cast<char>(byte ^ 0x36 ^ 0x5c);
  outer_.Update({block.data(), block.size()});
}

Digest HmacSha256Key::Of(std::string_view message) const {
  Sha256 inner = inner_;
  inner.Update(message);
  const Digest digest = inner.Finish();
  Sha256 outer = outer_;
  outer.Update(AsBytes(digest));
  return outer.Finish();
}

Digest HmacSha256(std::string_view key, std::string_view message) {
  return HmacSha256Key(key).Of(message);
}

std::string ToHex(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(digest.size() * 2);
  for (const std::uint8_t byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

std::optional<Digest> DigestFromHex(std::string_view hex) {
  Digest digest;
  if (hex.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

}  // namespace larder

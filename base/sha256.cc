#include "base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

namespace larder {
namespace {

// Fetched once: EVP_sha256() would look the provider up again for every hash.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

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

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  AbortUnless(context_ != nullptr && EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_),
                                                        FetchedSha256(), nullptr) == 1);
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::Update(std::string_view bytes) {
  AbortUnless(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) ==
              1);
}

Digest Sha256::Finish() {
  Digest digest;
  auto* context = static_cast<EVP_MD_CTX*>(context_);
  AbortUnless(EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1 &&
              EVP_DigestInit_ex2(context, nullptr, nullptr) == 1);
  return digest;
}

Digest Sha256Of(std::string_view bytes) {
  thread_local Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

Digest HmacSha256(std::string_view key, std::string_view message) {
  Digest digest;
  unsigned int size = 0;
  AbortUnless(HMAC(FetchedSha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                   digest.data(), &size) != nullptr);
  return digest;
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

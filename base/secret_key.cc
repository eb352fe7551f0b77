#include "base/secret_key.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/base64.h"
#include "base/secret_box.h"

namespace larder {

SecretKey::~SecretKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

Result<SecretKey> SecretKey::Parse(std::string_view text) {
  if (const auto digest = DigestFromHex(text)) return SecretKey(*digest);
  auto decoded = DecodeBase64(text);
  Digest digest;
  if (!decoded || decoded->size() != digest.size()) {
    return InvalidArgument(
        "must be 32 bytes, as 64 hexadecimal digits or as base64 (openssl rand -hex 32 makes "
        "them)");
  }
  std::copy(decoded->begin(), decoded->end(), digest.begin());
  Overwrite(*decoded);
  SecretKey key(digest);
  OPENSSL_cleanse(digest.data(), digest.size());
  return key;
}

SecretKey SecretKey::Derive(std::string_view purpose) const {
  return SecretKey(DeriveSecret(AsBytes(bytes_), purpose));
}

std::uint16_t SecretKey::Id() const {
  const SecretKey id = Derive("larder key id");
  return static_cast<std::uint16_t>(id.bytes_[0] | id.bytes_[1] << 8);
}

void Overwrite(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

SecretKeys SecretKeys::Derive(std::string_view purpose) const {
  SecretKeys derived{current.Derive(purpose)};
  if (previous) derived.previous = previous->Derive(purpose);
  return derived;
}

bool operator==(const SecretKey& a, const SecretKey& b) {
  return IsSameSecret(AsBytes(a.bytes_), AsBytes(b.bytes_));
}

}  // namespace larder

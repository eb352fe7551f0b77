#include "base/secret_box.h"

#include <openssl/crypto.h>

#include "base/aes_gcm.h"
#include "base/random.h"

namespace larder {

static_assert(SecretBox::kOverhead == AesGcm::kNonceBytes + AesGcm::kTagBytes);

SecretBox::~SecretBox() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

std::string SecretBox::Seal(std::string_view message, std::string_view associated) const {
  const std::string nonce = RandomBytes(AesGcm::kNonceBytes);
  std::string sealed = nonce;
  sealed.resize(kOverhead + message.size());
  AesGcm(key_).Seal(nonce, {associated}, message, sealed.data() + nonce.size());
  return sealed;
}

std::optional<std::string> SecretBox::Open(std::string_view sealed,
                                           std::string_view associated) const {
  if (sealed.size() < kOverhead) return std::nullopt;
  std::string message(sealed.size() - kOverhead, '\0');
  const bool opened = AesGcm(key_).Open(sealed.substr(0, AesGcm::kNonceBytes), {associated},
                                        sealed.substr(AesGcm::kNonceBytes), message.data());
  return opened ? std::optional(std::move(message)) : std::nullopt;
}

Digest DeriveSecret(std::string_view master, std::string_view purpose) {
  // One block of output, so that expanding is one HMAC; no salt.
  const Digest extracted = HmacSha256(std::string(32, '\0'), master);
  return HmacSha256(AsBytes(extracted), std::string(purpose) + '\x01');
}

bool IsSameSecret(std::string_view a, std::string_view b) {
  const Digest left = Sha256Of(a);
  const Digest right = Sha256Of(b);
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace larder

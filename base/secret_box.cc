#include "base/secret_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "base/random.h"

namespace larder {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
static_assert(SecretBox::kOverhead == kNonceBytes + kTagBytes);

// What fails only when memory does, or without AES-GCM: there is nothing right to go on with.
void AbortUnless(bool done) {
  if (!done) std::abort();
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text, std::size_t from) {
  return reinterpret_cast<unsigned char*>(text.data()) + from;
}

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Fetching by name costs more than a small message.
const EVP_CIPHER* Aes256Gcm() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return cipher.get();
}

// With key, nonce and associated data; for sealing or for opening.
Context Begin(const Digest& key, std::string_view nonce, std::string_view associated, bool seal) {
  Context context(EVP_CIPHER_CTX_new());
  AbortUnless(context != nullptr && EVP_CipherInit_ex2(context.get(), Aes256Gcm(), key.data(),
                                                       Bytes(nonce), seal ? 1 : 0, nullptr) == 1);
  int ignored = 0;
  AbortUnless(associated.empty() ||
              EVP_CipherUpdate(context.get(), nullptr, &ignored, Bytes(associated),
                               static_cast<int>(associated.size())) == 1);
  return context;
}

}  // namespace

SecretBox::~SecretBox() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

std::string SecretBox::Seal(std::string_view message, std::string_view associated) const {
  std::string sealed = RandomBytes(kNonceBytes);
  const Context context = Begin(key_, sealed, associated, true);
  sealed.resize(kNonceBytes + message.size() + kTagBytes);
  int written = 0;
  AbortUnless(message.empty() ||
              EVP_CipherUpdate(context.get(), Bytes(sealed, kNonceBytes), &written, Bytes(message),
                               static_cast<int>(message.size())) == 1);
  AbortUnless(EVP_CipherFinal_ex(context.get(), Bytes(sealed, kNonceBytes), &written) == 1);
  AbortUnless(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                  Bytes(sealed, kNonceBytes + message.size())) == 1);
  return sealed;
}

std::optional<std::string> SecretBox::Open(std::string_view sealed,
                                           std::string_view associated) const {
  if (sealed.size() < kOverhead) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kOverhead);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const Context context = Begin(key_, nonce, associated, false);
  std::string message(body.size(), '\0');
  int written = 0;
  AbortUnless(body.empty() || EVP_CipherUpdate(context.get(), Bytes(message, 0), &written,
                                               Bytes(body), static_cast<int>(body.size())) == 1);
  AbortUnless(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) ==
              1);
  if (EVP_CipherFinal_ex(context.get(), Bytes(message, 0), &written) != 1) {
    OPENSSL_cleanse(message.data(), message.size());
    return std::nullopt;
  }
  return message;
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

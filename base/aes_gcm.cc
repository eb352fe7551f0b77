#include "base/aes_gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace larder {
namespace {

// What fails only when memory does, or without AES-GCM: there is nothing right to go on with.
void AbortUnless(bool done) {
  if (!done) std::abort();
}

const unsigned char* Bytes(const char* text) {
  return reinterpret_cast<const unsigned char*>(text);
}
unsigned char* Bytes(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};

// Fetching by name costs more than a small message.
const EVP_CIPHER* Aes256Gcm() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return cipher.get();
}

}  // namespace

void AesGcm::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

AesGcm::AesGcm(const Digest& key) : context_(EVP_CIPHER_CTX_new()) {
  AbortUnless(context_ != nullptr && EVP_CipherInit_ex2(context_.get(), Aes256Gcm(), key.data(),
                                                        nullptr, 1, nullptr) == 1);
}

void AesGcm::Begin(std::string_view nonce, Associated associated, bool seal) {
  AbortUnless(nonce.size() == kNonceBytes &&
              EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, Bytes(nonce.data()),
                                 seal ? 1 : 0, nullptr) == 1);
  int ignored = 0;
  for (const std::string_view part : associated) {
    AbortUnless(part.empty() ||
                EVP_CipherUpdate(context_.get(), nullptr, &ignored, Bytes(part.data()),
                                 static_cast<int>(part.size())) == 1);
  }
}

void AesGcm::Seal(std::string_view nonce, Associated associated, std::string_view message,
                  char* out) {
  Begin(nonce, associated, true);
  int written = 0;
  AbortUnless(message.empty() ||
              EVP_CipherUpdate(context_.get(), Bytes(out), &written, Bytes(message.data()),
                               static_cast<int>(message.size())) == 1);
  char* const tag = out + message.size();
  AbortUnless(EVP_CipherFinal_ex(context_.get(), Bytes(tag), &written) == 1);
  AbortUnless(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
}

bool AesGcm::Open(std::string_view nonce, Associated associated, std::string_view sealed,
                  char* out) {
  if (sealed.size() < kTagBytes) return false;
  const std::string_view body = sealed.substr(0, sealed.size() - kTagBytes);
  char tag[kTagBytes];
  sealed.copy(tag, kTagBytes, body.size());
  Begin(nonce, associated, false);
  int written = 0;
  AbortUnless(body.empty() ||
              EVP_CipherUpdate(context_.get(), Bytes(out), &written, Bytes(body.data()),
                               static_cast<int>(body.size())) == 1);
  AbortUnless(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1);
  unsigned char nothing[kTagBytes];
  if (EVP_CipherFinal_ex(context_.get(), nothing, &written) == 1) return true;
  OPENSSL_cleanse(out, body.size());
  return false;
}

}  // namespace larder

// AesGcm: AES-256-GCM (NIST SP 800-38D) with one key for many messages: what the key takes to be
// made ready is done once. Who calls it sees to it that no nonce is used twice with one key.
// Thread-safety: none; one thread at a time.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/sha256.h"

struct evp_cipher_ctx_st;

namespace larder {

class AesGcm {
 public:
  static constexpr std::size_t kNonceBytes = 12;
  static constexpr std::size_t kTagBytes = 16;
  using Associated = std::initializer_list<std::string_view>;  // one after another

  explicit AesGcm(const Digest& key);

  // Writes the ciphertext, as long as the message, and the tag to `out`. Precondition: the nonce
  // has kNonceBytes. Opening needs the same associated data, which is not written.
  void Seal(std::string_view nonce, Associated associated, std::string_view message, char* out);
  // Writes the message, kTagBytes shorter than `sealed`, to `out`. False when it was sealed with
  // another key, nonce or associated data, or was altered or cut: then `out` holds zeros.
  bool Open(std::string_view nonce, Associated associated, std::string_view sealed, char* out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;  // overwrites the key
  };

  void Begin(std::string_view nonce, Associated associated, bool seal);

  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace larder

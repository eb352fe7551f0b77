// SecretBox: AES-256-GCM (NIST SP 800-38D) with a random nonce for each message, and what goes with
// it: deriving one secret from another (HKDF-SHA-256, RFC 5869) and comparing secrets. Nothing of
// a secret is in an error. Thread-safety: immutable; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace larder {

class SecretBox {
 public:
  // What Seal adds: a nonce of 12 bytes before, a tag of 16 behind.
  static constexpr std::size_t kOverhead = 28;

  // Random nonces keep apart up to 2^32 messages of one key.
  explicit SecretBox(const Digest& key) : key_(key) {}
  ~SecretBox();
  SecretBox(const SecretBox&) = default;
  SecretBox& operator=(const SecretBox&) = default;

  // nonce, ciphertext, tag. Opening needs the same `associated`, which is not part of it: where the
  // message stands, so that it cannot be moved to another place.
  std::string Seal(std::string_view message, std::string_view associated) const;
  // nullopt when it was sealed with another key or in another place, or was altered.
  std::optional<std::string> Open(std::string_view sealed, std::string_view associated) const;

 private:
  Digest key_;
};

// A secret for one purpose, which tells nothing of `master` or of those for other purposes.
Digest DeriveSecret(std::string_view master, std::string_view purpose);

// Whether two secrets are equal, without telling by the time taken where they differ or how long
// they are.
bool IsSameSecret(std::string_view a, std::string_view b);

}  // namespace larder

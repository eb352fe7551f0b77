// SecretKey: a secret of 32 bytes, overwritten in memory when it goes. Thread-safety: a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"

namespace larder {

class SecretKey {
 public:
  explicit SecretKey(const Digest& bytes) : bytes_(bytes) {}
  ~SecretKey();
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;

  // Of 64 hexadecimal digits, or 44 characters of base64.
  // Errors: kInvalidArgument: "must be 32 bytes ...", without anything of the text.
  static Result<SecretKey> Parse(std::string_view text);

  const Digest& bytes() const { return bytes_; }
  // As DeriveSecret.
  SecretKey Derive(std::string_view purpose) const;
  // Tells keys apart, but for one pair in 65,536, and nothing about them.
  std::uint16_t Id() const;
  friend bool operator==(const SecretKey& a, const SecretKey& b);

 private:
  Digest bytes_;
};

// Overwrites what was a secret, and empties it.
void Overwrite(std::string& secret);

// The key that is used, and the one that was used before: it only opens what is not sealed anew
// yet. A value.
struct SecretKeys {
  SecretKey current;
  std::optional<SecretKey> previous = std::nullopt;

  SecretKeys Derive(std::string_view purpose) const;
};

}  // namespace larder

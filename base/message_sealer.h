// MessageSealer: seals any number of messages under one secret, at little cost for each.
//
// AES-256-GCM is safe for 2^32 messages of one key, and fails when a nonce comes twice. So each
// sealer draws 16 random bytes, a salt, and seals with a key derived from secret and salt (HKDF);
// its nonces count from 0, and when they have reached 2^32 it goes on with a new salt. What a
// message needs to be opened stands in front of it: salt and number. Two sealers, of two runs of a
// program, would have to draw the same 128 bits to meet; a machine's image that is started twice
// does. Source: NIST SP 800-38D, sections 8.2.1 and 8.3; RFC 5869. Thread-safe.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/aes_gcm.h"
#include "base/mutex.h"
#include "base/secret_key.h"

namespace larder {

class MessageSealer {
 public:
  static constexpr std::size_t kSaltBytes = 16;
  static constexpr std::size_t kOverhead = kSaltBytes + sizeof(std::uint64_t) + AesGcm::kTagBytes;
  static constexpr std::uint64_t kMostOfASalt = std::uint64_t{1} << 32;

  // `most_of_a_salt`: messages after which another is drawn.
  explicit MessageSealer(const SecretKey& secret, std::uint64_t most_of_a_salt = kMostOfASalt);
  ~MessageSealer();

  // Appends salt, number, ciphertext and tag to `out`. Opening needs the same `associated`.
  void Seal(std::string_view message, AesGcm::Associated associated, std::string& out) const;
  // Appends the message to `out`. False, and nothing is appended, when it was sealed with another
  // secret or in another place, or was altered or cut.
  bool Open(std::string_view sealed, AesGcm::Associated associated, std::string& out) const;

 private:
  struct Key;
  struct Ready;
  using KeyPointer = std::shared_ptr<const Key>;  // owned by the sealer and by threads that used it
  using Salt = std::array<char, kSaltBytes>;

  KeyPointer MakeKey(const Salt& salt) const;
  KeyPointer KeyOf(const Salt& salt) const;
  // The key to seal with, and the number of the message.
  KeyPointer Next(std::uint64_t& number) const;

  const SecretKey secret_;
  const std::uint64_t most_of_a_salt_;
  const std::shared_ptr<const int> identity_;  // owned by the sealer and its keys
  mutable Mutex mutex_;
  mutable KeyPointer sealing_ LARDER_GUARDED_BY(mutex_);
  mutable std::uint64_t next_ LARDER_GUARDED_BY(mutex_) = 0;
  mutable std::map<Salt, KeyPointer> known_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

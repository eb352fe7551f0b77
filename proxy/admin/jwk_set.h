// JwkSet: a provider's public keys (RFC 7517) and signatures of RS256 and ES256 by them (RFC 7518,
// sections 3.3 and 3.4). Keys that are for something else, too short, or not on their curve are
// passed over. Thread-safety: immutable.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/json/json.h"

namespace larder {

class JwkSet {
 public:
  static constexpr std::size_t kMostKeys = 64;
  static constexpr int kFewestRsaBits = 2048;
  static constexpr int kMostRsaBits = 8192;  // verifying takes longer with each bit

  JwkSet() = default;
  // Errors: kInvalidReply (not JSON, not a set, more keys than kMostKeys).
  static Result<JwkSet> Parse(std::string_view json);

  enum class Verdict {
    kGood,
    kBad,    // another key's, or altered
    kNoKey,  // none of this name for this algorithm: the set may be old
  };
  // `algorithm` is "RS256" or "ES256"; of any other there is no key. `key_id` empty: the token
  // names none, and any key of the algorithm may have signed.
  Verdict Verify(std::string_view algorithm, std::string_view key_id, std::string_view message,
                 std::string_view signature) const;

  std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id;
    std::string_view algorithm;            // "RS256" or "ES256": decided by the key, not by a token
    std::shared_ptr<EVP_PKEY> public_key;  // shared by copies of the set
  };
  // Null for a key that is not usable here.
  static std::shared_ptr<EVP_PKEY> ReadRsa(JsonElement jwk);
  static std::shared_ptr<EVP_PKEY> ReadP256(JsonElement jwk);

  std::vector<Key> keys_;
};

}  // namespace larder

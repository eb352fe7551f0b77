// Rs256Key: signs as JWT's RS256 does: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
// Thread-safety: immutable.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larder {

class Rs256Key {
 public:
  // `pem` holds an RSA private key of 2048 to 16384 bits without a passphrase. Errors:
  // kInvalidArgument, whose message goes on where the key's name ends ("is no ...").
  static Result<Rs256Key> Parse(std::string_view pem);

  // The signature's bytes. Errors: kInternal.
  Result<std::string> Sign(std::string_view message) const;

 private:
  explicit Rs256Key(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;  // shared by copies of the object
};

}  // namespace larder

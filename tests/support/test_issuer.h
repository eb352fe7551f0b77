// An OpenID provider's keys, and JWTs signed with them, right and wrong. Thread-safety: none.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace larder {

class TestIssuer {
 public:
  enum class Kind { kRsa, kP256 };
  explicit TestIssuer(Kind kind, std::string key_id = "key-1", int rsa_bits = 2048);

  // The public key as a member of "keys".
  std::string Jwk(std::string_view more = R"("use":"sig")") const;
  // {"keys":[...]} of it alone.
  std::string JwkSet() const { return R"({"keys":[)" + Jwk() + "]}"; }

  // head.claims.signature; "alg" is the key's, unless `head` gives another head.
  std::string Sign(std::string_view claims, std::string_view head = {}) const;
  // The signature over a text, as JWS has it.
  std::string SignatureOf(std::string_view text) const;

 private:
  Kind kind_;
  std::string key_id_;
  std::shared_ptr<EVP_PKEY> key_;  // owned by the object and its copies
};

}  // namespace larder

#include "proxy/admin/jwk_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/base64url.h"

namespace larder {
namespace {

constexpr std::size_t kCoordinateBytes = 32;  // of P-256; a signature is two numbers of this size

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BigNumber = std::unique_ptr<BIGNUM, Freed<&BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<&OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<&OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<&EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<&ECDSA_SIG_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

BigNumber NumberOf(std::string_view bytes) {
  return BigNumber(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

// A member's bytes; empty when it is missing or not base64url.
std::string BytesOf(JsonElement jwk, std::string_view name) {
  const auto text = StringMember(jwk, name);
  return text ? DecodeBase64Url(*text).value_or("") : std::string();
}

// Null when OpenSSL does not take it.
std::shared_ptr<EVP_PKEY> Import(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  std::shared_ptr<EVP_PKEY> imported(key, &EVP_PKEY_free);
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return check != nullptr && EVP_PKEY_public_check(check.get()) == 1 ? imported : nullptr;
}

// JWS has r and s one behind the other, OpenSSL takes them in DER. Empty when they are no numbers.
std::string DerOf(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return {};
  BigNumber r = NumberOf(signature.substr(0, kCoordinateBytes));
  BigNumber s = NumberOf(signature.substr(kCoordinateBytes));
  const EcSignature pair(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || pair == nullptr ||
      ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
    return {};
  }
  (void)r.release();  // the pair's now
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

bool IsSignedBy(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

Error Invalid(const char* what) {
  return UpstreamError(ErrorCode::kInvalidReply, std::string("the provider's keys are ") + what);
}

}  // namespace

std::shared_ptr<EVP_PKEY> JwkSet::ReadRsa(JsonElement jwk) {
  const BigNumber n = NumberOf(BytesOf(jwk, "n"));
  const BigNumber e = NumberOf(BytesOf(jwk, "e"));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (n == nullptr || e == nullptr || builder == nullptr) return nullptr;
  const int bits = BN_num_bits(n.get());
  // An exponent beyond 32 bits would make each signature slow, and nobody has one.
  if (bits < kFewestRsaBits || bits > kMostRsaBits || BN_num_bits(e.get()) > 32 ||
      BN_is_odd(e.get()) != 1 || BN_is_one(e.get()) == 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return Import("RSA", builder.get());
}

std::shared_ptr<EVP_PKEY> JwkSet::ReadP256(JsonElement jwk) {
  const std::string x = BytesOf(jwk, "x");
  const std::string y = BytesOf(jwk, "y");
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return nullptr;
  const std::string point = "\x04" + x + y;  // uncompressed (SEC 1, section 2.3.3)
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return Import("EC", builder.get());
}

Result<JwkSet> JwkSet::Parse(std::string_view json) {
  const auto document = JsonDocument::Parse(json);
  if (!document.ok()) return Invalid("no JSON");
  const auto keys = Member(document->root(), "keys");
  JsonArray list;
  if (!keys || keys->get(list) != simdjson::SUCCESS) return Invalid("no set of keys");
  if (list.size() > kMostKeys) return Invalid("more than 64");
  JwkSet set;
  for (const JsonElement jwk : list) {
    if (StringMember(jwk, "use").value_or("sig") != "sig") continue;
    const std::string_view type = StringMember(jwk, "kty").value_or("");
    Key key;
    if (type == "RSA") {
      key.algorithm = "RS256";
      key.public_key = ReadRsa(jwk);
    } else if (type == "EC" && StringMember(jwk, "crv") == "P-256") {
      key.algorithm = "ES256";
      key.public_key = ReadP256(jwk);
    }
    if (key.public_key == nullptr) continue;
    if (StringMember(jwk, "alg").value_or(key.algorithm) != key.algorithm) continue;
    key.id = StringMember(jwk, "kid").value_or("");
    set.keys_.push_back(std::move(key));
  }
  return set;
}

JwkSet::Verdict JwkSet::Verify(std::string_view algorithm, std::string_view key_id,
                               std::string_view message, std::string_view signature) const {
  const std::string der = algorithm == "ES256" ? DerOf(signature) : std::string();
  Verdict verdict = Verdict::kNoKey;
  for (const Key& key : keys_) {
    if (key.algorithm != algorithm || (!key_id.empty() && key.id != key_id)) continue;
    verdict = Verdict::kBad;
    const std::string_view as_taken = algorithm == "ES256" ? std::string_view(der) : signature;
    if (!as_taken.empty() && IsSignedBy(key.public_key.get(), message, as_taken)) {
      return Verdict::kGood;
    }
  }
  return verdict;
}

}  // namespace larder

#include "tests/support/test_issuer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdlib>

#include "base/base64url.h"

namespace larder {
namespace {

constexpr std::size_t kCoordinateBytes = 32;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string NumberOf(const BIGNUM* number, int bytes) {
  std::string text(static_cast<std::size_t>(bytes), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), bytes);
  return text;
}

// A part of the public key, in base64url.
std::string Part(EVP_PKEY* key, const char* name, int bytes = 0) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) std::abort();
  const std::string text = NumberOf(number, bytes > 0 ? bytes : BN_num_bytes(number));
  BN_free(number);
  return ToBase64Url(text);
}

}  // namespace

TestIssuer::TestIssuer(Kind kind, std::string key_id, int rsa_bits)
    : kind_(kind),
      key_id_(std::move(key_id)),
      key_(kind == Kind::kRsa
               ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))
               : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"),
           &EVP_PKEY_free) {
  if (key_ == nullptr) std::abort();
}

std::string TestIssuer::Jwk(std::string_view more) const {
  std::string jwk = R"({"kid":")" + key_id_ + "\"";
  if (!more.empty()) jwk += "," + std::string(more);
  EVP_PKEY* key = key_.get();
  if (kind_ == Kind::kRsa) {
    return jwk + R"(,"kty":"RSA","n":")" + Part(key, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
           Part(key, OSSL_PKEY_PARAM_RSA_E) + "\"}";
  }
  return jwk + R"(,"kty":"EC","crv":"P-256","x":")" +
         Part(key, OSSL_PKEY_PARAM_EC_PUB_X, kCoordinateBytes) + R"(","y":")" +
         Part(key, OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinateBytes) + "\"}";
}

std::string TestIssuer::SignatureOf(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(text), text.size()) != 1) {
    std::abort();
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(text), text.size()) != 1) {
    std::abort();
  }
  signature.resize(size);
  if (kind_ == Kind::kRsa) return signature;
  const unsigned char* der = Bytes(signature);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size)), &ECDSA_SIG_free);
  return NumberOf(ECDSA_SIG_get0_r(pair.get()), kCoordinateBytes) +
         NumberOf(ECDSA_SIG_get0_s(pair.get()), kCoordinateBytes);
}

std::string TestIssuer::Sign(std::string_view claims, std::string_view head) const {
  const std::string own_head = std::string(R"({"alg":")") +
                               (kind_ == Kind::kRsa ? "RS256" : "ES256") + R"(","kid":")" +
                               key_id_ + "\"}";
  const std::string input =
      ToBase64Url(head.empty() ? std::string_view(own_head) : head) + "." + ToBase64Url(claims);
  return input + "." + ToBase64Url(SignatureOf(input));
}

}  // namespace larder

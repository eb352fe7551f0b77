#include "proxy/upstream/rs256_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace larder {
namespace {

constexpr int kLeastBits = 2048;  // RFC 7518, section 3.3
constexpr int kMostBits = 16'384;

// Without it OpenSSL would ask the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

}  // namespace

Result<Rs256Key> Rs256Key::Parse(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  std::shared_ptr<EVP_PKEY> key(
      bytes == nullptr ? nullptr
                       : PEM_read_bio_PrivateKey(bytes.get(), nullptr, &NoPassphrase, nullptr),
      &EVP_PKEY_free);
  ERR_clear_error();
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return InvalidArgument("is no RSA private key in PEM without a passphrase");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kLeastBits || bits > kMostBits) {
    return InvalidArgument("is an RSA key of " + std::to_string(bits) +
                           " bits; RS256 needs 2048 or more, up to 16384");
  }
  return Rs256Key(std::move(key));
}

Result<std::string> Rs256Key::Sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  const bool made =
      context != nullptr &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  if (!made) {
    ERR_clear_error();
    return InternalError("the assertion could not be signed");
  }
  signature.resize(size);
  return signature;
}

}  // namespace larder

// ID tokens and key sets of an OpenID provider: what is before the first line break is a token, the
// rest a key set. Neither crashes, and without the provider's private key nothing is believed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/admin/id_token.h"

namespace {

// RFC 7517, appendix A.1: an EC key whose private part is published, and an RSA key.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
    R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},{"kty":"RSA","kid":"2","e":"AQAB","n":)"
    R"("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK)"
    R"(RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaS)"
    R"(qzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHa)"
    R"(Q-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const larder::JwkSet keys = *larder::JwkSet::Parse(kKeys);
  if (keys.size() != 2) std::abort();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view token = bytes.substr(0, bytes.find('\n'));
  const larder::IdTokenRules rules{"https://issuer.example", "larder", "nonce"};
  const larder::WallTime now = larder::FromUnixMillis(1767225600000);
  if (larder::VerifyIdToken(token, keys, rules, now).ok()) std::abort();
  if (token.size() == bytes.size()) return 0;
  const auto given = larder::JwkSet::Parse(bytes.substr(token.size() + 1));
  // Whoever brings the keys can sign; that must not crash either.
  if (given.ok()) (void)larder::VerifyIdToken(token, *given, rules, now).ok();
  return 0;
}

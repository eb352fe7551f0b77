#include "proxy/admin/id_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64url.h"
#include "base/sha256.h"
#include "tests/support/manual_clock.h"
#include "tests/support/test_issuer.h"

namespace larder {
namespace {

using testing::HasSubstr;

const TestIssuer& Rsa() {
  static const TestIssuer issuer(TestIssuer::Kind::kRsa, "rsa");
  return issuer;
}
const TestIssuer& P256() {
  static const TestIssuer issuer(TestIssuer::Kind::kP256, "p256");
  return issuer;
}
const TestIssuer& Stranger() {
  static const TestIssuer issuer(TestIssuer::Kind::kRsa, "rsa");
  return issuer;
}

JwkSet KeysOf(const std::string& json) {
  auto keys = JwkSet::Parse(json);
  EXPECT_TRUE(keys.ok());
  return keys.ok() ? *keys : JwkSet();
}
JwkSet Keys() {
  return KeysOf(R"({"keys":[)" + Rsa().Jwk() + "," + P256().Jwk() + "]}");
}

const IdTokenRules kRules{"https://issuer.example", "larder", "a nonce"};
constexpr std::int64_t kNow = 1767225600;  // ManualClock's

// Claims as they should be, with members replaced (an empty value: left out).
std::string Claims(const std::vector<std::pair<std::string, std::string>>& changes = {}) {
  std::vector<std::pair<std::string, std::string>> claims = {{"iss", R"("https://issuer.example")"},
                                                             {"aud", R"("larder")"},
                                                             {"sub", R"("user-1")"},
                                                             {"nonce", R"("a nonce")"},
                                                             {"exp", std::to_string(kNow + 300)},
                                                             {"iat", std::to_string(kNow)},
                                                             {"email", R"("Jam@Example.org")"},
                                                             {"email_verified", "true"}};
  for (const auto& [name, value] : changes) {
    const auto found = std::find_if(claims.begin(), claims.end(),
                                    [&, n = name](const auto& claim) { return claim.first == n; });
    if (found == claims.end()) {
      claims.emplace_back(name, value);
    } else {
      found->second = value;
    }
  }
  std::string json;
  for (const auto& [name, value] : claims) {
    if (!value.empty()) json += (json.empty() ? "{\"" : ",\"") + name + "\":" + value;
  }
  return json + "}";
}

Result<Identity> Verify(const std::string& token, const JwkSet& keys = Keys()) {
  return VerifyIdToken(token, keys, kRules, ManualClock().Now());
}

TEST(IdTokenTest, TakesWhatTheProviderSigned) {
  const std::string at = [](std::int64_t time) { return std::to_string(time); }(kNow + 60);
  const std::pair<const char*, std::string> kCases[] = {
      {"RS256", Rsa().Sign(Claims())},
      {"ES256", P256().Sign(Claims())},
      {"no key named", Rsa().Sign(Claims(), R"({"alg":"RS256"})")},
      {"with a type", P256().Sign(Claims(), R"({"alg":"ES256","typ":"JWT","kid":"p256"})")},
      {"for several, given to this one",
       Rsa().Sign(Claims({{"aud", R"(["other","larder"])"}, {"azp", R"("larder")"}}))},
      {"for one, as a list", Rsa().Sign(Claims({{"aud", R"(["larder"])"}}))},
      {"expired within the leeway", Rsa().Sign(Claims({{"exp", std::to_string(kNow - 59)}}))},
      {"issued a little ahead", Rsa().Sign(Claims({{"iat", at}}))},
      {"times with a fraction", Rsa().Sign(Claims({{"exp", std::to_string(kNow + 5) + ".25"}}))},
      {"counts from a little ahead", Rsa().Sign(Claims({{"nbf", at}}))},
      {"with members that are not known", Rsa().Sign(Claims({{"hd", R"("x")"}, {"acr", "1"}}))},
  };
  for (const auto& [name, token] : kCases) {
    const auto identity = Verify(token);
    ASSERT_TRUE(identity.ok()) << name << ": " << identity.error().message;
    EXPECT_EQ(identity->subject, "user-1") << name;
    EXPECT_EQ(identity->email, "Jam@Example.org") << name;
  }
}

TEST(IdTokenTest, AnEmailAddressCountsOnlyWhenItIsVerified) {
  const std::pair<std::string, std::string> kCases[] = {{"true", "Jam@Example.org"},
                                                        {R"("true")", "Jam@Example.org"},
                                                        {"false", ""},
                                                        {R"("yes")", ""},
                                                        {"1", ""},
                                                        {"", ""}};
  for (const auto& [verified, email] : kCases) {
    EXPECT_EQ(Verify(Rsa().Sign(Claims({{"email_verified", verified}})))->email, email) << verified;
  }
}

// What the signature of a head and claims would be with HS256 and a public key for its secret.
std::string SignedWithPublicKey() {
  const std::string input =
      ToBase64Url(R"({"alg":"HS256","kid":"rsa"})") + "." + ToBase64Url(Claims());
  return input + "." + ToBase64Url(AsBytes(HmacSha256(Rsa().Jwk(), input)));
}

TEST(IdTokenTest, RefusesEverythingElse) {
  const std::string good = Rsa().Sign(Claims());
  const std::string head_and_claims = good.substr(0, good.rfind('.'));
  const std::string signature = good.substr(good.rfind('.') + 1);
  std::string altered = good;
  altered[altered.find('.') + 5] ^= 1;
  const auto late = std::to_string(kNow - 60);
  const auto early = std::to_string(kNow + 61);
  const struct {
    const char* name;
    std::string token;
    const char* says;
  } kCases[] = {
      {"nothing", "", "three parts"},
      {"one part", "abc", "three parts"},
      {"two parts", head_and_claims, "three parts"},
      {"four parts", good + ".x", "three parts"},
      {"no signature", head_and_claims + ".", "signature"},
      {"another signature", head_and_claims + "." + ToBase64Url("x"), "signature"},
      {"padding", good + "=", "base64url"},
      {"altered claims", altered, "signature"},
      {"a stranger's key of the same name", Stranger().Sign(Claims()), "signature"},
      {"alg none", ToBase64Url(R"({"alg":"none"})") + "." + ToBase64Url(Claims()) + ".", "RS256"},
      {"alg None", ToBase64Url(R"({"alg":"None"})") + "." + ToBase64Url(Claims()) + ".", "RS256"},
      {"HS256 by the public key", SignedWithPublicKey(), "RS256"},
      {"RS384", Rsa().Sign(Claims(), R"({"alg":"RS384","kid":"rsa"})"), "RS256"},
      {"PS256", Rsa().Sign(Claims(), R"({"alg":"PS256","kid":"rsa"})"), "RS256"},
      {"no alg", Rsa().Sign(Claims(), R"({"kid":"rsa"})"), "RS256"},
      {"alg is a list", Rsa().Sign(Claims(), R"({"alg":["RS256"]})"), "RS256"},
      {"alg twice", Rsa().Sign(Claims(), R"({"alg":"none","alg":"RS256"})"), "twice"},
      {"critical extensions", Rsa().Sign(Claims(), R"({"alg":"RS256","crit":["b64"]})"),
       "asks for"},
      {"ES256 signed by RSA", Rsa().Sign(Claims(), R"({"alg":"ES256","kid":"p256"})"), "signature"},
      {"a signature in DER",
       [] {
         const std::string token = P256().Sign(Claims());
         return token.substr(0, token.rfind('.') + 1) +
                ToBase64Url("\x30\x06\x02\x01\x01\x02\x01\x01");
       }(),
       "signature"},
      {"r and s are zero",
       [] {
         const std::string token = P256().Sign(Claims());
         return token.substr(0, token.rfind('.') + 1) + ToBase64Url(std::string(64, '\0'));
       }(),
       "signature"},
      {"claims that are no object", Rsa().Sign("[]"), "object"},
      {"claims that are no JSON", Rsa().Sign("{"), "object"},
      {"a claim twice",
       Rsa().Sign(Claims().substr(0, 1) + R"("sub":"other",)" + Claims().substr(1)), "twice"},
      {"another issuer", Rsa().Sign(Claims({{"iss", R"("https://issuer.example/")"}})), "issuer"},
      {"no issuer", Rsa().Sign(Claims({{"iss", ""}})), "issuer"},
      {"another audience", Rsa().Sign(Claims({{"aud", R"("larder2")"}})), "client"},
      {"no audience", Rsa().Sign(Claims({{"aud", ""}})), "client"},
      {"an empty audience", Rsa().Sign(Claims({{"aud", "[]"}})), "client"},
      {"several audiences and no party", Rsa().Sign(Claims({{"aud", R"(["larder","x"])"}})),
       "given to another"},
      {"another party", Rsa().Sign(Claims({{"azp", R"("x")"}})), "given to another"},
      {"a party that is no name", Rsa().Sign(Claims({{"azp", "null"}})), "given to another"},
      {"expired", Rsa().Sign(Claims({{"exp", late}})), "expired"},
      {"no expiry", Rsa().Sign(Claims({{"exp", ""}})), "from when"},
      {"an expiry in words", Rsa().Sign(Claims({{"exp", R"("9999999999")"}})), "from when"},
      {"of the future", Rsa().Sign(Claims({{"iat", early}})), "future"},
      {"no time of issue", Rsa().Sign(Claims({{"iat", ""}})), "from when"},
      {"not yet", Rsa().Sign(Claims({{"nbf", early}})), "not count yet"},
      {"not before in words", Rsa().Sign(Claims({{"nbf", R"("x")"}})), "not count yet"},
      {"another nonce", Rsa().Sign(Claims({{"nonce", R"("b nonce")"}})), "another login"},
      {"no nonce", Rsa().Sign(Claims({{"nonce", ""}})), "another login"},
      {"no subject", Rsa().Sign(Claims({{"sub", ""}})), "nobody"},
      {"an empty subject", Rsa().Sign(Claims({{"sub", R"("")"}})), "nobody"},
      {"a subject of 256 bytes", Rsa().Sign(Claims({{"sub", "\"" + std::string(256, 'a') + "\""}})),
       "nobody"},
      {"33 KiB", Rsa().Sign(Claims({{"x", "\"" + std::string(33 * 1024, 'a') + "\""}})), "32 KiB"},
  };
  for (const auto& c : kCases) {
    const auto identity = Verify(c.token);
    ASSERT_FALSE(identity.ok()) << c.name;
    EXPECT_EQ(identity.error().code, ErrorCode::kUnauthenticated) << c.name;
    EXPECT_THAT(identity.error().message, HasSubstr(c.says)) << c.name;
    EXPECT_EQ(identity.error().message.find("user-1"), std::string::npos) << c.name;
  }
}

TEST(IdTokenTest, AnEmptyNonceIsNone) {
  IdTokenRules rules = kRules;
  rules.nonce.clear();
  EXPECT_FALSE(
      VerifyIdToken(Rsa().Sign(Claims({{"nonce", R"("")"}})), Keys(), rules, ManualClock().Now())
          .ok());
}

TEST(IdTokenTest, TellsThatItsKeyIsNotKnown) {
  const TestIssuer newer(TestIssuer::Kind::kRsa, "newer");
  EXPECT_EQ(Verify(newer.Sign(Claims())).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Verify(Rsa().Sign(Claims()), JwkSet()).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Verify(newer.Sign(Claims()), KeysOf(newer.JwkSet())).ok());
}

TEST(JwkSetTest, PassesOverKeysThatAreNotForThis) {
  const TestIssuer weak(TestIssuer::Kind::kRsa, "weak", 1024);
  const std::pair<const char*, std::string> kCases[] = {
      {"to encrypt", Rsa().Jwk(R"("use":"enc")")},
      {"for another algorithm", Rsa().Jwk(R"("alg":"RS512")")},
      {"too short", weak.Jwk()},
      {"symmetric", R"({"kty":"oct","kid":"rsa","k":"c2VjcmV0"})"},
      {"another curve", R"({"kty":"EC","crv":"P-384","x":"AAAA","y":"AAAA"})"},
      {"not on the curve", R"({"kty":"EC","crv":"P-256","x":")" +
                               ToBase64Url(std::string(32, '\x01')) + R"(","y":")" +
                               ToBase64Url(std::string(32, '\x02')) + "\"}"},
      {"an even exponent",
       R"({"kty":"RSA","e":"Ag","n":")" + ToBase64Url(std::string(256, '\xff')) + "\"}"},
      {"an exponent of one",
       R"({"kty":"RSA","e":"AQ","n":")" + ToBase64Url(std::string(256, '\xff')) + "\"}"},
      {"no modulus", R"({"kty":"RSA","e":"AQAB"})"},
      {"no object", "7"},
  };
  for (const auto& [name, jwk] : kCases) {
    EXPECT_EQ(KeysOf(R"({"keys":[)" + jwk + "]}").size(), 0U) << name;
  }
  EXPECT_EQ(KeysOf(R"({"keys":[)" + Rsa().Jwk(R"("alg":"RS256")") + "]}").size(), 1U);
  EXPECT_EQ(KeysOf(R"({"keys":[)" + P256().Jwk("") + "]}").size(), 1U);
}

TEST(JwkSetTest, RefusesWhatIsNoSet) {
  std::string many = R"({"keys":[)";
  for (int i = 0; i < 65; ++i) many += i == 0 ? "{}" : ",{}";
  for (const std::string& json : {std::string(), std::string("[]"), std::string("{}"),
                                  std::string(R"({"keys":{}})"), many + "]}"}) {
    EXPECT_EQ(JwkSet::Parse(json).error().code, ErrorCode::kInvalidReply) << json;
  }
}

TEST(IsAllowedTest, MatchesVerifiedAddressesWithoutCaseAndSubjectsBehindTheirPrefix) {
  const Identity jam{"user-1", "Jam@Example.org"};
  const Identity nobody{"user-2", ""};
  const Identity sly{"jam@example.org", ""};
  const struct {
    std::vector<std::string> patterns;
    const Identity& who;
    bool allowed;
  } kCases[] = {
      {{}, jam, false},
      {{"jam@example.org"}, jam, true},
      {{"*@EXAMPLE.org"}, jam, true},
      {{"*@example.com", "*@example.org"}, jam, true},
      {{"*@example.com"}, jam, false},
      {{"example.org"}, jam, false},
      {{"user-1"}, jam, false},
      {{"sub:user-1"}, jam, true},
      {{"sub:USER-1"}, jam, false},
      {{"*"}, jam, true},
      {{"*"}, nobody, false},
      {{"sub:*"}, nobody, true},
      {{"*@example.org"}, sly, false},
      {{""}, nobody, false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(IsAllowed(c.patterns, c.who), c.allowed)
        << testing::PrintToString(c.patterns) << " " << c.who.subject;
  }
}

}  // namespace
}  // namespace larder

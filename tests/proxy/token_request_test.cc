#include "proxy/upstream/token_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "proxy/json/json.h"
#include "proxy/json/json_writer.h"
#include "proxy/upstream/service_account.h"
#include "tests/support/manual_clock.h"
#include "tests/support/rsa_key.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

OAuthOptions Client() {
  OAuthOptions options;
  options.token_url = "https://login.example/token";
  options.client_id = "s6BhdRkqt3";
  options.client_secret = "7Fjfp0ZBr1KtDRbnfVdmIw";
  return options;
}

// Of base64url without padding.
std::string Decoded(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  return DecodeBase64(text).value_or("not base64");
}

TEST(TokenRequestTest, ClientCredentialsGoByBasicAsTheExampleOfTheRfcShows) {
  const UpstreamRequest request = ClientCredentialsRequest(Client());
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.headers.Find("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.headers.Find("authorization"),
            "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
  EXPECT_EQ(request.body, "grant_type=client_credentials");
}

TEST(TokenRequestTest, BothPartsOfBasicAreFormEncodedFirst) {
  OAuthOptions options = Client();
  options.client_id = "a:b c";
  options.client_secret = "100%+\xc3\xa9";
  std::string expected = "Basic ";
  AppendBase64("a%3Ab+c:100%25%2B%C3%A9", expected);
  EXPECT_EQ(ClientCredentialsRequest(options).headers.Find("authorization"), expected);
}

TEST(TokenRequestTest, ByPostTheSecretStandsInTheFormAlone) {
  OAuthOptions options = Client();
  options.auth = OAuthClientAuth::kPost;
  options.client_secret = "a&b=c";
  options.scope = "https://cognitiveservices.azure.com/.default";
  options.audience = "api";
  const UpstreamRequest request = ClientCredentialsRequest(options);
  EXPECT_FALSE(request.headers.Has("authorization"));
  EXPECT_EQ(request.body,
            "grant_type=client_credentials&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F."
            "default&audience=api&client_id=s6BhdRkqt3&client_secret=a%26b%3Dc");
}

TEST(TokenRequestTest, ARevocationNamesTheTokenAndTheClient) {
  const UpstreamRequest request = RevocationRequest(Client(), "t/1");
  EXPECT_TRUE(request.headers.Has("authorization"));
  EXPECT_EQ(request.body, "token=t%2F1&token_type_hint=access_token");
  OAuthOptions account = Client();
  account.client_id.clear();
  EXPECT_FALSE(RevocationRequest(account, "t").headers.Has("authorization"));
}

class AssertionTest : public testing::Test {
 protected:
  AssertionTest() {
    options_.service_account = {.client_email = "larder@project.example",
                                .private_key_id = "k-1",
                                .private_key = key_.Pem(),
                                .token_url = "https://oauth2.example/token"};
  }
  // Header, claims and signature of the assertion, the first two decoded.
  struct Parts {
    std::string header;
    std::string claims;
    bool verified = false;
  };
  Parts Taken() {
    const auto signer = Rs256Key::Parse(options_.service_account.private_key);
    const auto request = AssertionRequest(options_, *signer, clock_.Now());
    EXPECT_TRUE(request.ok());
    const std::string prefix =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    EXPECT_THAT(request->body, StartsWith(prefix));
    const std::string jwt = request->body.substr(prefix.size());
    const std::size_t first = jwt.find('.');
    const std::size_t second = jwt.rfind('.');
    return {Decoded(jwt.substr(0, first)), Decoded(jwt.substr(first + 1, second - first - 1)),
            key_.Verifies(jwt.substr(0, second), Decoded(jwt.substr(second + 1)))};
  }

  const RsaKey key_;
  OAuthOptions options_;
  ManualClock clock_;
};

TEST_F(AssertionTest, SaysWhoAsksForWhatAndIsSignedWithTheAccountsKey) {
  const Parts parts = Taken();
  EXPECT_TRUE(parts.verified);
  EXPECT_EQ(parts.header, R"({"alg":"RS256","typ":"JWT","kid":"k-1"})");
  EXPECT_EQ(parts.claims,
            R"({"iss":"larder@project.example",)"
            R"("scope":"https://www.googleapis.com/auth/cloud-platform",)"
            R"("aud":"https://oauth2.example/token","iat":1767225600,"exp":1767229200})");
}

TEST_F(AssertionTest, TakesScopeAudienceAndUrlFromTheSettingsWhereTheyAreSet) {
  options_.token_url = "https://mine.example/token";
  options_.scope = "a b";
  EXPECT_THAT(Taken().claims, HasSubstr(R"("scope":"a b","aud":"https://mine.example/token")"));
  options_.audience = "issuer";
  EXPECT_THAT(Taken().claims, HasSubstr(R"("aud":"issuer")"));
}

TEST(Rs256KeyTest, TakesAnRsaKeyOf2048BitsOrMoreWithoutAPassphrase) {
  EXPECT_TRUE(Rs256Key::Parse(RsaKey().Pem()).ok());
  const auto refusal = [](const std::string& pem) {
    const auto key = Rs256Key::Parse(pem);
    return key.ok() ? "" : key.error().message;
  };
  EXPECT_THAT(refusal(RsaKey(1024).Pem()), HasSubstr("1024 bits"));
  EXPECT_THAT(refusal(RsaKey().EncryptedPem()), HasSubstr("without a passphrase"));
  EXPECT_THAT(refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n"), HasSubstr("no RSA private key"));
  EXPECT_THAT(refusal(""), HasSubstr("no RSA private key"));
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> curve(EVP_EC_gen("P-256"),
                                                                  &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PrivateKey(out.get(), curve.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(out.get(), &data));
  EXPECT_THAT(refusal({data, size}), HasSubstr("no RSA private key"));
}

TEST(ServiceAccountTest, IsReadFromGooglesJsonKeyAndRefusedWithoutShowingIt) {
  const std::string pem = RsaKey().Pem();
  const auto json = [&](const std::string& type, const std::string& key) {
    return R"({"type":)" + JsonString(type) +
           R"(,"project_id":"p","private_key_id":"k","client_email":"a@b","private_key":)" +
           JsonString(key) + R"(,"token_uri":"https://oauth2.googleapis.com/token"})";
  };
  const auto account = ParseServiceAccount(json("service_account", pem));
  ASSERT_TRUE(account.ok()) << account.error().message;
  EXPECT_EQ(account->client_email, "a@b");
  EXPECT_EQ(account->private_key_id, "k");
  EXPECT_EQ(account->private_key, pem);
  EXPECT_EQ(account->token_url, "https://oauth2.googleapis.com/token");
  for (const std::string& text :
       {std::string("hunter2"), std::string("[]"), std::string(), json("authorized_user", pem),
        json("service_account", "hunter2"), std::string(R"({"type":"service_account"})")}) {
    const auto refused = ParseServiceAccount(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace larder

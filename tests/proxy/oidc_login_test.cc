#include "proxy/admin/oidc_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "tests/support/fake_provider.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kDescriptionUrl =
    "GET https://issuer.example/.well-known/openid-configuration";

class OidcLoginTest : public testing::Test {
 protected:
  OidcLoginTest() {
    options_.issuer = FakeProvider::kIssuer;
    options_.client_id = "larder";
    options_.client_secret = "hush:hush";
    options_.redirect_url = "https://larder.example/dashboard/oidc/callback";
    options_.allowed = {"*@example.org"};
  }
  OidcLogin& login() {
    if (!login_) login_.emplace(options_, OidcProvider::Transports{provider_, provider_}, clock_);
    return *login_;
  }
  Result<OidcLogin::Done> LogIn() {
    const auto begun = login().Begin("tail");
    if (!begun.ok()) return begun.error();
    return login().Finish(provider_.Approve(begun->url), begun->browser);
  }

  ManualClock clock_;
  FakeProvider provider_{clock_};
  OidcOptions options_;
  std::optional<OidcLogin> login_;
};

TEST_F(OidcLoginTest, LetsInWhomTheProviderKnowsAndTheRulesAllow) {
  const auto done = LogIn();
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->subject, "jam@example.org");
  EXPECT_EQ(done->view, "tail");
  EXPECT_THAT(provider_.calls(), ElementsAre(kDescriptionUrl, "POST https://issuer.example/token",
                                             "GET https://issuer.example/keys"));
}

TEST_F(OidcLoginTest, SendsTheBrowserWithACodeChallengeAStateAndANonce) {
  const auto begun = login().Begin("");
  ASSERT_TRUE(begun.ok());
  EXPECT_THAT(begun->url,
              testing::StartsWith("https://issuer.example/authorize?tenant=a&response_type=code&"));
  const std::string query = begun->url.substr(begun->url.find('?') + 1);
  EXPECT_EQ(QueryParameter(query, "client_id"), "larder");
  EXPECT_EQ(QueryParameter(query, "redirect_uri"), options_.redirect_url);
  EXPECT_EQ(QueryParameter(query, "code_challenge_method"), "S256");
  EXPECT_THAT(*QueryParameter(query, "scope"), HasSubstr("openid"));
  for (const char* name : {"state", "nonce", "code_challenge"}) {
    EXPECT_EQ(QueryParameter(query, name)->size(), 43U) << name;
  }
  EXPECT_THAT(begun->url, Not(HasSubstr("hush")));
  EXPECT_THAT(begun->url, Not(HasSubstr(begun->browser)));
}

TEST_F(OidcLoginTest, ProvesThatItIsTheClientAsTheProviderTakesIt) {
  ASSERT_TRUE(LogIn().ok());
  std::string basic = "Basic ";
  AppendBase64("larder:hush%3Ahush", basic);
  EXPECT_EQ(provider_.last_authorization(), basic);

  login_.reset();
  provider_.description_more = R"(,"token_endpoint_auth_methods_supported":["client_secret_post"])";
  ASSERT_TRUE(LogIn().ok());
  EXPECT_EQ(provider_.last_authorization(), "");

  login_.reset();
  options_.client_secret.clear();
  ASSERT_TRUE(LogIn().ok());
  EXPECT_EQ(provider_.last_authorization(), "");
}

TEST_F(OidcLoginTest, AnAnswerCountsOnceAndForTheBrowserThatAsked) {
  const auto begun = login().Begin("");
  const std::string answer = provider_.Approve(begun->url);
  EXPECT_FALSE(login().Finish(answer, "another").ok());
  EXPECT_FALSE(login().Finish(answer, begun->browser).ok());
  const auto again = login().Begin("");
  const std::string second = provider_.Approve(again->url);
  EXPECT_TRUE(login().Finish(second, again->browser).ok());
  EXPECT_EQ(login().Finish(second, again->browser).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(OidcLoginTest, AnAnswerCountsForTenMinutes) {
  const auto begun = login().Begin("");
  const std::string answer = provider_.Approve(begun->url);
  clock_.Advance(std::chrono::minutes(10));
  EXPECT_FALSE(login().Finish(answer, begun->browser).ok());
}

TEST_F(OidcLoginTest, RefusesAnswersThatAreNone) {
  const auto finish = [&](const std::function<std::string(std::string)>& alter) {
    const auto begun = login().Begin("");
    return login().Finish(alter(provider_.Approve(begun->url)), begun->browser);
  };
  const std::pair<const char*, std::function<std::string(std::string)>> kCases[] = {
      {"nothing", [](const std::string&) { return ""; }},
      {"an error", [](const std::string& answer) { return answer + "&error=access_denied"; }},
      {"no code", [](const std::string& answer) { return answer.substr(answer.find('&')); }},
      {"another code", [](const std::string& answer) { return "code=x&" + answer; }},
      {"another state", [](const std::string& answer) { return "state=x&" + answer; }},
      {"another issuer",
       [](const std::string& answer) { return answer + "&iss=https%3A%2F%2Fevil.example"; }},
  };
  for (const auto& [name, alter] : kCases) {
    const auto done = finish(alter);
    ASSERT_FALSE(done.ok()) << name;
    EXPECT_EQ(done.error().code, ErrorCode::kUnauthenticated) << name;
  }
  EXPECT_TRUE(finish([](const std::string& answer) {
                return answer + "&iss=https%3A%2F%2Fissuer.example";
              }).ok());
}

TEST_F(OidcLoginTest, WhoIsNotAllowedStaysOut) {
  for (const char* claims :
       {R"("email":"jam@example.com","email_verified":true)",
        R"("email":"jam@example.org","email_verified":false)", R"("name":"jam@example.org")"}) {
    provider_.claims = claims;
    EXPECT_EQ(LogIn().error().code, ErrorCode::kForbidden) << claims;
  }
  login_.reset();
  options_.allowed = {"sub:user-*"};
  provider_.claims = "";
  EXPECT_EQ(LogIn()->subject, "sub:user-1");
}

TEST_F(OidcLoginTest, LooksForANewerKeyOnce) {
  ASSERT_TRUE(LogIn().ok());
  clock_.Advance(OidcProvider::kBetweenKeys);
  provider_.issuer = TestIssuer(TestIssuer::Kind::kRsa, "two");
  ASSERT_TRUE(LogIn().ok());
  provider_.issuer = TestIssuer(TestIssuer::Kind::kRsa, "three");
  const std::size_t before = provider_.calls().size();
  EXPECT_FALSE(LogIn().ok());  // it has just looked
  EXPECT_EQ(provider_.calls().size(), before + 1);
  clock_.Advance(OidcProvider::kBetweenKeys);
  EXPECT_TRUE(LogIn().ok());
}

TEST_F(OidcLoginTest, AKeyThatIsNeverShownLetsNobodyIn) {
  provider_.shows_keys = false;
  EXPECT_EQ(LogIn().error().code, ErrorCode::kUnauthenticated);
}

TEST_F(OidcLoginTest, TheDescriptionIsRememberedForAnHour) {
  ASSERT_TRUE(login().Begin("").ok());
  ASSERT_TRUE(login().Begin("").ok());
  EXPECT_EQ(provider_.calls().size(), 1U);
  clock_.Advance(OidcProvider::kRemembered);
  ASSERT_TRUE(login().Begin("").ok());
  EXPECT_EQ(provider_.calls().size(), 2U);
}

TEST_F(OidcLoginTest, AProviderThatFailsIsToldAndNoSecretIsShown) {
  for (const ErrorCode code :
       {ErrorCode::kUnavailable, ErrorCode::kDeadlineExceeded, ErrorCode::kCancelled}) {
    provider_.fails = code;
    EXPECT_EQ(LogIn().error().code, code);
  }
  provider_.fails.reset();
  const std::pair<int, std::string> kAnswers[] = {{200, "{}"},
                                                  {200, "not json"},
                                                  {500, "{}"},
                                                  {302, ""},
                                                  {401, R"({"error":"invalid_client"})"},
                                                  {200, R"({"id_token":7})"},
                                                  {200, R"({"id_token":"a.b.c"})"}};
  for (const auto& answer : kAnswers) {
    provider_.instead = answer;
    const auto done = LogIn();
    ASSERT_FALSE(done.ok()) << answer.first << answer.second;
    EXPECT_THAT(done.error().message, Not(HasSubstr("hush")));
    EXPECT_THAT(done.error().message, Not(HasSubstr("code-")));
  }
}

TEST_F(OidcLoginTest, AnAnswerBeyondAMegabyteIsNotRead) {
  const auto begun = login().Begin("");
  const std::string answer = provider_.Approve(begun->url);
  provider_.instead = {200, std::string(OidcProvider::kMostBytes + 1, ' ')};
  EXPECT_EQ(login().Finish(answer, begun->browser).error().code, ErrorCode::kTooLarge);
}

TEST(OidcDescriptionTest, NamesTheConfiguredIssuerAndSafeAddresses) {
  const std::string issuer = "https://issuer.example";
  const auto parse = [&](const std::string& name, const std::string& token_url,
                         const std::string& more = "") {
    return ParseOidcDescription(
               R"({"issuer":")" + name + R"(","authorization_endpoint":"https://a/x","jwks_uri":)" +
                   R"("https://a/k","token_endpoint":")" + token_url + "\"" + more + "}",
               issuer)
        .ok();
  };
  EXPECT_TRUE(parse(issuer, "https://a/t"));
  EXPECT_TRUE(parse(issuer, "http://127.0.0.1:8080/t"));
  EXPECT_FALSE(parse(issuer + "/", "https://a/t"));
  EXPECT_FALSE(parse(issuer, "http://a/t"));
  EXPECT_FALSE(parse(issuer, ""));
  EXPECT_TRUE(parse(issuer, "https://a/t", R"(,"code_challenge_methods_supported":["S256"])"));
  EXPECT_FALSE(parse(issuer, "https://a/t", R"(,"code_challenge_methods_supported":["plain"])"));
  EXPECT_FALSE(ParseOidcDescription("[]", issuer).ok());
  EXPECT_FALSE(ParseOidcDescription("", issuer).ok());
}

TEST(IsOidcUrlTest, IsTrueForHttpsAndForThisMachine) {
  for (const char* url : {"https://a", "https://a.example:8443/b?c=d", "http://localhost:1/x",
                          "http://127.0.0.1", "http://[::1]:8080/x"}) {
    EXPECT_TRUE(IsOidcUrl(url)) << url;
  }
  for (const char* url :
       {"", "a", "ftp://a", "http://a", "http://127.0.0.1.evil.example", "https://", "https:///x",
        "https://user@a", "http://localhost@evil.example", "https://a/#b", "https://a b",
        "http://[::1].evil.example", "HTTPS://a", "https://a\\b"}) {
    EXPECT_FALSE(IsOidcUrl(url)) << url;
  }
}

}  // namespace
}  // namespace larder

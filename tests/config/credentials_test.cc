// What upstreams are asked with: keys, access tokens, and what of them does not go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_json.h"
#include "config/load.h"
#include "config/print.h"
#include "proxy/json/json_writer.h"
#include "tests/config/loading.h"
#include "tests/support/rsa_key.h"

namespace larder {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// Google's JSON key with this token_uri.
std::string Account(const std::string& token_uri) {
  static const RsaKey key;
  return R"({"type":"service_account","client_email":"larder@p.example","private_key_id":"k",)"
         R"("private_key":)" +
         JsonString(key.Pem()) + R"(,"token_uri":)" + JsonString(token_uri) + "}";
}

TEST(CredentialsTest, OfAClientAreReadFromWhatTheSettingsName) {
  const auto result = Loading()
                          .Environment("AZURE_SECRET", "hunter2")
                          .File(
                              "[upstream]\n"
                              "oauth_token_url = 'HTTPS://Login.example/T/token/'\n"
                              "oauth_client_id = 'id'\n"
                              "oauth_client_secret_env = 'AZURE_SECRET'\n"
                              "oauth_auth = 'post'\n"
                              "oauth_scope = 'https://cognitiveservices.azure.com/.default'\n"
                              "oauth_audience = 'a'\n"
                              "oauth_revocation_url = 'https://login.example/revoke'\n"
                              "oauth_timeout_s = 3\n"
                              "oauth_refresh_ahead_s = 60\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const OAuthOptions& oauth = result.loaded->config.upstream.oauth;
  EXPECT_TRUE(oauth.enabled());
  EXPECT_EQ(oauth.token_url, "https://login.example/T/token/");
  EXPECT_EQ(oauth.client_id, "id");
  EXPECT_EQ(oauth.client_secret, "hunter2");
  EXPECT_EQ(oauth.auth, OAuthClientAuth::kPost);
  EXPECT_EQ(oauth.scope, "https://cognitiveservices.azure.com/.default");
  EXPECT_EQ(oauth.audience, "a");
  EXPECT_EQ(oauth.revocation_url, "https://login.example/revoke");
  EXPECT_EQ(oauth.timeout, seconds(3));
  EXPECT_EQ(oauth.refresh_ahead, seconds(60));
  EXPECT_EQ(result.loaded->origins.at("upstream.oauth_client_secret"), "environment AZURE_SECRET");
}

TEST(CredentialsTest, OfAnUpstreamOfItsOwnAreNotThoseOfTheDefault) {
  Loading loading;
  const auto result =
      loading
          .File(
              "[upstream]\noauth_token_url = 'https://login.example/token'\n"
              "oauth_client_id = 'id'\noauth_client_secret_file = '" +
              loading.Write("secret", "hunter2\n") +
              "'\noauth_timeout_s = 3\n"
              "[[upstreams]]\nname = 'plain'\nurl = 'https://a.example'\n"
              "[[upstreams]]\nname = 'google'\nurl = 'https://b.example'\n"
              "oauth_service_account_file = '" +
              loading.Write("key.json", Account("https://oauth2.example/token")) + "'\n")
          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  const Config& config = result.loaded->config;
  EXPECT_EQ(config.upstream.oauth.client_secret, "hunter2");
  EXPECT_FALSE(config.upstreams[0].oauth.enabled());
  EXPECT_EQ(config.upstreams[0].oauth.timeout, seconds(10));
  EXPECT_TRUE(config.upstreams[1].oauth.enabled());
  EXPECT_EQ(config.upstreams[1].oauth.endpoint(), "https://oauth2.example/token");
  EXPECT_EQ(config.upstreams[1].oauth.service_account.client_email, "larder@p.example");
  EXPECT_EQ(config.upstreams[1].oauth.client_id, "");
}

TEST(CredentialsTest, OfAServiceAccountGoWhereTheSettingsSayWhenTheyDo) {
  Loading loading;
  const auto result =
      loading
          .File(
              "[upstream]\noauth_token_url = 'http://127.0.0.1:9/token'\n"
              "oauth_service_account_file = '" +
              loading.Write("key.json", Account("http://elsewhere.example/")) + "'\n")
          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  EXPECT_EQ(result.loaded->config.upstream.oauth.endpoint(), "http://127.0.0.1:9/token");
}

TEST(CredentialsTest, ThatDoNotBelongTogetherOrLackAPartnerAreProblems) {
  const std::string url = "oauth_token_url = 'https://a.example/t'\n";
  const std::string client = "oauth_client_id = 'id'\n";
  const std::string secret = "oauth_client_secret_env = 'SECRET'\n";
  struct Case {
    std::string lines;
    std::string problem;
  };
  for (const Case& c : {
           Case{url,
                "larder.toml:2:19: upstream.oauth_token_url needs upstream.oauth_client_id or "
                "upstream.oauth_service_account_file beside it"},
           Case{url + client,
                "larder.toml:3:19: upstream.oauth_client_id needs "
                "upstream.oauth_client_secret_env or upstream.oauth_client_secret_file beside it"},
           Case{client + secret,
                "larder.toml:2:19: upstream.oauth_client_id needs upstream.oauth_token_url beside "
                "it"},
           Case{secret,
                "larder.toml:2:27: upstream.oauth_client_secret_env needs "
                "upstream.oauth_token_url beside it"},
           Case{"oauth_scope = 'a'\n",
                "larder.toml:2:15: upstream.oauth_scope needs upstream.oauth_token_url beside it"},
           Case{"oauth_audience = 'a'\n",
                "larder.toml:2:18: upstream.oauth_audience needs upstream.oauth_token_url beside "
                "it"},
           Case{"oauth_revocation_url = 'https://a.example/r'\n",
                "larder.toml:2:24: upstream.oauth_revocation_url needs upstream.oauth_token_url "
                "beside it"},
           Case{url + client + secret + "oauth_client_secret_file = '/dev/null'\n",
                "larder.toml:5:28: upstream.oauth_client_secret_file stands beside "
                "upstream.oauth_client_secret_env: name one place that holds the secret"},
           Case{url + client + secret + "api_key_env = 'SECRET'\n",
                "larder.toml:2:19: upstream.oauth_token_url stands beside upstream.api_key_env: an "
                "upstream is asked with a key or with access tokens"},
           Case{url + client + "oauth_client_secret_env = 'NONE'\n",
                "larder.toml:4:27: upstream.oauth_client_secret_env names a variable that is not "
                "set, or set to nothing; set it to the client's secret"},
           Case{"oauth_token_url = 'http://a.example/t'\n" + client + secret,
                "larder.toml:2:19: upstream.oauth_token_url must be a URL such as "
                "https://login.example.org/oauth2/token; this one is http://, which would show the "
                "secret on its way; use https://"},
           Case{"oauth_token_url = 'builtin'\n" + client + secret,
                "larder.toml:2:19: upstream.oauth_token_url must be a URL such as "
                "https://login.example.org/oauth2/token; this one does not start with http:// or "
                "https://"},
           Case{"oauth_auth = 'jwt'\n",
                "larder.toml:2:14: upstream.oauth_auth must be \"basic\" or \"post\", got \"jwt\""},
       }) {
    EXPECT_THAT(
        Loading().Environment("SECRET", "hunter2").File("[upstream]\n" + c.lines).Load().problems,
        ElementsAre(c.problem))
        << c.lines;
  }
}

TEST(CredentialsTest, InAFileThatIsNoServiceAccountAreAProblem) {
  struct Case {
    std::string content;
    std::string more;
    std::string problem;
  };
  const std::string key = "upstreams.oauth_service_account_file ";
  for (const Case& c : {
           Case{"hunter2", "",
                "larder.toml:4:30: " + key +
                    "names a file that is no JSON key of a service account (\"type\": "
                    "\"service_account\"); create one in Google's console"},
           Case{Account(""), "",
                "larder.toml:4:30: " + key +
                    "names a file without a token_uri; set upstreams.oauth_token_url"},
           Case{Account("http://hunter2.example/"), "",
                "larder.toml:4:30: " + key +
                    "names a file whose token_uri must be a URL such as "
                    "https://login.example.org/oauth2/token; this one is http://, which would show "
                    "the secret on its way; use https://"},
           Case{Account("https://a.example/"), "oauth_client_id = 'id'\n",
                "larder.toml:5:19: upstreams.oauth_client_id stands beside "
                "upstreams.oauth_service_account_file: a client asks for tokens, or a service "
                "account"},
       }) {
    Loading loading;
    loading.File("[[upstreams]]\nname = 'a'\nurl = 'https://a.example'\n" +
                 ("oauth_service_account_file = '" + loading.Write("key.json", c.content)) + "'\n" +
                 c.more);
    EXPECT_THAT(loading.Load().problems, ElementsAre(c.problem));
  }
  EXPECT_THAT(Loading().File("[upstream]\noauth_service_account_file = '/none'\n").Load().problems,
              ElementsAre("larder.toml:2:30: upstream.oauth_service_account_file names a file that "
                          "cannot be read: No such file or directory"));
}

TEST(CredentialsTest, AreNeverInTheFileAndNeverShown) {
  EXPECT_THAT(Loading().File("[upstream]\noauth_client_secret = 'hunter2'\n").Load().problems,
              ElementsAre(AllOf(HasSubstr("upstream.oauth_client_secret is a secret"),
                                HasSubstr("upstream.oauth_client_secret_env"),
                                HasSubstr("upstream.oauth_client_secret_file"),
                                Not(HasSubstr("hunter2")))));
  EXPECT_THAT(Loading()
                  .Environment("SECRET", "hunter2 hunter2")
                  .File("[upstream]\noauth_token_url = 'https://hunter2@a.example/t'\n"
                        "oauth_client_id = 'id'\noauth_client_secret_env = 'SECRET'\n"
                        "oauth_revocation_url = 'https://a.example/?token=hunter2'\n")
                  .Load()
                  .problems,
              AllOf(SizeIs(3), Each(Not(HasSubstr("hunter2")))));
  Loading loading;
  const std::string account = Account("https://oauth2.example/token");
  const auto result = loading.Environment("SECRET", "hunter2")
                          .File(
                              "[upstream]\noauth_token_url = 'https://a.example/t'\n"
                              "oauth_client_id = 'id'\noauth_client_secret_env = 'SECRET'\n"
                              "[[upstreams]]\nname = 'g'\nurl = 'https://b.example'\n"
                              "oauth_service_account_file = '" +
                              loading.Write("key.json", account) + "'\n")
                          .Load();
  ASSERT_TRUE(result.ok()) << result.problems.front();
  for (const std::string& text : {PrintConfig(*result.loaded), ConfigJson(*result.loaded)}) {
    EXPECT_EQ(text.find("hunter2"), std::string::npos);
    EXPECT_EQ(text.find("PRIVATE KEY"), std::string::npos);
    EXPECT_NE(text.find("redacted"), std::string::npos);
  }
  const auto again = loading.File(PrintConfig(*result.loaded)).Load();
  ASSERT_TRUE(again.ok()) << again.problems.front();
  EXPECT_TRUE(ValuesOf(again.loaded->config) == ValuesOf(result.loaded->config));
  EXPECT_EQ(again.loaded->config.upstreams.at(0).oauth.service_account.client_email,
            "larder@p.example");
}

}  // namespace
}  // namespace larder

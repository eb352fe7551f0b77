#include "proxy/credential_fields.h"

#include <gtest/gtest.h>

#include "proxy/forwarding.h"

namespace larder {
namespace {

TEST(CredentialFieldsTest, NothingThatCountsAsACredentialIsLeft) {
  for (const std::string_view name :
       {"authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key",
        "cf-aig-authorization", "cookie"}) {
    Headers headers = {{std::string(name), "secret"}, {"x-kept", "1"}};
    ASSERT_NE(CredentialOf(headers), "") << name;
    RemoveCredentials(headers);
    EXPECT_EQ(CredentialOf(headers), "") << name;
    EXPECT_TRUE(headers.Has("x-kept"));
  }
  for (const std::string name :
       {"key", "api_key", "api-key", "apikey", "access_token", "subscription-key", "code"}) {
    const std::string query = name + "=secret";
    ASSERT_NE(CredentialOf({}, query), "") << name;
    EXPECT_EQ(WithoutCredentials("/a?" + query), "/a") << name;
  }
}

TEST(CredentialFieldsTest, AKeyAmongTheProtocolsOfAWebsocketIsLeftOut) {
  const std::pair<const char*, const char*> rows[] = {
      {"realtime, openai-insecure-api-key.secret, openai-beta.realtime-v1",
       "realtime, openai-beta.realtime-v1"},
      {"OpenAI-Insecure-API-Key.secret,realtime", "realtime"},
      {"realtime", "realtime"},
      {"openai-insecure-api-key.secret", ""},
  };
  for (const auto& [sent, kept] : rows) {
    Headers headers = {{"sec-websocket-protocol", sent}};
    RemoveCredentials(headers);
    EXPECT_EQ(headers.Joined("sec-websocket-protocol"), kept);
    EXPECT_EQ(headers.Has("sec-websocket-protocol"), *kept != '\0');
  }
}

TEST(CredentialFieldsTest, OtherParametersStayAsTheyAreAndInOrder) {
  EXPECT_EQ(WithoutCredentials("/a"), "/a");
  EXPECT_EQ(WithoutCredentials("/a%2Fb?x=%20+y&key=s&z&&k=key"), "/a%2Fb?x=%20+y&z&&k=key");
  EXPECT_EQ(WithoutCredentials("/a?key=1&key=2&api%2Dversion=3"), "/a?api%2Dversion=3");
  EXPECT_EQ(WithoutCredentials("/a?%6bey=escaped"), "/a");
  EXPECT_EQ(WithoutCredentials("/a?Key=in%20capitals&b"), "/a?b");
  EXPECT_EQ(WithoutCredentials("/a?keys=other&keyed=1"), "/a?keys=other&keyed=1");
}

}  // namespace
}  // namespace larder

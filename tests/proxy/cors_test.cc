// Which web pages may call the API.
#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;

constexpr const char* kPage = "https://app.example.com";
constexpr const char* kAsk = R"({"model":"m","messages":[]})";
constexpr const char* kSaid = R"({"choices":[{"message":{"content":"hello"}}]})";

ProxyWorldOptions Allowing(std::vector<std::string> origins) {
  ProxyWorldOptions options;
  options.cors.origins = std::move(origins);
  options.cors.preflight_max_age = std::chrono::seconds(77);
  return options;
}

class CorsTest : public ProxyTest {
 protected:
  Answer Preflight(const char* origin, const char* path = "/v1/chat/completions") {
    return world().Ask(
        MakeRequest("OPTIONS", path, {},
                    {{"origin", origin},
                     {"access-control-request-method", "POST"},
                     {"access-control-request-headers", "authorization,x-stainless-os"}}));
  }
};

TEST_F(CorsTest, APageThatIsListedGetsItsPreflight) {
  Restart(Allowing({"http://localhost:5173", kPage}));
  const Answer answer = Preflight(kPage);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.Field("access-control-allow-origin"), kPage);
  EXPECT_THAT(answer.Field("access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_EQ(answer.Field("access-control-allow-headers"), "authorization,x-stainless-os");
  EXPECT_EQ(answer.Field("access-control-max-age"), "77");
  EXPECT_EQ(answer.Field("vary"), "Origin");
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(CorsTest, APageThatIsNotListedIsRefusedWithASentence) {
  Restart(Allowing({kPage}));
  for (const char* other : {"https://app.example.com.evil.test", "http://app.example.com", "null",
                            "https://app.example.com:8443"}) {
    const Answer answer = Preflight(other);
    EXPECT_EQ(answer.status, 403) << other;
    EXPECT_FALSE(answer.headers.Has("access-control-allow-origin")) << other;
    EXPECT_THAT(answer.body, HasSubstr("server.cors_origins"));
  }
}

TEST_F(CorsTest, IsClosedByDefault) {
  EXPECT_EQ(Preflight(kPage).status, 403);
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(CorsTest, AStarAllowsEveryPage) {
  Restart(Allowing({"*"}));
  EXPECT_EQ(Preflight("https://anything.test").Field("access-control-allow-origin"),
            "https://anything.test");
}

TEST_F(CorsTest, AnAnswerTellsAListedPageThatItMayReadIt) {
  Restart(Allowing({kPage}));
  upstream().ReplyAlways({.body = kSaid});
  for (int i = 0; i < 2; ++i) {  // a miss and a hit
    const Answer answer = Chat(kAsk, {{"origin", kPage}});
    EXPECT_EQ(answer.Field("access-control-allow-origin"), kPage);
    EXPECT_THAT(answer.Field("access-control-expose-headers"), HasSubstr("Cache-Status"));
  }
}

TEST_F(CorsTest, AnotherPageIsRefusedBeforeAnythingIsAskedForIt) {
  upstream().ReplyAlways({.body = kSaid});
  const std::string site = "sec-fetch-site";
  for (const Headers& page :
       std::initializer_list<Headers>{{{"origin", "https://other.test"}},
                                      {{"origin", "null"}},
                                      {{"origin", "http"}},
                                      {{"origin", "http://localhost.other.test:8787"}},
                                      {{"origin", "https://other.test"}, {site, "cross-site"}},
                                      {{"origin", "https://other.test"}, {site, "same-site"}}}) {
    const Answer answer = Chat(kAsk, page);
    EXPECT_EQ(answer.status, 403) << page.Joined("origin");
    EXPECT_EQ(answer.Field("vary"), "Origin");
    EXPECT_FALSE(answer.headers.Has("access-control-allow-origin"));
    EXPECT_EQ(Post("/v1/files", "a", page).status, 403) << page.Joined("origin");
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(CorsTest, WhatIsNoPageOrOneOfTheServersOwnMayAsk) {
  upstream().ReplyAlways({.body = kSaid});
  for (const Headers& caller : std::initializer_list<Headers>{
           {},
           {{"origin", "http://localhost:8787"}},  // its Host
           {{"origin", "https://proxied.test"}, {"sec-fetch-site", "same-origin"}},
           {{"origin", "chrome-extension://abc"}},
           {{"origin", "app://notes"}}}) {
    EXPECT_EQ(Chat(kAsk, caller).status, 200) << caller.Joined("origin");
  }
}

TEST_F(CorsTest, WhatUpstreamSaysOfItDoesNotCount) {
  upstream().ReplyAlways({.headers = {{"content-type", "application/json"},
                                      {"access-control-allow-origin", "*"},
                                      {"access-control-allow-credentials", "true"}},
                          .body = kSaid});
  for (int i = 0; i < 2; ++i) {
    const Answer answer = Chat(kAsk, {{"origin", "app://notes"}});
    EXPECT_FALSE(answer.headers.Has("access-control-allow-origin"));
    EXPECT_FALSE(answer.headers.Has("access-control-allow-credentials"));
  }
}

TEST_F(CorsTest, OptionsThatIsNoPreflightGoesUpstream) {
  upstream().ReplyAlways({.status = 200, .headers = {{"allow", "GET, POST"}}});
  const Answer answer = world().Ask(MakeRequest("OPTIONS", "/v1/files"));
  EXPECT_EQ(answer.Field("allow"), "GET, POST");
  EXPECT_EQ(upstream().call_count(), 1U);
}

}  // namespace
}  // namespace larder

#include "proxy/forwarding.h"

#include <gtest/gtest.h>

#include <set>

namespace larder {
namespace {

constexpr const char* kVia = "1.1 larder-0000beef";

TEST(UpstreamHeadersTest, PassEndToEndFieldsByteForByteAndInOrder) {
  const Headers client = {{"Authorization", "Bearer a%20b%0d%0aX-Evil: 1"},
                          {"X-Custom", "  100% \t\"odd\" \xC3\xA9"},
                          {"OpenAI-Beta", "assistants=v2"},
                          {"x-stainless-lang", "js"},
                          {"x-custom", "again"},
                          {"cf-aig-authorization", "Bearer gateway"},
                          {"Cache-Control", "no-cache"},
                          {"Via", "1.1 other"}};
  const Headers up = UpstreamHeaders(client, kVia, false);
  auto expected = client.fields();
  expected.emplace_back("via", kVia);
  EXPECT_EQ(up.fields(), expected);
}

TEST(UpstreamHeadersTest, HoldBackWhatIsForOneConnectionOrForLarder) {
  for (const char* name :
       {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Host", "Content-Length",
        "Expect", "cf-aig-skip-cache", "CF-AIG-Cache-TTL", "cf-aig-cache-key", "x-larder-namespace",
        "X-Larder-Anything"}) {
    EXPECT_FALSE(UpstreamHeaders({{name, "x"}}, kVia, false).Has(name)) << name;
  }
  const Headers listed = UpstreamHeaders(
      {{"connection", "close, X-Hop ,keep-alive"}, {"x-hop", "1"}, {"x-other", "2"}}, kVia, false);
  EXPECT_FALSE(listed.Has("x-hop"));
  EXPECT_TRUE(listed.Has("x-other"));
}

TEST(UpstreamHeadersTest, AskForAPlainWholeAnswerWhereItMayBeKept) {
  const Headers client = {{"Accept-Encoding", "gzip"},
                          {"Range", "bytes=0-1"},
                          {"If-None-Match", "\"x\""},
                          {"If-Modified-Since", "then"}};
  const Headers up = UpstreamHeaders(client, kVia, true);
  EXPECT_EQ(up.fields(),
            (std::vector<Headers::Field>{{"accept-encoding", "identity"}, {"via", kVia}}));
  EXPECT_EQ(UpstreamHeaders(client, kVia, false).Joined("accept-encoding"), "gzip");
}

TEST(UpstreamHeadersTest, KeepTheDashboardsCookiesFromUpstream) {
  const struct {
    const char* cookies;
    const char* kept;
  } kCases[] = {{"larder_admin=secret", ""},
                {"a=b; larder_admin=secret", "a=b"},
                {"larder_admin=secret; a=b; c=d", "a=b; c=d"},
                {"a=b; larder_admin=secret; c=d", "a=b; c=d"},
                {"a=b; c=d", "a=b; c=d"},
                {"larder_admin_oidc=1; a=b; larder_admin", "a=b"},
                {"xlarder_admin=1", "xlarder_admin=1"},
                {"larder_admin2=1", "larder_admin2=1"}};
  for (const auto& c : kCases) {
    EXPECT_EQ(UpstreamHeaders({{"Cookie", c.cookies}}, kVia, false).Joined("cookie"), c.kept)
        << c.cookies;
  }
}

TEST(DownstreamHeadersTest, PassEndToEndFieldsAlone) {
  const Headers down = DownstreamHeaders({{"Content-Type", "application/json"},
                                          {"Set-Cookie", "a"},
                                          {"Set-Cookie", "b"},
                                          {"x-ratelimit-limit-requests", "1"},
                                          {"Transfer-Encoding", "chunked"},
                                          {"Connection", "x-hop"},
                                          {"x-hop", "1"},
                                          {"Content-Length", "9"},
                                          {"Date", "now"}});
  EXPECT_EQ(down.fields(), (std::vector<Headers::Field>{{"Content-Type", "application/json"},
                                                        {"Set-Cookie", "a"},
                                                        {"Set-Cookie", "b"},
                                                        {"x-ratelimit-limit-requests", "1"}}));
}

TEST(StoredHeadersTest, KeepWhatBelongsToTheAnswerAlone) {
  const Headers stored = StoredHeaders({{"Content-Type", "text/event-stream"},
                                        {"Content-Language", "en"},
                                        {"openai-version", "2020-10-01"},
                                        {"OpenAI-Organization", "o"},
                                        {"openai-processing-ms", "5"},
                                        {"Set-Cookie", "a"},
                                        {"x-ratelimit-limit-requests", "1"},
                                        {"x-request-id", "r"},
                                        {"cf-ray", "r"},
                                        {"Age", "1"},
                                        {"ETag", "e"},
                                        {"Content-Encoding", "gzip"},
                                        {"Cache-Control", "public"},
                                        {"Strict-Transport-Security", "x"},
                                        {"Date", "now"}});
  EXPECT_EQ(stored.fields(), (std::vector<Headers::Field>{{"Content-Type", "text/event-stream"},
                                                          {"Content-Language", "en"},
                                                          {"openai-version", "2020-10-01"},
                                                          {"OpenAI-Organization", "o"}}));
}

TEST(KeyedHeadersTest, DifferForEveryFieldThatCanChangeAnAnswer) {
  const Headers kDifferent[] = {
      {},
      {{"OpenAI-Organization", "a"}},
      {{"OpenAI-Organization", "b"}},
      {{"OpenAI-Organization", ""}},
      {{"OpenAI-Project", "a"}},
      {{"OpenAI-Beta", "a"}},
      {{"anthropic-version", "a"}},
      {{"anthropic-beta", "a"}},
      {{"anthropic-beta", "a"}, {"anthropic-beta", "b"}},
      {{"OpenAI-Organization", "a"}, {"OpenAI-Project", "a"}},
  };
  std::set<std::string> keys;
  for (const Headers& headers : kDifferent) keys.insert(KeyedHeaders(headers));
  EXPECT_EQ(keys.size(), std::size(kDifferent));
}

TEST(KeyedHeadersTest, DoNotDependOnOrderCaseOrOtherFields) {
  EXPECT_EQ(KeyedHeaders({{"OpenAI-Project", "p"}, {"OpenAI-Organization", "o"}}),
            KeyedHeaders({{"openai-organization", "o"},
                          {"x-stainless-retry-count", "1"},
                          {"OPENAI-PROJECT", "p"},
                          {"user-agent", "x"}}));
}

TEST(CredentialOfTest, DiffersForEveryFieldThatCarriesOne) {
  const Headers kDifferent[] = {
      {},
      {{"Authorization", "Bearer a"}},
      {{"Authorization", "Bearer b"}},
      {{"Authorization", "Basic a"}},
      {{"Authorization", ""}},
      {{"api-key", "a"}},
      {{"x-api-key", "a"}},
      {{"x-goog-api-key", "a"}},
      {{"Ocp-Apim-Subscription-Key", "a"}},
      {{"cf-aig-authorization", "a"}},
      {{"api-key", "a"}, {"x-api-key", "a"}},
      {{"Authorization", "Bearer a"}, {"cf-aig-authorization", "a"}},
      {{"Cookie", "session=a"}},
      {{"Cookie", "session=b"}},
  };
  std::set<std::string> credentials;
  for (const Headers& headers : kDifferent) credentials.insert(CredentialOf(headers));
  for (const char* query : {"key=a", "key=b", "api_key=a", "subscription-key=a", "code=a"}) {
    credentials.insert(CredentialOf({}, query));
  }
  EXPECT_EQ(credentials.size(), std::size(kDifferent) + 5);
}

TEST(CredentialOfTest, IsNotChangedByWhatVariesPerCall) {
  const std::string one = CredentialOf({{"Authorization", "Bearer a"}});
  EXPECT_EQ(CredentialOf({{"authorization", "Bearer a"}, {"cookie", "__cf_bm=1"}}), one);
  EXPECT_EQ(CredentialOf({{"x-request-id", "1"}, {"authorization", "Bearer a"}}), one);
  EXPECT_EQ(CredentialOf({{"authorization", "Bearer a"}}, "api-version=2024-10-21&limit=5"), one);
}

TEST(CheckLoopTest, FindsThisServerInAnyViaField) {
  const struct {
    const char* name;
    Headers headers;
    bool loop;
  } kCases[] = {
      {"none", {}, false},
      {"another", {{"via", "1.1 proxy.example"}}, false},
      {"another Larder", {{"via", "1.1 larder-12345678"}}, false},
      {"a name that begins the same", {{"via", "1.1 larder-0000beefy"}}, false},
      {"ours", {{"via", "1.1 larder-0000beef"}}, true},
      {"ours in another version", {{"Via", "HTTP/2 LARDER-0000BEEF"}}, true},
      {"ours behind others", {{"via", "1.0 a, 1.1 b (x),1.1 larder-0000beef, 1.1 c"}}, true},
      {"ours in a second field", {{"via", "1.1 a"}, {"via", "1.1 larder-0000beef (c)"}}, true},
      {"a nameless Larder", {{"via", "1.1 larder"}}, true},
      {"odd bytes", {{"via", ",,  ,1.1,"}}, false},
  };
  for (const auto& c : kCases) {
    const Status status = CheckLoop(c.headers, kVia);
    EXPECT_EQ(status.ok(), !c.loop) << c.name;
    if (c.loop && !status.ok()) {
      EXPECT_EQ(status.error().code, ErrorCode::kLoop) << c.name;
    }
  }
}

TEST(KeyedHeadersTest, TakeTheConfiguredFieldsToo) {
  const std::vector<std::string> more = {"x-team"};
  const Headers a = {{"X-Team", "a"}};
  const Headers b = {{"x-team", "b"}};
  EXPECT_EQ(KeyedHeaders(a), KeyedHeaders(b));
  EXPECT_NE(KeyedHeaders(a, more), KeyedHeaders(b, more));
  EXPECT_EQ(KeyedHeaders({}, more), KeyedHeaders({}));
  EXPECT_TRUE(AlwaysKeyed("openai-project"));
  EXPECT_FALSE(AlwaysKeyed("x-team"));
}

TEST(UpstreamHeadersTest, HoldBackNamesThatServersTakeForOthers) {
  for (const char* name :
       {"OpenAI_Organization", "x_larder_namespace", "cf_aig_cache_key", "Transfer_Encoding",
        "content_length", "api_key", "X_API-Key", "proxy_authorization", "anthropic_version"}) {
    EXPECT_FALSE(UpstreamHeaders({{name, "x"}}, kVia, false).Has(name)) << name;
  }
  for (const char* name : {"REMOTE_ADDR", "x_thing", "_"}) {
    EXPECT_TRUE(UpstreamHeaders({{name, "x"}}, kVia, false).Has(name)) << name;
  }
}

TEST(CredentialTest, HasEachValueOfAParameterWhateverTheCaseOfItsName) {
  const std::string one = CredentialOf({}, "key=a");
  EXPECT_EQ(CredentialOf({}, "x=y&KEY=a"), one);
  EXPECT_NE(CredentialOf({}, "key=a&key=b"), one);
  EXPECT_NE(CredentialOf({}, "key=a&key=b"), CredentialOf({}, "key=b&key=a"));
  EXPECT_EQ(CredentialOf({}, "keyed=a"), "");
}

TEST(CredentialTest, IsInTheProtocolsWhereABrowserSendsIt) {
  const Headers a = {{"sec-websocket-protocol", "realtime, openai-insecure-api-key.a"}};
  const Headers b = {{"sec-websocket-protocol", "realtime, openai-insecure-api-key.b"}};
  EXPECT_NE(CredentialOf(a), CredentialOf(b));
  EXPECT_NE(CredentialOf(a), "");
  EXPECT_EQ(CredentialOf({{"sec-websocket-protocol", "realtime"}}), "");
}

}  // namespace
}  // namespace larder

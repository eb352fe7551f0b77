#include "proxy/admin/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/memory_store.h"
#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

Request With(const Headers& headers) {
  Request request;
  request.method = "GET";
  request.target = "/admin/v1/stats";
  request.headers = headers;
  request.peer = "10.0.0.9:1234";
  return request;
}

AdminOptions WithToken() {
  AdminOptions options;
  options.token = "s3cret";
  return options;
}

class AdminAccessTest : public testing::Test {
 protected:
  AdminAccess Make(AdminOptions options = WithToken(), AdminAccess::Place place = {}) {
    return AdminAccess(std::move(options), std::move(place), sessions_, clock_);
  }
  // The headers of a browser in which somebody is logged in.
  static Headers Cookie(const std::string& id) { return {{"cookie", "a=b; larder_admin=" + id}}; }

  ManualClock clock_;
  MemoryStore store_;
  AdminSessions sessions_{store_, clock_, WithToken(), "a secret of this server"};
};

TEST(IsLoopbackTest, IsTrueForThisMachineAlone) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "10.0.0.1", "127.evil.example", "127.0.0.1.evil.example",
                           "localhost.evil.example", "::", "::2", "", "localhost."}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST_F(AdminAccessTest, TakesOnlyHostsAndOriginsThatNameThisServer) {
  AdminOptions options;
  options.allowed_hosts = {"larder.example"};
  const AdminAccess access = Make(options, {"192.168.1.5"});
  const struct {
    const char* name;
    Headers headers;
    bool allowed;
  } kCases[] = {
      {"no Host", {}, true},  // HTTP/1.0; a browser always sends one
      {"localhost", {{"host", "localhost:8787"}}, true},
      {"localhost without port", {{"host", "localhost"}}, true},
      {"loopback", {{"host", "127.0.0.1:8787"}}, true},
      {"IPv6 loopback", {{"host", "[::1]:8787"}}, true},
      {"the listening address", {{"host", "192.168.1.5:8787"}}, true},
      {"an allowed name", {{"host", "Larder.Example:443"}}, true},
      {"another name", {{"host", "evil.example:8787"}}, false},
      {"a rebound name", {{"host", "127.0.0.1.evil.example"}}, false},
      {"a name that ends the same", {{"host", "notlarder.example"}}, false},
      {"another address", {{"host", "192.168.1.6:8787"}}, false},
      {"an empty Host", {{"host", ""}}, false},
      {"a broken IPv6", {{"host", "[::1"}}, false},
      {"the same origin", {{"host", "localhost:1"}, {"origin", "http://localhost:1"}}, true},
      {"the same origin, a proxy speaks HTTPS",
       {{"host", "localhost:1"}, {"origin", "https://localhost:1"}},
       true},
      {"another port of this machine",
       {{"host", "localhost:1"}, {"origin", "http://localhost:3000"}},
       false},
      {"another name of this machine",
       {{"host", "localhost:1"}, {"origin", "http://127.0.0.1:1"}},
       false},
      {"an allowed origin", {{"host", "localhost"}, {"origin", "https://larder.example"}}, true},
      {"a foreign origin", {{"host", "localhost"}, {"origin", "http://evil.example"}}, false},
      {"a null origin", {{"host", "localhost"}, {"origin", "null"}}, false},
      {"an empty origin", {{"host", "localhost"}, {"origin", ""}}, false},
      {"an empty origin and no Host", {{"origin", ""}}, false},
      {"a foreign origin that names us",
       {{"host", "localhost"}, {"origin", "http://evil.example/localhost"}},
       false},
      {"a user in front",
       {{"host", "localhost"}, {"origin", "http://localhost@evil.example"}},
       false},
  };
  for (const auto& c : kCases) {
    const Status status = access.CheckHost(With(c.headers));
    EXPECT_EQ(status.ok(), c.allowed) << c.name;
    if (!status.ok()) {
      EXPECT_EQ(status.error().code, ErrorCode::kForbidden) << c.name;
      EXPECT_THAT(status.error().message, HasSubstr("admin.allowed_hosts")) << c.name;
      EXPECT_THAT(status.error().message, Not(HasSubstr("evil"))) << c.name;
    }
  }
}

TEST_F(AdminAccessTest, IsOpenWithoutATokenAndWithoutAProvider) {
  const auto caller = Make(AdminOptions()).Identify(With({}));
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->kind, AdminCaller::Kind::kOpen);
  AdminOptions provider;
  provider.oidc.issuer = "https://issuer.example";
  EXPECT_FALSE(Make(provider).Identify(With({})).ok());
  EXPECT_FALSE(Make(provider).Identify(With({{"authorization", "Bearer "}})).ok());
}

TEST_F(AdminAccessTest, TakesTheTokenFromAuthorizationAlone) {
  const AdminAccess access = Make();
  const struct {
    const char* name;
    Headers headers;
    bool allowed;
  } kCases[] = {
      {"nothing", {}, false},
      {"the token", {{"authorization", "Bearer s3cret"}}, true},
      {"another case of the scheme", {{"Authorization", "bearer   s3cret "}}, true},
      {"a wrong token", {{"authorization", "Bearer s3creT"}}, false},
      {"a longer token", {{"authorization", "Bearer s3cret2"}}, false},
      {"a part of it", {{"authorization", "Bearer s3cre"}}, false},
      {"an empty one", {{"authorization", "Bearer "}}, false},
      {"another scheme", {{"authorization", "Basic s3cret"}}, false},
      {"no scheme", {{"authorization", "s3cret"}}, false},
      {"the token in the cookie", {{"cookie", "a=b; larder_admin=s3cret"}}, false},
      {"an empty cookie", {{"cookie", "larder_admin="}}, false},
  };
  for (const auto& c : kCases) {
    const auto caller = access.Identify(With(c.headers));
    EXPECT_EQ(caller.ok(), c.allowed) << c.name;
    if (caller.ok()) {
      EXPECT_EQ(caller->kind, AdminCaller::Kind::kToken) << c.name;
    } else {
      EXPECT_EQ(caller.error().code, ErrorCode::kUnauthenticated) << c.name;
      EXPECT_THAT(caller.error().message, Not(HasSubstr("s3cret"))) << c.name;
    }
  }
}

TEST_F(AdminAccessTest, TakesASessionFromItsCookie) {
  const AdminAccess access = Make();
  const std::string id = sessions_.Begin("jam@example.org").id;
  for (const Headers& headers : {Cookie(id), Headers{{"cookie", "larder_admin=" + id + ";a=b"}},
                                 Headers{{"cookie", "a=b"}, {"cookie", "larder_admin=" + id}}}) {
    const auto caller = access.Identify(With(headers));
    ASSERT_TRUE(caller.ok());
    EXPECT_EQ(caller->kind, AdminCaller::Kind::kSession);
    EXPECT_EQ(caller->session->subject, "jam@example.org");
  }
  EXPECT_FALSE(access.Identify(With({{"cookie", "xlarder_admin=" + id}})).ok());
  EXPECT_FALSE(access.Identify(With({{"cookie", "larder_admin=" + id + "A"}})).ok());
  Headers both = Cookie(id);
  both.Add("authorization", "Bearer wrong");
  EXPECT_FALSE(access.Identify(With(both)).ok());  // Authorization counts alone
}

TEST_F(AdminAccessTest, AChangeByASessionNeedsItsOwnCsrfToken) {
  const AdminAccess access = Make();
  const std::string id = sessions_.Begin("").id;
  const std::string token = sessions_.CsrfTokenOf(*sessions_.Find(id));
  const std::string of_another = sessions_.CsrfTokenOf(*sessions_.Find(sessions_.Begin("").id));
  const auto allowed = [&](const std::string& csrf, const std::string& site) {
    Headers headers = Cookie(id);
    if (!csrf.empty()) headers.Add("x-csrf-token", csrf);
    if (!site.empty()) headers.Add("sec-fetch-site", site);
    const Request request = With(headers);
    return access.CheckChange(request, *access.Identify(request)).ok();
  };
  EXPECT_TRUE(allowed(token, ""));
  EXPECT_TRUE(allowed(token, "same-origin"));
  EXPECT_FALSE(allowed("", ""));
  EXPECT_FALSE(allowed("", "same-origin"));
  EXPECT_FALSE(allowed(of_another, "same-origin"));
  EXPECT_FALSE(allowed(token.substr(1), "same-origin"));
  EXPECT_FALSE(allowed(token, "same-site"));
  EXPECT_FALSE(allowed(token, "cross-site"));
}

TEST_F(AdminAccessTest, AChangeWithoutATokenConfiguredComesFromThisServersPagesOrNone) {
  const AdminAccess access = Make(AdminOptions());
  for (const char* site : {"same-origin", "none"}) {
    EXPECT_TRUE(access.CheckChange(With({{"sec-fetch-site", site}}), {}).ok()) << site;
  }
  for (const char* site : {"cross-site", "same-site", "", "x"}) {
    EXPECT_FALSE(access.CheckChange(With({{"sec-fetch-site", site}}), {}).ok()) << site;
  }
  EXPECT_TRUE(access.CheckChange(With({}), {}).ok());
}

TEST_F(AdminAccessTest, AProgramsChangeNeedsNothingBesideTheToken) {
  const AdminAccess access = Make();
  const Request request = With({{"authorization", "Bearer s3cret"}});
  EXPECT_TRUE(access.CheckChange(request, *access.Identify(request)).ok());
}

TEST_F(AdminAccessTest, WrongTokensOfAnAddressAreLimitedAndThenEvenTheRightOneWaits) {
  AdminOptions options = WithToken();
  options.login_limit.per_minute = 2;
  AdminAccess access = Make(options);
  const Request wrong = With({{"authorization", "Bearer guess"}});
  const Request right = With({{"authorization", "Bearer s3cret"}});
  for (std::size_t i = 0; i < 2 * AdminAccess::kProgramFailures; ++i) {
    EXPECT_TRUE(access.Admit(right).ok());
    EXPECT_EQ(access.Admit(wrong).error().code, ErrorCode::kUnauthenticated);
  }
  EXPECT_EQ(access.Admit(wrong).error().code, ErrorCode::kRateLimited);
  EXPECT_EQ(access.Admit(right).error().code, ErrorCode::kRateLimited);
  Request elsewhere = right;
  elsewhere.peer = "10.0.0.10:1234";
  EXPECT_TRUE(access.Admit(elsewhere).ok());
  EXPECT_TRUE(access.Admit(With(Cookie(sessions_.Begin("").id))).ok());
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_TRUE(access.Admit(right).ok());
}

TEST_F(AdminAccessTest, KnowsWhetherTheBrowserSpokeHttps) {
  EXPECT_TRUE(Make({}, {"127.0.0.1", true}).IsHttps(With({})));
  const AdminAccess plain = Make();
  EXPECT_FALSE(plain.IsHttps(With({})));
  EXPECT_TRUE(plain.IsHttps(With({{"x-forwarded-proto", "https"}})));
  EXPECT_TRUE(plain.IsHttps(With({{"x-forwarded-proto", "HTTPS, http"}})));
  EXPECT_FALSE(plain.IsHttps(With({{"x-forwarded-proto", "http"}})));
  EXPECT_TRUE(plain.IsHttps(With({{"origin", "https://larder.example"}})));
  EXPECT_FALSE(plain.IsHttps(With({{"origin", "http://larder.example"}})));
}

}  // namespace
}  // namespace larder

#include "proxy/admin/access.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

Request With(const Headers& headers) {
  Request request;
  request.method = "GET";
  request.target = "/admin/v1/stats";
  request.headers = headers;
  return request;
}

TEST(IsLoopbackTest, IsTrueForThisMachineAlone) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "10.0.0.1", "127.evil.example", "127.0.0.1.evil.example",
                           "localhost.evil.example", "::", "::2", "", "localhost."}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(AdminAccessTest, TakesOnlyHostsAndOriginsThatNameThisServer) {
  const AdminAccess access({"", {"larder.example"}}, "192.168.1.5");
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
      {"an allowed origin", {{"host", "localhost"}, {"origin", "https://larder.example"}}, true},
      {"a foreign origin", {{"host", "localhost"}, {"origin", "http://evil.example"}}, false},
      {"a null origin", {{"host", "localhost"}, {"origin", "null"}}, false},
      {"an empty origin", {{"host", "localhost"}, {"origin", ""}}, false},
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
      EXPECT_NE(status.error().message.find("admin.allowed_hosts"), std::string::npos) << c.name;
      EXPECT_EQ(status.error().message.find("evil"), std::string::npos) << c.name;
    }
  }
}

TEST(AdminAccessTest, IsOpenWithoutAToken) {
  EXPECT_TRUE(AdminAccess({}, "127.0.0.1").CheckToken(With({})).ok());
}

TEST(AdminAccessTest, TakesTheTokenFromAuthorizationOrTheCookie) {
  const AdminAccess access({"s3cret", {}}, "127.0.0.1");
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
      {"the cookie", {{"cookie", "a=b; larder_admin=s3cret"}}, true},
      {"the cookie first", {{"cookie", "larder_admin=s3cret;a=b"}}, true},
      {"a wrong cookie", {{"cookie", "larder_admin=x"}}, false},
      {"an empty cookie", {{"cookie", "larder_admin="}}, false},
      {"a cookie that ends the same", {{"cookie", "xlarder_admin=s3cret"}}, false},
      {"a wrong field beside a good cookie",
       {{"authorization", "Bearer x"}, {"cookie", "larder_admin=s3cret"}},
       false},
  };
  for (const auto& c : kCases) {
    const Status status = access.CheckToken(With(c.headers));
    EXPECT_EQ(status.ok(), c.allowed) << c.name;
    if (!status.ok()) {
      EXPECT_EQ(status.error().code, ErrorCode::kUnauthenticated) << c.name;
      EXPECT_EQ(status.error().message.find("s3cret"), std::string::npos) << c.name;
    }
  }
}

}  // namespace
}  // namespace larder

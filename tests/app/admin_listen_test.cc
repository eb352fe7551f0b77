// admin.listen, logins and their life, end to end: a whole server on sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/http_client.h"
#include "tests/support/started_app.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class AdminListenTest : public StartedAppTest {
 protected:
  AdminListenTest() : StartedAppTest(LogFormat::kText, LogLevel::kError) {
    config_.admin.token = "a-token-of-sixteen-or-more";
  }
  void UseOwnAddress() {
    config_.admin.listen = "127.0.0.1:0";
    config_.admin.host = "127.0.0.1";
    config_.admin.port = 0;
  }
  static ClientReply Ask(const std::string& server, const std::string& method,
                         const std::string& path, const Headers& headers = {},
                         const std::string& body = {}) {
    auto reply = CallServer(server, method, path, headers, body);
    EXPECT_TRUE(reply.ok()) << path;
    return reply.ok() ? *reply : ClientReply();
  }
  static int StatusOf(const std::string& server, const std::string& path,
                      const Headers& headers = {}) {
    return Ask(server, "GET", path, headers).status;
  }
  // The cookie of a login with the token.
  std::string LogIn(const App& app) {
    const ClientReply reply = Ask(app.admin_address(), "POST", "/dashboard/login",
                                  {{"content-type", "application/x-www-form-urlencoded"}},
                                  "token=" + PercentEncode(config_.admin.token));
    EXPECT_EQ(reply.status, 303);
    const std::string cookie(reply.headers.Find("set-cookie").value_or(""));
    EXPECT_THAT(cookie, StartsWith("larder_admin="));
    return cookie.substr(0, cookie.find(';'));
  }
  const Headers bearer_ = {{"authorization", "Bearer a-token-of-sixteen-or-more"}};
};

TEST_F(AdminListenTest, AdminAndApiHaveAddressesOfTheirOwn) {
  UseOwnAddress();
  const auto app = Started();
  ASSERT_NE(app->address(), app->admin_address());
  for (const char* path : {"/admin/v1/stats", "/metrics", "/dashboard/", "/dashboard/app.js"}) {
    EXPECT_EQ(StatusOf(app->address(), path, bearer_), 404) << path;
    EXPECT_EQ(StatusOf(app->admin_address(), path, bearer_), 200) << path;
  }
  constexpr const char* kEmbed = R"({"model":"larder-hash-384","input":"a text"})";
  EXPECT_EQ(Ask(app->address(), "POST", "/v1/embeddings", {}, kEmbed).status, 200);
  EXPECT_EQ(Ask(app->admin_address(), "POST", "/v1/embeddings", {}, kEmbed).status, 404);
  for (const char* path : {"/livez", "/readyz", "/healthz"}) {
    EXPECT_EQ(StatusOf(app->address(), path), 200) << path;
    EXPECT_EQ(StatusOf(app->admin_address(), path), 200) << path;
  }
  EXPECT_TRUE(app->Stop());
}

TEST_F(AdminListenTest, OneAddressServesBothUnlessToldOtherwise) {
  const auto app = Started();
  EXPECT_EQ(app->address(), app->admin_address());
  EXPECT_EQ(StatusOf(app->address(), "/admin/v1/stats", bearer_), 200);
}

TEST_F(AdminListenTest, AnAdminAddressThatIsTakenStopsTheStart) {
  const auto app = Started();
  Config second = config_;
  second.data_dir += "-2";
  second.admin.listen = app->address();
  second.admin.host = "127.0.0.1";
  second.admin.port =
      static_cast<std::uint16_t>(std::stoi(app->address().substr(app->address().rfind(':') + 1)));
  const auto refused = App::Start(second, log_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

TEST_F(AdminListenTest, ALoginSurvivesARestartAndEndsWithAnotherToken) {
  auto app = Started();
  const Headers cookie = {{"cookie", LogIn(*app)}};
  EXPECT_EQ(StatusOf(app->admin_address(), "/admin/v1/stats", cookie), 200);
  app->Stop();
  app = nullptr;
  app = Started();
  EXPECT_EQ(StatusOf(app->admin_address(), "/admin/v1/stats", cookie), 200);
  app->Stop();
  app = nullptr;
  config_.admin.token = "another-token-of-sixteen-or-more";
  app = Started();
  EXPECT_EQ(StatusOf(app->admin_address(), "/admin/v1/stats", cookie), 401);
}

TEST_F(AdminListenTest, AnOpenIdProviderThatIsDownStopsNothingElse) {
  config_.admin.oidc.issuer = "http://127.0.0.1:1";
  config_.admin.oidc.client_id = "larder";
  config_.admin.oidc.redirect_url = "http://127.0.0.1/dashboard/oidc/callback";
  config_.admin.oidc.allowed = {"*@example.org"};
  const auto app = Started();
  const ClientReply start = Ask(app->admin_address(), "GET", "/dashboard/oidc/start");
  EXPECT_EQ(start.status, 502);
  EXPECT_THAT(start.body, HasSubstr("role=\"alert\""));
  EXPECT_EQ(StatusOf(app->admin_address(), "/admin/v1/stats", bearer_), 200);
  EXPECT_TRUE(app->Stop());
}

}  // namespace
}  // namespace larder

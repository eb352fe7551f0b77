// Logging in to the dashboard, through the whole proxy: forms, cookies, the provider, logging out.
#include "proxy/admin/login_handler.h"

#include <gmock/gmock.h>

#include "tests/support/fake_provider.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class LoginTest : public ProxyTest {
 protected:
  LoginTest() { UseToken(); }

  void UseToken(ProxyWorldOptions options = {}) {
    options.admin.token = "s3cret";
    Restart(std::move(options));
  }
  // As a browser sends it: without any credential but the cookie.
  Answer Ask(const std::string& method, const std::string& target, const std::string& body = {},
             const Headers& headers = {}) {
    Request request = MakeRequest(method, target, {}, headers);
    request.headers.Remove("authorization");
    if (headers.Has("authorization")) {
      request.headers.Set("authorization", std::string(*headers.Find("authorization")));
    }
    request.body = body;
    request.body_size = body.size();
    return world().Ask(request);
  }
  Answer Submit(const std::string& token, Headers headers = {},
                const std::string& target = "/dashboard/login") {
    headers.Add("content-type", "application/x-www-form-urlencoded");
    return Ask("POST", target, "token=" + token, headers);
  }
  // "larder_admin=..." of an answer's Set-Cookie.
  static std::string CookieIn(const Answer& answer, const std::string& name = "larder_admin") {
    for (const auto& [field, value] : answer.headers.fields()) {
      if (field == "set-cookie" && value.starts_with(name + "=")) {
        return value.substr(0, value.find(';'));
      }
    }
    return {};
  }
  Answer GetAs(const std::string& cookie, const std::string& target = "/admin/v1/stats") {
    return Ask("GET", target, {}, {{"cookie", cookie}});
  }
};

TEST_F(LoginTest, TheDashboardLeadsToTheLoginAndTheLoginToTheDashboard) {
  const Answer dashboard = Ask("GET", "/dashboard/");
  EXPECT_EQ(dashboard.status, 303);
  EXPECT_EQ(dashboard.Field("location"), "/dashboard/login");
  const Answer form = Ask("GET", "/dashboard/login");
  EXPECT_EQ(form.status, 200);
  EXPECT_THAT(form.body, AllOf(HasSubstr("<form method=\"post\" action=\"/dashboard/login\">"),
                               HasSubstr("<label for=\"token\">"), HasSubstr("autofocus"),
                               Not(HasSubstr("role=\"alert\"")), Not(HasSubstr("<script"))));
  const Answer submitted = Submit("s3cret");
  EXPECT_EQ(submitted.status, 303);
  EXPECT_EQ(submitted.Field("location"), "/dashboard/");
  const std::string cookie = CookieIn(submitted);
  EXPECT_EQ(GetAs(cookie, "/dashboard/").status, 200);
  EXPECT_EQ(GetAs(cookie).status, 200);
  EXPECT_EQ(GetAs(cookie, "/dashboard/login").Field("location"), "/dashboard/");
}

TEST_F(LoginTest, ThePagesPartsAreForAnybodyAndThePageIsNot) {
  for (const char* path : {"app.js", "style.css", "icon.svg", "login.css"}) {
    EXPECT_EQ(Ask("GET", std::string("/dashboard/") + path).status, 200) << path;
  }
  EXPECT_EQ(Ask("GET", "/dashboard/", {}, {{"authorization", "Bearer s3cret"}}).status, 200);
  EXPECT_EQ(Ask("GET", "/dashboard/", {}, {{"authorization", "Bearer x"}}).status, 303);
}

TEST_F(LoginTest, TheCookieIsASessionsThatScriptsAndOtherSitesDoNotGet) {
  const Answer plain = Submit("s3cret");
  EXPECT_THAT(plain.Field("set-cookie"), AllOf(StartsWith("larder_admin="), HasSubstr("; HttpOnly"),
                                               HasSubstr("; SameSite=Strict"),
                                               HasSubstr("; Path=/;"), HasSubstr("; Max-Age=43200"),
                                               Not(HasSubstr("Secure")), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(Submit("s3cret", {{"x-forwarded-proto", "https"}}).Field("set-cookie"),
              HasSubstr("; Secure"));
}

TEST_F(LoginTest, TheTokenItselfIsNoCookie) {
  EXPECT_EQ(GetAs("larder_admin=s3cret").status, 401);
}

TEST_F(LoginTest, AWrongTokenIsToldInTheForm) {
  for (const char* token : {"", "wrong", "s3cre", "s3cretx", "S3CRET", "s3%00cret"}) {
    const Answer answer = Submit(token);
    EXPECT_EQ(answer.status, 401) << token;
    EXPECT_THAT(answer.body, AllOf(HasSubstr("<p id=\"problem\" role=\"alert\">"),
                                   HasSubstr("aria-invalid=\"true\"")))
        << token;
    EXPECT_EQ(CookieIn(answer), "") << token;
    EXPECT_EQ(answer.Field("cache-control"), "private, no-store");
  }
}

TEST_F(LoginTest, APastedTokenMayHaveWhiteSpaceAroundIt) {
  EXPECT_EQ(Submit("+s3cret%0D%0A").status, 303);
}

TEST_F(LoginTest, WrongLoginsAreLimited) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Submit("wrong").status, 401);
  const Answer refused = Submit("s3cret");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Field("retry-after"), "60");
  EXPECT_THAT(refused.body, HasSubstr("role=\"alert\""));
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(Submit("s3cret").status, 303);
}

TEST_F(LoginTest, ManyRightLoginsAreNot) {
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Submit("s3cret").status, 303);
}

TEST_F(LoginTest, TakesOnlyWhatItsOwnFormSends) {
  const auto with = [&](const Headers& headers) { return Submit("s3cret", headers).status; };
  EXPECT_EQ(with({{"sec-fetch-site", "same-origin"}}), 303);
  EXPECT_EQ(with({{"sec-fetch-site", "cross-site"}}), 400);
  EXPECT_EQ(with({{"origin", "http://localhost:8787"}}), 303);
  EXPECT_EQ(with({{"origin", "http://evil.example"}}), 403);
  EXPECT_EQ(with({{"origin", "null"}}), 403);
  EXPECT_EQ(
      Ask("POST", "/dashboard/login", "token=s3cret", {{"content-type", "text/plain"}}).status,
      400);
  for (const char* method : {"PUT", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(Ask(method, "/dashboard/login").status, 405) << method;
  }
}

TEST_F(LoginTest, LeadsBackToTheViewAndNowhereElse) {
  const auto lands = [&](const std::string& view) {
    return Submit("s3cret", {}, "/dashboard/login?view=" + view).Field("location");
  };
  EXPECT_EQ(lands("tail%3Foutcome%3Dmiss"), "/dashboard/#tail?outcome=miss");
  for (const char* view : {"", "%22%3E%3Cscript%3E", "a%0D%0Ab", "%00", "a%20b", "%E4"}) {
    EXPECT_EQ(lands(view), "/dashboard/") << view;
  }
  EXPECT_EQ(lands("https://evil.example"), "/dashboard/#https://evil.example");
  EXPECT_EQ(lands(std::string(513, 'a')), "/dashboard/");
  EXPECT_THAT(Ask("GET", "/dashboard/login?view=tail%26x%3D'").body,
              HasSubstr("action=\"/dashboard/login?view=tail%26x%3D%27\""));
}

TEST_F(LoginTest, SaysWhyItAsksAgain) {
  EXPECT_THAT(Ask("GET", "/dashboard/login?why=ended").body,
              HasSubstr("Your session has ended: log in again."));
  EXPECT_THAT(Ask("GET", "/dashboard/login?why=out").body, HasSubstr("You are logged out."));
  EXPECT_THAT(Ask("GET", "/dashboard/login?why=%3Cb%3E").body, Not(HasSubstr("role=\"status\"")));
}

TEST_F(LoginTest, ALinkOfAnotherSiteIsLedRoundOnceForTheSakeOfTheCookie) {
  const Answer answer = Ask("GET", "/dashboard/", {}, {{"sec-fetch-site", "cross-site"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("http-equiv=\"refresh\" content=\"0;url=/dashboard/\""));
  EXPECT_THAT(answer.Field("content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(Ask("GET", "/dashboard/", {}, {{"sec-fetch-site", "same-origin"}}).status, 303);
}

TEST_F(LoginTest, AChangeByASessionNeedsTheCsrfTokenThatItIsTold) {
  const std::string cookie = CookieIn(Submit("s3cret"));
  const Answer session = GetAs(cookie, "/admin/v1/session");
  EXPECT_EQ(StringIn(session.body, "by"), "session");
  EXPECT_EQ(NumberIn(session.body, "ends_at"), 1767225600.0 + 12 * 3600);
  const std::string csrf = *StringIn(session.body, "csrf_token");
  const auto purge = [&](const Headers& more) {
    Headers headers = more;
    headers.Add("cookie", cookie);
    headers.Add("content-type", "application/json");
    return Ask("POST", "/admin/v1/purge", R"({"all":true,"dry_run":true})", headers).status;
  };
  EXPECT_EQ(purge({}), 403);
  EXPECT_EQ(purge({{"x-csrf-token", csrf}}), 200);
  EXPECT_EQ(purge({{"x-csrf-token", csrf}, {"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(purge({{"x-csrf-token", std::string(64, '0')}}), 403);
  const Answer by_token = Ask("GET", "/admin/v1/session", {}, {{"authorization", "Bearer s3cret"}});
  EXPECT_EQ(by_token.body, R"({"by":"token"})");
}

TEST_F(LoginTest, LoggingOutEndsTheSessionAndTakesTheCookie) {
  const std::string cookie = CookieIn(Submit("s3cret"));
  const std::string csrf = *StringIn(GetAs(cookie, "/admin/v1/session").body, "csrf_token");
  EXPECT_EQ(Ask("POST", "/dashboard/logout", {}, {{"cookie", cookie}}).status, 403);
  EXPECT_EQ(GetAs(cookie).status, 200);
  const Answer out =
      Ask("POST", "/dashboard/logout", {}, {{"cookie", cookie}, {"x-csrf-token", csrf}});
  EXPECT_EQ(out.status, 204);
  EXPECT_THAT(out.Field("set-cookie"), AllOf(StartsWith("larder_admin=;"), HasSubstr("Max-Age=0")));
  EXPECT_EQ(GetAs(cookie).status, 401);
  EXPECT_EQ(Ask("POST", "/dashboard/logout", {}, {{"cookie", cookie}}).status, 204);
  EXPECT_EQ(Ask("GET", "/dashboard/logout").status, 405);
}

TEST_F(LoginTest, ASessionEndsAtItsTime) {
  const std::string cookie = CookieIn(Submit("s3cret"));
  clock_.Advance(std::chrono::hours(12));
  EXPECT_EQ(GetAs(cookie).status, 401);
  EXPECT_EQ(GetAs(cookie, "/dashboard/").Field("location"), "/dashboard/login");
}

TEST_F(LoginTest, WorksWhileTheDataStoreRefusesWrites) {
  world().data_store().FailWrites(true);
  const std::string cookie = CookieIn(Submit("s3cret"));
  EXPECT_EQ(GetAs(cookie).status, 200);
  const std::string csrf = *StringIn(GetAs(cookie, "/admin/v1/session").body, "csrf_token");
  EXPECT_EQ(
      Ask("POST", "/dashboard/logout", {}, {{"cookie", cookie}, {"x-csrf-token", csrf}}).status,
      204);
  EXPECT_EQ(GetAs(cookie).status, 401);
}

TEST_F(LoginTest, WithoutATokenThereIsNothingToLogInTo) {
  Restart();
  EXPECT_EQ(Ask("GET", "/dashboard/").status, 200);
  EXPECT_EQ(Ask("GET", "/dashboard/login").Field("location"), "/dashboard/");
  EXPECT_EQ(Submit("x").Field("location"), "/dashboard/");
  EXPECT_EQ(Ask("GET", "/admin/v1/session").body, R"({"by":"open"})");
  EXPECT_EQ(Ask("GET", "/dashboard/oidc/start").status, 404);
}

TEST_F(LoginTest, AnotherHostsPagesGetNoLogin) {
  const Headers rebound = {{"host", "evil.example"}};
  EXPECT_EQ(Ask("GET", "/dashboard/login", {}, rebound).status, 403);
  EXPECT_EQ(Submit("s3cret", rebound).status, 403);
}

class OidcRoutesTest : public LoginTest {
 protected:
  OidcRoutesTest() {
    ProxyWorldOptions options;
    options.admin.oidc.issuer = FakeProvider::kIssuer;
    options.admin.oidc.client_id = "larder";
    options.admin.oidc.redirect_url = "http://localhost:8787/dashboard/oidc/callback";
    options.admin.oidc.allowed = {"*@example.org"};
    options.oidc = &transports_;
    UseToken(std::move(options));
  }
  // From the login page to the provider and back.
  Answer LogIn(const std::string& view = "") {
    const Answer start =
        Ask("GET", "/dashboard/oidc/start" + (view.empty() ? "" : "?view=" + view));
    return Ask(
        "GET", "/dashboard/oidc/callback?" + provider_.Approve(start.Field("location")), {},
        {{"cookie", CookieIn(start, "larder_admin_oidc")}, {"sec-fetch-site", "cross-site"}});
  }

  FakeProvider provider_{clock_};
  OidcProvider::Transports transports_{provider_, provider_};
};

TEST_F(OidcRoutesTest, TheLoginPageOffersTheProviderAndTheToken) {
  EXPECT_THAT(
      Ask("GET", "/dashboard/login?view=tail").body,
      AllOf(HasSubstr("href=\"/dashboard/oidc/start?view=tail\">Log in with issuer.example"),
            HasSubstr("<form method=\"post\"")));
}

TEST_F(OidcRoutesTest, LogsInWhomTheProviderNames) {
  const Answer answer = LogIn("tail");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("content=\"0;url=/dashboard/#tail\""));
  EXPECT_EQ(CookieIn(answer, "larder_admin_oidc"), "larder_admin_oidc=");
  const std::string cookie = CookieIn(answer);
  EXPECT_EQ(GetAs(cookie).status, 200);
  EXPECT_EQ(StringIn(GetAs(cookie, "/admin/v1/session").body, "user"), "jam@example.org");
}

TEST_F(OidcRoutesTest, TheBrowsersCookieGoesToTheCallbackAlone) {
  const Answer start = Ask("GET", "/dashboard/oidc/start");
  EXPECT_EQ(start.status, 303);
  EXPECT_THAT(start.Field("set-cookie"),
              AllOf(HasSubstr("; Path=/dashboard/oidc/;"), HasSubstr("SameSite=Lax"),
                    HasSubstr("HttpOnly"), HasSubstr("Max-Age=600")));
}

TEST_F(OidcRoutesTest, AnswersOfOthersAreRefusedInTheForm) {
  const Answer start = Ask("GET", "/dashboard/oidc/start");
  const std::string back = "/dashboard/oidc/callback?" + provider_.Approve(start.Field("location"));
  const Answer without_cookie = Ask("GET", back);
  EXPECT_EQ(without_cookie.status, 401);
  EXPECT_THAT(without_cookie.body, HasSubstr("role=\"alert\""));
  EXPECT_EQ(CookieIn(without_cookie), "");
  const Answer used_up = Ask("GET", back, {}, {{"cookie", CookieIn(start, "larder_admin_oidc")}});
  EXPECT_EQ(used_up.status, 401);
  EXPECT_EQ(Ask("GET", "/dashboard/oidc/callback").status, 401);
}

TEST_F(OidcRoutesTest, WhoIsNotAllowedIsToldSo) {
  provider_.claims = R"("email":"jam@evil.example","email_verified":true)";
  const Answer answer = LogIn();
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("admin.oidc_allowed"));
  EXPECT_EQ(CookieIn(answer), "");
}

TEST_F(OidcRoutesTest, AProviderThatIsDownIsToldInTheForm) {
  provider_.fails = ErrorCode::kUnavailable;
  const Answer answer = Ask("GET", "/dashboard/oidc/start");
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("role=\"alert\""), HasSubstr("<form method=\"post\"")));
}

TEST_F(OidcRoutesTest, ServesGetAlone) {
  for (const char* path : {"/dashboard/oidc/start", "/dashboard/oidc/callback"}) {
    for (const char* method : {"HEAD", "POST"}) {
      EXPECT_EQ(Ask(method, path).status, 405) << method << path;
    }
  }
}

TEST_F(OidcRoutesTest, WaitsOnAWorkerAndNotOnALoop) {
  for (const char* target : {"/dashboard/oidc/start", "/dashboard/oidc/callback?code=1"}) {
    EXPECT_FALSE(world().proxy().Plan(MakeRequest("GET", target)).on_loop) << target;
  }
  EXPECT_FALSE(world().proxy().Plan(MakeRequest("POST", "/dashboard/login")).on_loop);
  EXPECT_EQ(world().proxy().Plan(MakeRequest("POST", "/dashboard/login")).max_body_bytes,
            LoginHandler::kMaxFormBytes);
  EXPECT_TRUE(world().proxy().Plan(MakeRequest("GET", "/dashboard/login")).on_loop);
}

}  // namespace
}  // namespace larder

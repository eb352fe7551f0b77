// Health, metrics, stats and the dashboard's files, through the whole proxy.
#include <gmock/gmock.h>

#include "proxy/openai/errors.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;

class AdminHandlerTest : public ProxyTest {
 protected:
  void UseToken() {
    ProxyWorldOptions options;
    options.admin.token = "s3cret";
    Restart(options);
  }
};

TEST_F(AdminHandlerTest, HealthNeedsNoCredentialAndNoKnownHost) {
  UseToken();
  for (const char* path : {"/livez", "/readyz", "/healthz"}) {
    const Answer answer = Get(path, {{"host", "evil.example"}});
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(StringIn(answer.body, "status"), "ok") << path;
  }
}

TEST_F(AdminHandlerTest, IsNotReadyButAliveWhileItStopsOrStarts) {
  world().ready = false;
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/healthz").status, 503);
  EXPECT_EQ(Get("/livez").status, 200);
  EXPECT_EQ(StringIn(Get("/readyz").body, "status"), "unavailable");
  EXPECT_EQ(StringIn(Get("/readyz").body, "index"), "ready");
}

TEST_F(AdminHandlerTest, MetricsAreInPrometheusForm) {
  const Answer answer = Get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.Field("content-type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer.body, HasSubstr("# TYPE larder_"));
}

TEST_F(AdminHandlerTest, StatsAndTimeseriesAreJsonAndNotKept) {
  for (const char* target : {"/admin/v1/stats", "/admin/v1/stats?window=1h", "/admin/v1/timeseries",
                             "/admin/v1/timeseries?window=90s"}) {
    const Answer answer = Get(target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.Field("content-type"), "application/json") << target;
    EXPECT_EQ(answer.Field("cache-control"), "private, no-store") << target;
    EXPECT_EQ(answer.body.front(), '{') << target;
  }
}

TEST_F(AdminHandlerTest, RefusesAWindowThatIsNone) {
  for (const char* window : {"x", "-1h", "1y", "1h1", "", "h", "99999999999h"}) {
    const Answer answer = Get(std::string("/admin/v1/stats?window=") + window);
    EXPECT_EQ(answer.status, 400) << window;
    EXPECT_EQ(StringIn(answer.body, "error.param"), "window") << window;
  }
}

TEST_F(AdminHandlerTest, TheAdminApiNeedsTheTokenWhereThereIsOne) {
  UseToken();
  const Answer refused = Get("/admin/v1/stats");  // with an API key, which is no admin token
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.Field("www-authenticate"), HasSubstr("Bearer"));
  EXPECT_EQ(Get("/admin/v1/nowhere").status, 401);
  EXPECT_EQ(Get("/admin/v1/stats", {{"authorization", "Bearer s3cret"}}).status, 200);
}

TEST_F(AdminHandlerTest, AForeignHostOrOriginIsForbiddenEvenWithTheToken) {
  UseToken();
  const Headers token = {{"authorization", "Bearer s3cret"}};
  Headers foreign = token;
  foreign.Add("origin", "http://evil.example");
  EXPECT_EQ(Get("/admin/v1/stats", foreign).status, 403);
  Headers rebound = token;
  rebound.Add("host", "evil.example");
  EXPECT_EQ(Get("/admin/v1/stats", rebound).status, 403);
  EXPECT_EQ(Get("/dashboard/", rebound).status, 403);
  EXPECT_EQ(Get("/", rebound).status, 403);
}

TEST_F(AdminHandlerTest, OnlyGetAndHeadAreServed) {
  for (const char* target : {"/livez", "/metrics", "/admin/v1/stats", "/dashboard/", "/"}) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
      const Answer answer = world().Ask(MakeRequest(method, target));
      EXPECT_EQ(answer.status, 405) << method << " " << target;
      EXPECT_EQ(answer.Field("allow"), "GET, HEAD") << method << " " << target;
    }
    EXPECT_NE(world().Ask(MakeRequest("HEAD", target)).status, 405) << target;
  }
}

TEST_F(AdminHandlerTest, TheRootLeadsToTheDashboard) {
  for (const char* target : {"/", "/dashboard", "/?x=y"}) {
    const Answer answer = Get(target);
    EXPECT_EQ(answer.status, 302) << target;
    EXPECT_EQ(answer.Field("location"), "/dashboard/") << target;
  }
}

TEST_F(AdminHandlerTest, ThePageIsSentInGzipToWhoeverTakesIt) {
  const Answer plain = Get("/dashboard/app.js");
  const Answer gzip = Get("/dashboard/app.js", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(plain.Field("content-encoding"), "");
  EXPECT_EQ(gzip.Field("content-encoding"), "gzip");
  EXPECT_EQ(gzip.Field("vary"), "Accept-Encoding");
  EXPECT_LT(gzip.body.size() * 2, plain.body.size());
  EXPECT_NE(gzip.Field("etag"), plain.Field("etag"));
  EXPECT_EQ(
      Get("/dashboard/app.js", {{"accept-encoding", "gzip"}, {"if-none-match", gzip.Field("etag")}})
          .status,
      304);
}

TEST_F(AdminHandlerTest, WhatIsNotThereIs404) {
  for (const char* target : {"/admin/v1/nowhere", "/admin", "/admin/v1/stats/",
                             "/dashboard/nowhere", "/dashboard/../admin/v1/stats", "/nowhere"}) {
    const Answer answer = Get(target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(StringIn(answer.body, "error.code"), "not_found") << target;
  }
}

TEST_F(AdminHandlerTest, NeverGoesUpstreamAndCarriesNoCacheStatus) {
  for (const char* target : {"/livez", "/metrics", "/admin/v1/stats", "/dashboard/", "/nowhere"}) {
    const Answer answer = Get(target);
    EXPECT_EQ(answer.cache_status(), "") << target;
    EXPECT_EQ(answer.Field("cf-aig-cache-status"), "") << target;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(AdminHandlerTest, TellsBrowsersOfEveryAnswerToRunAndShowNothingElse) {
  UseToken();
  for (const char* target : {"/metrics", "/admin/v1/stats", "/admin/v1/nowhere", "/admin",
                             "/dashboard/", "/dashboard/app.js", "/dashboard/nowhere",
                             "/dashboard/login", "/", "/dashboard/oidc/start"}) {
    for (const char* token : {"Bearer s3cret", "Bearer wrong"}) {
      const Answer answer = Get(target, {{"authorization", token}});
      EXPECT_THAT(answer.Field("content-security-policy"),
                  testing::AllOf(testing::StartsWith("default-src 'none'; "),
                                 HasSubstr("frame-ancestors 'none'")))
          << target;
      EXPECT_EQ(answer.Field("x-content-type-options"), "nosniff") << target;
      EXPECT_EQ(answer.Field("x-frame-options"), "DENY") << target;
      EXPECT_EQ(answer.Field("cross-origin-opener-policy"), "same-origin") << target;
      EXPECT_EQ(answer.Field("cross-origin-resource-policy"), "same-origin") << target;
      EXPECT_THAT(answer.Field("referrer-policy"), testing::AnyOf("no-referrer", "same-origin"))
          << target;
      EXPECT_THAT(answer.Field("permissions-policy"), HasSubstr("camera=()")) << target;
      EXPECT_EQ(answer.Field("strict-transport-security"), "") << target;  // plain HTTP
    }
  }
}

TEST_F(AdminHandlerTest, PagesOfOtherOriginsAreNeverLetInWhateverCorsAllows) {
  ProxyWorldOptions options;
  options.cors.origins = {"*", "https://app.example", "http://localhost:3000"};
  Restart(std::move(options));
  for (const char* origin : {"https://app.example", "http://localhost:3000", "http://evil.example",
                             "http://localhost:8787"}) {
    for (const char* target : {"/admin/v1/stats", "/admin/v1/purge", "/admin/v1/session",
                               "/dashboard/", "/dashboard/login", "/metrics"}) {
      for (const char* method : {"GET", "POST", "OPTIONS"}) {
        const Answer answer = world().Ask(MakeRequest(
            method, target, {}, {{"origin", origin}, {"access-control-request-method", "POST"}}));
        for (const auto& [name, value] : answer.headers.fields()) {
          EXPECT_FALSE(name.starts_with("access-control-")) << method << target << origin << name;
        }
        EXPECT_TRUE(answer.status >= 400 || std::string_view(method) != "OPTIONS")
            << target << origin;
      }
    }
    const bool own = std::string_view(origin) == "http://localhost:8787";
    EXPECT_EQ(Get("/admin/v1/stats", {{"origin", origin}}).status, own ? 200 : 403) << origin;
  }
}

TEST_F(AdminHandlerTest, NoBodyThatNobodyReadsIsGathered) {
  UseToken();
  for (const char* target : {"/livez", "/metrics", "/dashboard/", "/dashboard/login", "/", "/admin",
                             "/dashboard/oidc/start", "/admin/v1/stats", "/nowhere"}) {
    for (const char* host : {"localhost:8787", "evil.example"}) {
      const RequestPlan plan =
          world().proxy().Plan(MakeRequest("POST", target, {}, {{"host", host}}));
      EXPECT_TRUE(!plan.whole_body || plan.max_body_bytes > 0) << target;
      EXPECT_LE(plan.max_body_bytes, 1U << 20) << target;
    }
  }
}

TEST_F(AdminHandlerTest, AnAddressOfTheApiAloneHasNoAdmin) {
  ProxyWorldOptions options;
  options.surface = Surface::kApi;
  Restart(std::move(options));
  UseEmbeddings();
  for (const char* target : {"/admin/v1/stats", "/admin", "/dashboard/", "/dashboard/login",
                             "/dashboard/app.js", "/metrics", "/"}) {
    EXPECT_EQ(Get(target).status, 404) << target;
    EXPECT_TRUE(world().proxy().Plan(MakeRequest("POST", target)).on_loop) << target;
  }
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(Embed(R"({"model":"m","input":"a"})").status, 200);
  EXPECT_EQ(Post("/v1/search", R"({"model":"m","query":"a"})").status, 200);
}

TEST_F(AdminHandlerTest, AnAddressOfTheAdminAloneHasNoApiButTheSearchOfItsPage) {
  ProxyWorldOptions options;
  options.surface = Surface::kAdmin;
  Restart(std::move(options));
  UseEmbeddings();
  for (const char* target :
       {"/v1/embeddings", "/v1/chat/completions", "/v1/models", "/v1/collections", "/v1/anything",
        "/openai/deployments/m/embeddings", "/v1/vector_stores/s/search",
        "/client/v4/accounts/a/vectorize/v2/indexes"}) {
    const Answer answer = Post(target, R"({"model":"m","input":"a"})");
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_THAT(answer.body, HasSubstr("the API is at another")) << target;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
  EXPECT_EQ(world().proxy().NewFastLane(), nullptr);
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(Get("/metrics").status, 200);
  EXPECT_EQ(Get("/admin/v1/stats").status, 200);
  EXPECT_EQ(Get("/dashboard/").status, 200);
  EXPECT_EQ(Post("/v1/search", R"({"model":"m","query":"a"})").status, 200);
}

// An endpoint that says what reached it.
class EchoEndpoint final : public AdminEndpoint {
 public:
  std::string_view methods() const override { return "GET, HEAD, POST"; }
  bool has_below() const override { return true; }
  Response Handle(const Request& request, const std::string& below) override {
    return JsonResponse(200, "[\"" + below + "\"," + (request.body.empty() ? "0" : "1") + "]");
  }
};

class AdminEndpointTest : public AdminHandlerTest {
 protected:
  AdminEndpointTest() { world().admin().Add("echo", echo_); }
  EchoEndpoint echo_;
};

TEST_F(AdminEndpointTest, IsToldWhatStandsBelowItsName) {
  EXPECT_EQ(Get("/admin/v1/echo").body, "[\"\",0]");
  EXPECT_EQ(Get("/admin/v1/echo/ab%20c").body, "[\"ab c\",0]");
  EXPECT_EQ(Get("/admin/v1/echo/").status, 404);
}

TEST_F(AdminEndpointTest, ServesItsMethodsAlone) {
  EXPECT_EQ(Post("/admin/v1/echo", "{}", {{"content-type", "application/json"}}).status, 200);
  const Answer refused = world().Ask(MakeRequest("DELETE", "/admin/v1/echo"));
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.Field("allow"), "GET, HEAD, POST");
}

TEST_F(AdminEndpointTest, TakesNoBodyThatAFormOfAnotherSiteCouldSend) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", "text/plain; application/json"}) {
    EXPECT_EQ(Post("/admin/v1/echo", "{}", {{"content-type", type}}).status, 400) << type;
  }
  for (const char* type :
       {"application/json", "Application/JSON; charset=utf-8", "application/x-ndjson"}) {
    EXPECT_EQ(Post("/admin/v1/echo", "{}", {{"content-type", type}}).status, 200) << type;
  }
}

TEST_F(AdminEndpointTest, IsNeverKeptByCaches) {
  EXPECT_EQ(Get("/admin/v1/echo").Field("cache-control"), "private, no-store");
}

TEST_F(AdminEndpointTest, WhoeverIsRefusedIsNotWaitedForWithABody) {
  AdminOptions options;
  options.token = "the token";
  Restart({.admin = std::move(options)});
  world().admin().Add("echo", echo_);
  Request request = MakeRequest("POST", "/admin/v1/echo");
  EXPECT_TRUE(world().proxy().Plan(request).on_loop);
  request.headers.Set("authorization", "Bearer the token");
  const RequestPlan plan = world().proxy().Plan(request);
  EXPECT_FALSE(plan.on_loop);
  EXPECT_EQ(plan.max_body_bytes, AdminEndpoint::kMaxBodyBytes);
}

}  // namespace
}  // namespace larder

// Websockets through a whole Proxy: what goes up, what comes down, what is recorded.
#include "proxy/openai/tunnel_handler.h"

#include <gmock/gmock.h>

#include "proxy/upstream/builtin/builtin_upstream.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;

class TunnelHandlerTest : public ProxyTest {
 protected:
  static Request Upgrade(std::string target, Headers more = {}) {
    Request request = MakeRequest("GET", std::move(target), {}, std::move(more));
    request.headers.Add("connection", "keep-alive, Upgrade");
    request.headers.Add("upgrade", "websocket");
    request.headers.Add("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    request.headers.Add("sec-websocket-protocol", "realtime, openai-beta.realtime-v1");
    return request;
  }
  // As the front hands it over when the plan says so.
  Request Planned(Request request) {
    request.tunnel = world().proxy().Plan(request).tunnel;
    EXPECT_TRUE(request.tunnel);
    request.body_source = upload_;
    return request;
  }

  std::shared_ptr<BodySource> upload_ = std::make_shared<StringBody>("from the client");
  const FakeReply switching_{.status = 101,
                             .headers = {{"sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}};
};

TEST_F(TunnelHandlerTest, EveryPathOfTheApiMayBeATunnel) {
  for (const char* target : {"/v1/realtime?model=m", "/v1/responses", "/v1/embeddings",
                             "/openai/realtime?deployment=d", "/v1/unknown"}) {
    const RequestPlan plan = world().proxy().Plan(Upgrade(target));
    EXPECT_TRUE(plan.tunnel) << target;
    EXPECT_FALSE(plan.whole_body || plan.on_loop) << target;
    EXPECT_EQ(plan.max_body_bytes, 0U) << target;
  }
  for (const char* target : {"/v1/search", "/metrics", "/dashboard/", "/admin/v1/stats", "/x"}) {
    EXPECT_FALSE(world().proxy().Plan(Upgrade(target)).tunnel) << target;
  }
  EXPECT_FALSE(world().proxy().Plan(MakeRequest("GET", "/v1/responses")).tunnel);
}

TEST_F(TunnelHandlerTest, UpstreamGetsTheHandshakeWithTheClientsCredential) {
  upstream().Reply(switching_);
  world().Ask(Planned(Upgrade("/v1/realtime?model=gpt%2Dx", {{"x-larder-namespace", "n"}})));
  ASSERT_EQ(upstream().call_count(), 1U);
  const FakeCall call = upstream().calls()[0];
  EXPECT_EQ(call.path_and_query, "/realtime?model=gpt%2Dx");
  EXPECT_FALSE(call.from_origin);
  EXPECT_EQ(call.headers.Find("authorization"), "Bearer key-a");
  EXPECT_EQ(call.headers.Find("sec-websocket-key"), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(call.headers.Find("sec-websocket-protocol"), "realtime, openai-beta.realtime-v1");
  EXPECT_EQ(call.headers.Find("via"), kVia);
  for (const char* name : {"connection", "upgrade", "host", "x-larder-namespace"}) {
    EXPECT_FALSE(call.headers.Has(name)) << name;
  }
  EXPECT_EQ(call.tunnel, upload_);
}

TEST_F(TunnelHandlerTest, TheClientGetsUpstreamsAgreementAndItsBytes) {
  FakeReply reply = switching_;
  reply.body = "from upstream";
  upstream().Reply(reply);
  const Answer answer = world().Ask(Planned(Upgrade("/openai/realtime?deployment=d")));
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.Field("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(answer.cache_status(), "larder; fwd=bypass; fwd-status=101; detail=\"websocket\"");
  EXPECT_TRUE(answer.was_stream);
  EXPECT_EQ(answer.body, "from upstream");
  EXPECT_TRUE(upstream().calls()[0].from_origin);
}

TEST_F(TunnelHandlerTest, IsRecordedWithItsBytes) {
  FakeReply reply = switching_;
  reply.body = "from upstream";
  upstream().Reply(reply);
  world().Ask(Planned(Upgrade("/v1/realtime")));
  ASSERT_EQ(world().records().size(), 1U);
  const RequestRecord record = world().records()[0];
  EXPECT_EQ(record.status, 101);
  EXPECT_EQ(record.route, "websocket");
  EXPECT_EQ(record.bytes_out, 13U);
  EXPECT_TRUE(record.complete);
}

TEST_F(TunnelHandlerTest, ARefusalPassesUnchanged) {
  upstream().Reply({.status = 401, .body = R"({"error":{"message":"bad key"}})"});
  const Answer answer = world().Ask(Planned(Upgrade("/v1/realtime")));
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, R"({"error":{"message":"bad key"}})");
  EXPECT_EQ(answer.cache_status(), "larder; fwd=bypass; fwd-status=401; detail=\"websocket\"");
}

TEST_F(TunnelHandlerTest, AnUpstreamThatFailsIsToldAsAnyOther) {
  upstream().Fail(ErrorCode::kUnavailable);
  EXPECT_EQ(world().Ask(Planned(Upgrade("/v1/realtime"))).status, 502);
  upstream().Fail(ErrorCode::kOverloaded);
  EXPECT_EQ(world().Ask(Planned(Upgrade("/v1/realtime"))).status, 503);
}

TEST_F(TunnelHandlerTest, OnlyIfCachedAsksNobody) {
  const Answer answer =
      world().Ask(Planned(Upgrade("/v1/realtime", {{"cache-control", "only-if-cached"}})));
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(TunnelHandlerTest, CountsAsARequestAndIsRefusedBeyondALimit) {
  ProxyWorldOptions options;
  options.limiter.rules = {{{}, {"/realtime"}, {.requests_per_minute = 1}}};
  Restart(std::move(options));
  upstream().Reply(switching_);
  const Answer first = world().Ask(Planned(Upgrade("/v1/realtime?model=m")));
  EXPECT_EQ(first.status, 101);
  EXPECT_EQ(first.Field("x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(world().Ask(Planned(Upgrade("/v1/realtime?model=m"))).status, 429);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(TunnelHandlerTest, AKeyOfSomeModelsSpeaksToThemAlone) {
  const std::string secret =
      world().client_keys().Create("ci", "acme", std::nullopt, {.models = {"m"}})->secret;
  const auto ask = [&](const char* target) {
    return world().Ask(Planned(Upgrade(target, {{"authorization", "Bearer " + secret}}))).status;
  };
  for (const char* target :
       {"/v1/realtime?model=large", "/v1/realtime", "/v1/responses?model=m", "/v1/unknown?model=m",
        "/v1/realtime?model=m&model=large", "/v1/realtime?model=m&%6dodel=large",
        "/openai/realtime?deployment=large&model=m", "/openai/realtime?deployment=large",
        "/openai/deployments/large/realtime?model=m", "/openai/deployments/large/realtime"}) {
    EXPECT_EQ(ask(target), 403) << target;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
  for (const char* target : {"/v1/realtime?model=m", "/openai/realtime?deployment=m",
                             "/openai/deployments/m/realtime"}) {
    upstream().Reply(switching_);
    EXPECT_EQ(ask(target), 101) << target;
  }
}

TEST_F(TunnelHandlerTest, ALoopIsRefused) {
  EXPECT_EQ(world().Ask(Planned(Upgrade("/v1/realtime", {{"via", kVia}}))).status, 508);
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(TunnelHandlerTest, AnUpstreamWithoutWebsocketsSaysSo) {
  BuiltinUpstream builtin;
  const auto upstreams = UpstreamSet::Over({UpstreamOptions{}}, {&builtin});
  ASSERT_TRUE(upstreams.ok());
  TunnelHandler handler(**upstreams, clock_, kVia);
  RequestContext context{"req_1", Partition("")};
  context.endpoint = "/realtime";
  const Answer answer = Receive(handler.Handle(Planned(Upgrade("/v1/realtime")), context));
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("has no websockets"));
}

}  // namespace
}  // namespace larder

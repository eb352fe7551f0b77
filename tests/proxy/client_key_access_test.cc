// Requests that come with a key of Larder's own, through the whole proxy; and the keys' endpoint.
#include <gmock/gmock.h>

#include "base/bytes.h"
#include "cache/record.h"
#include "proxy/admin/keys_endpoint.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::Not;

class ClientKeyAccessTest : public ProxyTest {
 protected:
  ClientKeyAccessTest() { Begin({}); }
  void Begin(CallersOptions callers) {
    ProxyWorldOptions options;
    options.callers = callers;
    Restart(std::move(options));
    UseEmbeddings();
    keys_ = std::make_unique<KeysEndpoint>(world().client_keys(), world().limiter(),
                                           [](std::string_view name) { return name == "default"; });
    world().admin().Add("keys", *keys_);
  }
  std::string NewKey(const std::string& tenant) {
    return world().client_keys().Create("test", tenant, std::nullopt)->secret;
  }
  Answer EmbedWith(const std::string& secret) {
    return Embed(R"({"model":"m","input":"a"})", {{"authorization", "Bearer " + secret}});
  }

  std::unique_ptr<KeysEndpoint> keys_;
};

TEST_F(ClientKeyAccessTest, KeysOfOneTenantShareAndThoseOfAnotherDoNot) {
  const std::string one = NewKey("acme");
  EXPECT_FALSE(EmbedWith(one).hit());
  EXPECT_TRUE(EmbedWith(NewKey("acme")).hit());
  EXPECT_FALSE(EmbedWith(NewKey("other")).hit());
  EXPECT_FALSE(EmbedWith("sk-provider").hit());
  EXPECT_TRUE(EmbedWith(one).hit());
}

TEST_F(ClientKeyAccessTest, ItGoesNoFurther) {
  EmbedWith(NewKey("acme"));
  Embed(R"({"model":"m","input":"b"})", {{"x-api-key", NewKey("acme")}});
  for (const FakeCall& call : upstream().calls()) {
    for (const auto& [name, value] : call.headers.fields()) {
      EXPECT_THAT(value, Not(HasSubstr("lk_"))) << name;
    }
  }
  EXPECT_EQ(upstream().call_count(), 2U);
}

TEST_F(ClientKeyAccessTest, InAParameterItCountsAndGoesNoFurtherEither) {
  const std::string secret = NewKey("acme");
  const Headers none = {{"x-api-key", ""}};
  const char* body = R"({"model":"m","input":"a"})";
  EXPECT_EQ(Post("/v1/embeddings?a=b&key=" + secret, body, none).status, 200);
  EXPECT_TRUE(EmbedWith(NewKey("acme")).hit());
  Get("/v1/files?key=" + secret + "&limit=2", none);
  Get("/v1/files?api_key=own", {{"authorization", "Bearer " + secret}});
  EXPECT_EQ(Get("/v1/files?key=lk_unknown", none).status, 401);
  ASSERT_EQ(upstream().call_count(), 3U);
  EXPECT_EQ(upstream().calls()[0].path_and_query, "/embeddings?a=b");
  EXPECT_EQ(upstream().calls()[1].path_and_query, "/files?limit=2");
  EXPECT_EQ(upstream().calls()[2].path_and_query, "/files");
}

TEST_F(ClientKeyAccessTest, AmongTheProtocolsOfAWebsocketItCountsAndGoesNoFurtherEither) {
  Begin({.require_key = true});
  const auto open = [&](const std::string& secret) {
    const std::string protocols = "realtime, openai-insecure-api-key." + secret;
    return Get("/v1/files", {{"authorization", ""}, {"sec-websocket-protocol", protocols}});
  };
  EXPECT_EQ(open("sk-provider").status, 401);
  EXPECT_EQ(open(NewKey("acme")).status, 200);
  EXPECT_EQ(upstream().calls()[0].headers.Find("sec-websocket-protocol"), "realtime");
}

TEST_F(ClientKeyAccessTest, AnUnknownOneIs401AndGoesNowhere) {
  for (const char* target : {"/v1/embeddings", "/v1/files", "/v1/search"}) {
    const Answer answer = Post(target, R"({"model":"m","input":"a","query":"a"})",
                               {{"authorization", "Bearer lk_000000"}});
    EXPECT_EQ(answer.status, 401) << target;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(ClientKeyAccessTest, ARevokedOneLosesItsHitsAtOnce) {
  const std::string secret = NewKey("acme");
  EmbedWith(secret);
  EXPECT_TRUE(EmbedWith(secret).hit());
  ASSERT_TRUE(world().client_keys().Revoke(world().client_keys().List()[0].key->id).ok());
  EXPECT_EQ(EmbedWith(secret).status, 401);
}

TEST_F(ClientKeyAccessTest, WhereOneIsRequiredOthersAre401) {
  Begin({.require_key = true});
  EXPECT_EQ(EmbedWith("sk-provider").status, 401);
  EXPECT_EQ(EmbedWith(NewKey("acme")).status, 200);
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(ClientKeyAccessTest, TheEndpointMakesListsAndRevokes) {
  const Answer made = Post("/admin/v1/keys", R"({"name":"ci","tenant":"acme","expires_in_s":60})");
  EXPECT_EQ(made.status, 201);
  const std::string secret = StringIn(made.body, "secret").value_or("");
  EXPECT_EQ(EmbedWith(secret).status, 200);
  const Answer list = Get("/admin/v1/keys");
  EXPECT_THAT(list.body, HasSubstr(R"("name":"ci","tenant":"acme")"));
  EXPECT_THAT(list.body, Not(HasSubstr(secret)));
  const std::string id = StringIn(made.body, "id").value_or("");
  EXPECT_EQ(world().Ask(MakeRequest("DELETE", "/admin/v1/keys/" + id)).status, 200);
  EXPECT_EQ(world().Ask(MakeRequest("DELETE", "/admin/v1/keys/" + id)).status, 404);
  EXPECT_EQ(EmbedWith(secret).status, 401);
  EXPECT_EQ(Get("/admin/v1/keys").body, R"({"data":[]})");
}

TEST_F(ClientKeyAccessTest, TheEndpointTakesShowsAndChangesWhatAKeyMayAskFor) {
  const Answer made = Post(
      "/admin/v1/keys",
      R"({"name":"ci","models":["m"],"upstreams":["default"],"limits":[{"endpoint":"/embeddings",)"
      R"("requests_per_minute":2}],"budget":{"money":"0.50","tokens":10,"period":"week"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_THAT(made.body, HasSubstr(R"("models":["m"],"upstreams":["default"],)"));
  EXPECT_THAT(made.body, HasSubstr(R"("budget":{"money":0.5,"tokens":10,"period":"week",)"));
  const std::string secret = StringIn(made.body, "secret").value_or("");
  const std::string id = StringIn(made.body, "id").value_or("");
  // The model has no price, and the budget is of money, too.
  EXPECT_EQ(EmbedWith(secret).status, 403);
  const auto change = [&](const std::string& body) {
    return world().Ask(MakeRequest("PATCH", "/admin/v1/keys/" + id, body));
  };
  EXPECT_THAT(
      change(R"({"budget":{"tokens":10}})").body,
      HasSubstr(R"("budget":{"money":null,"tokens":10,"period":"month","used":{"money":0,)"));
  EXPECT_EQ(EmbedWith(secret).status, 200);
  EXPECT_EQ(EmbedWith(secret).status, 429);  // the refused one counted, too
  const std::string list = Get("/admin/v1/keys").body;
  EXPECT_THAT(list, HasSubstr(R"("used":{"requests_minute":2,"requests_hour":2,)"));
  EXPECT_THAT(list, HasSubstr(R"("used":{"money":0,"tokens":1},"resets_at":1769904000)"));
  EXPECT_EQ(change(R"({"limits":null})").status, 200);
  EXPECT_EQ(EmbedWith(secret).status, 200);
  EXPECT_EQ(change(R"({"models":["other"]})").status, 200);
  EXPECT_EQ(EmbedWith(secret).status, 403);
  EXPECT_EQ(change(R"({"name":"x"})").status, 400);
  EXPECT_EQ(world().Ask(MakeRequest("PATCH", "/admin/v1/keys/key_0", "{}")).status, 404);
}

TEST_F(ClientKeyAccessTest, TheEndpointRefusesTermsThatAreNone) {
  for (const char* terms :
       {R"("models":"m")", R"("models":[""])", R"("upstreams":["nowhere"])", R"("limits":{})",
        R"("limits":[{}])", R"("limits":[{"requests_per_minute":0}])",
        R"("limits":[{"endpoint":"embeddings","requests_per_minute":1}])",
        R"("limits":[{"endpoint":"/v1/embeddings","requests_per_minute":1}])",
        R"("limits":[{"rpm":1}])", R"("budget":{})", R"("budget":{"money":0})",
        R"("budget":{"money":"1,5"})", R"("budget":{"tokens":1,"period":"year"})",
        R"("budget":{"tokens":1,"x":1})"}) {
    EXPECT_EQ(Post("/admin/v1/keys", std::string(R"({"name":"a",)") + terms + "}").status, 400)
        << terms;
  }
}

TEST_F(ClientKeyAccessTest, AKeyFromBeforeThereWereTermsIsReadAsItWas) {
  ClientKey key;
  key.id = "key_1";
  key.name = "ci";
  key.tenant = "acme";
  key.models = {"m"};
  key.limits = {{{}, {"/a"}, {1, 2, 3, 4}}};
  key.budget = {5, 6, BudgetPeriod::kTotal};
  const auto read = DecodeClientKey(EncodeClientKey(key));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->models, key.models);
  EXPECT_EQ(read->limits.at(0).limits.tokens_per_hour, 4);
  EXPECT_EQ(read->budget.tokens, 6);
  // What the record had then: five fields and the time.
  std::string payload;
  ByteWriter writer(payload);
  for (const char* text : {"key_1", "ci", "acme", "lk_1234"}) writer.Prefixed(text);
  writer.Raw(std::string(32, 'h'));
  writer.Fixed(std::int64_t{0});
  const auto old = DecodeClientKey(SealRecord(RecordKind::kClientKey, {clock_.Now(), {}}, payload));
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old->tenant, "acme");
  EXPECT_TRUE(old->models.empty());
  EXPECT_FALSE(old->budget.any());
}

TEST_F(ClientKeyAccessTest, TheEndpointRefusesWhatIsNoKey) {
  for (const char* body :
       {"[]", "{}", R"({"name":""})", R"({"name":"a","tenant":"a b"})",
        R"({"name":"a","expires_in_s":0})", R"({"name":"a","models":[]})", R"({"name":7})"}) {
    EXPECT_EQ(Post("/admin/v1/keys", body).status, 400) << body;
  }
  EXPECT_EQ(Get("/admin/v1/keys/key_1").status, 405);
  EXPECT_EQ(world().Ask(MakeRequest("DELETE", "/admin/v1/keys")).status, 400);
}

}  // namespace
}  // namespace larder

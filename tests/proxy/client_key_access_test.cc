// Requests that come with a key of Larder's own, through the whole proxy; and the keys' endpoint.
#include <gmock/gmock.h>

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
    keys_ = std::make_unique<KeysEndpoint>(world().client_keys());
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
  ASSERT_TRUE(world().client_keys().Revoke(world().client_keys().List()[0].key.id).value());
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

// What a key of Larder's own may ask for: models and upstreams, on both lanes, before the cache.
#include <gmock/gmock.h>

#include "proxy/admin/keys_endpoint.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;

constexpr const char* kChatAnswer =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]})";

class KeyPermissionsTest : public ProxyTest {
 protected:
  KeyPermissionsTest() {
    ProxyWorldOptions options;
    UpstreamOptions other;
    other.name = "other";
    other.models = {"o-*", "both"};
    other.fallbacks = {"default"};
    options.upstreams = {{other, &other_}};
    Restart(std::move(options));
    for (FakeUpstream* one : {&upstream_, &other_}) {
      one->ComputeAlways([one](const FakeCall& call) -> Result<UpstreamReply> {
        const bool embeds = call.path_and_query.ends_with("/embeddings");
        return one->Make({.body = embeds ? EmbeddingsBodyFor(call) : kChatAnswer});
      });
    }
  }
  std::string NewKey(KeyTerms terms) {
    auto made = world().client_keys().Create("ci", "acme", std::nullopt, std::move(terms));
    EXPECT_TRUE(made.ok());
    return made->secret;
  }
  static Headers With(const std::string& secret) { return {{"authorization", "Bearer " + secret}}; }

  FakeUpstream other_{"http://other.test/v1", "other"};
};

TEST_F(KeyPermissionsTest, AModelThatIsNotAllowedIs403AndNamesWhatIs) {
  const std::string key = NewKey({.models = {"small-*", "m"}});
  const Answer refused = Embed(R"({"model":"large","input":"a"})", With(key));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body,
              HasSubstr("this key may not use the model large; it may use small-*, m"));
  EXPECT_EQ(Embed(R"({"model":"small-1","input":"a"})", With(key)).status, 200);
  EXPECT_EQ(Chat(R"({"model":"large","messages":[]})", With(key)).status, 403);
  EXPECT_EQ(Chat(R"({"model":"m","messages":[]})", With(key)).status, 200);
  EXPECT_EQ(upstream().call_count(), 2U);
}

TEST_F(KeyPermissionsTest, WhatATenantHasCachedIsNotShownToAKeyThatMayNotAskForIt) {
  const std::string every = NewKey({});
  const std::string some = NewKey({.models = {"m"}});
  for (const char* body :
       {R"({"model":"large","messages":[]})", R"({"model":"m","messages":[]})"}) {
    Chat(body, With(every));
    EXPECT_TRUE(Chat(body, With(every)).hit());
  }
  Embed(R"({"model":"large","input":"a"})", With(every));
  EXPECT_TRUE(Chat(R"({"model":"m","messages":[]})", With(some)).hit());
  EXPECT_EQ(Chat(R"({"model":"large","messages":[]})", With(some)).status, 403);
  EXPECT_EQ(Embed(R"({"model":"large","input":"a"})", With(some)).status, 403);
  EXPECT_FALSE(world().AskFastLane(
      MakeRequest("POST", "/v1/embeddings", R"({"model":"large","input":"a"})", With(some))));
  EXPECT_EQ(Post("/v1/search", R"({"model":"large","query":"a"})", With(some)).status, 403);
  EXPECT_EQ(Post("/v1/search", R"({"model":"large","query":[1,2,3,4]})", With(some)).status, 403);
}

TEST_F(KeyPermissionsTest, WhichModelsThereAreMayBeAskedByEverybody) {
  upstream().ReplyAlways({.body = R"({"object":"list","data":[{"id":"m"}]})"});
  const std::string key = NewKey({.models = {"m"}});
  EXPECT_EQ(Get("/v1/models", With(key)).status, 200);
  EXPECT_TRUE(Get("/v1/models", With(key)).hit());
}

TEST_F(KeyPermissionsTest, WhatIsPassedOnUnreadIsRefusedToAKeyOfSomeModels) {
  const std::string key = NewKey({.models = {"m"}});
  for (const char* path : {"/v1/images/generations", "/v1/batches", "/v1/%65mbeddings",
                           "/v1/chat/completions/", "/v1beta/models/large:generateContent"}) {
    const Answer answer = Post(path, R"({"model":"large"})", With(key));
    EXPECT_TRUE(answer.status == 403 || answer.status == 400 || answer.status == 404) << path;
  }
  Headers coded = With(key);
  coded.Add("content-encoding", "gzip");
  EXPECT_EQ(Embed("not read here", coded).status, 403);
  EXPECT_EQ(upstream().call_count(), 0U);
  EXPECT_EQ(Get("/v1/files", With(key)).status, 200);
  EXPECT_EQ(Post("/v1/moderations", R"({"input":"a"})", With(key)).status, 403);
}

TEST_F(KeyPermissionsTest, AModelInThePathMustBeAllowedToo) {
  const std::string key = NewKey({.models = {"m"}});
  const char* const chat = R"({"model":"m","messages":[]})";
  EXPECT_EQ(Post("/openai/deployments/large/chat/completions", chat, With(key)).status, 403);
  EXPECT_EQ(Post("/openai/deployments/m/chat/completions", chat, With(key)).status, 200);
}

TEST_F(KeyPermissionsTest, TheChoiceOfUpstreamsIsAmongThoseThatAreAllowed) {
  const std::string both = NewKey({});
  const std::string only_other = NewKey({.upstreams = {"other"}});
  const std::string only_default = NewKey({.upstreams = {"default"}});
  EXPECT_EQ(Chat(R"({"model":"o-1","messages":[]})", With(both)).status, 200);
  EXPECT_EQ(other_.call_count(), 1U);
  EXPECT_TRUE(Chat(R"({"model":"o-1","messages":[]})", With(only_other)).hit());
  // The default takes what the other would have: under a key of its own.
  EXPECT_FALSE(Chat(R"({"model":"o-1","messages":[]})", With(only_default)).hit());
  EXPECT_EQ(upstream().call_count(), 1U);
  const Answer refused = Chat(R"({"model":"m","messages":[]})", With(only_other));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("it may use other"));
  EXPECT_EQ(Embed(R"({"model":"m","input":"a"})", With(only_other)).status, 403);
  EXPECT_EQ(Get("/v1/files", With(only_other)).status, 403);
  EXPECT_EQ(Post("/v1/search", R"({"model":"m","query":"a"})", With(only_other)).status, 403);
}

TEST_F(KeyPermissionsTest, AFallbackThatIsNotAllowedIsNotAsked) {
  other_.ReplyAlways({.status = 500, .body = "{}"});
  EXPECT_EQ(Chat(R"({"model":"both","messages":[]})", With(NewKey({}))).status, 200);
  const std::string key = NewKey({.upstreams = {"other"}});
  EXPECT_EQ(Chat(R"({"model":"both","messages":[],"n":1})", With(key)).status, 500);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(KeyPermissionsTest, ExplainSaysWhy) {
  ExplainEndpoint explain(world().explain_parts());
  world().admin().Add("explain", explain);
  const std::string key = NewKey({.models = {"m"}, .upstreams = {"other"}});
  const auto ask = [&](const std::string& path, const std::string& body) {
    return Post("/admin/v1/explain", R"({"path":")" + path +
                                         R"(","headers":{"authorization":"Bearer )" + key +
                                         R"("},"body":)" + body + "}")
        .body;
  };
  EXPECT_THAT(
      StringIn(ask("/v1/embeddings", R"({"model":"x","input":"a"})"), "refused").value_or(""),
      HasSubstr("may not use the model x"));
  EXPECT_THAT(StringIn(ask("/v1/chat/completions", R"({"model":"m","messages":[]})"), "refused")
                  .value_or(""),
              HasSubstr("no upstream"));
  EXPECT_THAT(StringIn(ask("/v1/images/generations", "{}"), "refused").value_or(""),
              HasSubstr("cannot be told"));
}

class ConfiguredKeysTest : public ProxyTest {
 protected:
  ConfiguredKeysTest() {
    ProxyWorldOptions options;
    ConfiguredKey key;
    key.name = "team";
    key.tenant = "acme";
    key.sha256 = ToHex(Sha256Of("sk-a-secret-of-our-own"));
    key.limits.requests_per_minute = 2;
    options.keys = {key};
    Restart(std::move(options));
    UseEmbeddings();
    endpoint_ = std::make_unique<KeysEndpoint>(world().client_keys(), world().limiter(),
                                               [](std::string_view) { return true; });
    world().admin().Add("keys", *endpoint_);
  }
  Answer EmbedWith(const std::string& secret) {
    return Embed(R"({"model":"m","input":"a"})", {{"authorization", "Bearer " + secret}});
  }
  std::unique_ptr<KeysEndpoint> endpoint_;
};

TEST_F(ConfiguredKeysTest, AreAcceptedWhateverTheyBeginWithAndOthersAreNot) {
  EXPECT_EQ(EmbedWith("sk-a-secret-of-our-own").status, 200);
  EXPECT_EQ(EmbedWith("sk-somebody-else").status, 401);
  EXPECT_EQ(world().Ask(MakeRequest("GET", "/v1/models", "", {{"api-key", ""}})).status, 401);
  EXPECT_FALSE(upstream().calls()[0].headers.Has("authorization"));
  // One that was made here is as good.
  EXPECT_EQ(EmbedWith(world().client_keys().Create("x", "acme", std::nullopt)->secret).status, 200);
  EXPECT_EQ(EmbedWith("sk-a-secret-of-our-own").status, 200);
  EXPECT_EQ(EmbedWith("sk-a-secret-of-our-own").status, 429);
}

TEST_F(ConfiguredKeysTest, AreListedAndNotRevokedOrChangedHere) {
  EmbedWith("sk-a-secret-of-our-own");
  const std::string list = Get("/admin/v1/keys").body;
  EXPECT_THAT(list, HasSubstr(R"("id":"config:team","name":"team","tenant":"acme")"));
  EXPECT_THAT(list, HasSubstr(R"("source":"config")"));
  EXPECT_THAT(list, HasSubstr(R"("used":{"requests_minute":1,)"));
  EXPECT_EQ(world().Ask(MakeRequest("DELETE", "/admin/v1/keys/config:team")).status, 403);
  EXPECT_EQ(
      world().Ask(MakeRequest("PATCH", "/admin/v1/keys/config:team", R"({"models":null})")).status,
      403);
}

TEST_F(ConfiguredKeysTest, AreReplacedWhenTheConfigurationIsReadAgain) {
  world().client_keys().SetConfigured({});
  EXPECT_EQ(EmbedWith("sk-a-secret-of-our-own").status, 200);  // a provider's key again
  EXPECT_TRUE(upstream().calls()[0].headers.Has("authorization"));
}

}  // namespace
}  // namespace larder

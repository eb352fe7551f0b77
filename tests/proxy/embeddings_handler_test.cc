// POST /v1/embeddings as a client sees it: one entry an input (docs/api.md).
#include <gmock/gmock.h>

#include "proxy/json/json_writer.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class EmbeddingsHandlerTest : public ProxyTest {
 protected:
  EmbeddingsHandlerTest() { UseEmbeddings(); }

  // A body with these texts as its input array, and further members.
  static std::string Batch(const std::vector<std::string>& texts, std::string_view more = {}) {
    JsonWriter json;
    json.BeginObject().Member("model", "m").Key("input").BeginArray();
    for (const std::string& text : texts) json.String(text);
    json.EndArray().EndObject();
    std::string body = json.Take();
    if (!more.empty()) body.insert(body.size() - 1, "," + std::string(more));
    return body;
  }
  static std::vector<double> Expected(std::string_view text) {
    std::string json;
    AppendJsonString(text, json);
    const auto vector = VectorFor(json);
    return {vector.begin(), vector.end()};
  }
};

TEST_F(EmbeddingsHandlerTest, ForwardsExactlyTheMissesOfABatchInTheirOrder) {
  Embed(Batch({"b", "d", "e", "g", "h"}));
  const Answer answer = Embed(Batch({"a", "b", "c", "d", "e", "f", "g", "h"}));
  ASSERT_EQ(answer.status, 200);
  ASSERT_EQ(upstream().call_count(), 2U);
  EXPECT_THAT(InputsOf(upstream().calls()[1]), ElementsAre("\"a\"", "\"c\"", "\"f\""));
  EXPECT_THAT(IndexesOf(answer.body), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  const auto vectors = VectorsOf(answer.body);
  const std::string texts = "abcdefgh";
  ASSERT_EQ(vectors.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(vectors[i], Expected(texts.substr(i, 1))) << i;
  EXPECT_EQ(answer.cache_status(),
            "larder; fwd=miss; fwd-status=200; stored; detail=\"items=8,hit=5\"");
  EXPECT_EQ(answer.Field("cf-aig-cache-status"), "MISS");
  EXPECT_EQ(answer.Field("x-larder-billed-tokens"), "3");
  EXPECT_EQ(NumberIn(answer.body, "usage.total_tokens"), 8);
}

TEST_F(EmbeddingsHandlerTest, AnswersAWholeHitWithoutUpstream) {
  Embed(Batch({"a", "b"}));
  clock_.Advance(std::chrono::seconds(90));
  const Answer answer = Embed(Batch({"b", "a"}));
  EXPECT_EQ(upstream().call_count(), 1U);
  EXPECT_EQ(VectorsOf(answer.body), (std::vector{Expected("b"), Expected("a")}));
  EXPECT_EQ(answer.cache_status(), "larder; hit; ttl=2591910; detail=\"items=2,hit=2\"");
  EXPECT_EQ(answer.Field("age"), "90");
  EXPECT_EQ(answer.Field("x-larder-billed-tokens"), "0");
  EXPECT_TRUE(answer.hit());
  EXPECT_EQ(answer.Field("content-type"), "application/json");
  EXPECT_EQ(StringIn(answer.body, "object"), "list");
  EXPECT_EQ(StringIn(answer.body, "model"), "m-0001");
}

TEST_F(EmbeddingsHandlerTest, SendsDuplicatesUpstreamOnce) {
  const Answer answer = Embed(Batch({"a", "b", "a", "a", "b"}));
  EXPECT_THAT(Forwarded(), ElementsAre("\"a\"", "\"b\""));
  EXPECT_EQ(VectorsOf(answer.body), (std::vector{Expected("a"), Expected("b"), Expected("a"),
                                                 Expected("a"), Expected("b")}));
  EXPECT_THAT(IndexesOf(answer.body), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(EmbeddingsHandlerTest, PutsAnAnswerOutOfOrderBackIntoTheRequestsOrder) {
  upstream().Reply({.body = R"({"object":"list","model":"m","data":[
      {"index":2,"embedding":[3,3]},{"index":0,"embedding":[1,1]},{"index":1,"embedding":[2,2]}],
      "usage":{"prompt_tokens":3,"total_tokens":3}})"});
  const Answer answer = Embed(Batch({"a", "b", "c"}));
  EXPECT_EQ(VectorsOf(answer.body), (std::vector<std::vector<double>>{{1, 1}, {2, 2}, {3, 3}}));
  EXPECT_THAT(IndexesOf(answer.body), ElementsAre(0, 1, 2));
  EXPECT_EQ(VectorsOf(Embed(Batch({"b"})).body), (std::vector<std::vector<double>>{{2, 2}}));
}

TEST_F(EmbeddingsHandlerTest, SharesOneEntryBetweenAStringAndAOneElementArray) {
  Embed(R"({"model":"m","input":"a"})");
  EXPECT_TRUE(Embed(Batch({"a"})).hit());
  Embed(R"({"model":"m","input":[1,2]})");
  EXPECT_TRUE(Embed(R"({"model":"m","input":[[1,2]]})").hit());
}

TEST_F(EmbeddingsHandlerTest, KeepsTextsApartThatDifferByOneByte) {
  const std::vector<std::string> texts = {"a",   " a",  "a ",       "A",
                                          "a\n", "a\t", "\xC3\xA9", "e\xCC\x81"};
  for (const std::string& text : texts) EXPECT_FALSE(Embed(Batch({text})).hit()) << text;
  EXPECT_EQ(upstream().call_count(), texts.size());
}

TEST_F(EmbeddingsHandlerTest, KeepsTextAndTokensApart) {
  Embed(R"({"model":"m","input":"[1,2]"})");
  EXPECT_FALSE(Embed(R"({"model":"m","input":[1,2]})").hit());
  EXPECT_FALSE(Embed(R"({"model":"m","input":[12]})").hit());
  EXPECT_FALSE(Embed(R"({"model":"m","input":[1,2,0]})").hit());
}

TEST_F(EmbeddingsHandlerTest, AnswersExactlyInTheFormAskedFor) {
  const std::string as_float = Embed(Batch({"a"})).body;
  const std::string as_base64 = Embed(Batch({"a"}, R"("encoding_format":"base64")")).body;
  EXPECT_EQ(upstream().call_count(), 1U);
  EXPECT_THAT(as_float, HasSubstr("\"embedding\":["));
  EXPECT_THAT(as_base64, HasSubstr("\"embedding\":\""));
  EXPECT_EQ(VectorsOf(as_float), VectorsOf(as_base64));
  EXPECT_EQ(Embed(Batch({"a"}, R"("encoding_format":"float")")).body, as_float);
  // Null is absent.
  EXPECT_EQ(Embed(Batch({"a"}, R"("encoding_format":null)")).body, as_float);
}

struct FieldCase {
  const char* name;
  const char* members;
};
void PrintTo(const FieldCase& c, std::ostream* out) {
  *out << c.name;
}

class EmbeddingsKeyedFieldTest : public EmbeddingsHandlerTest,
                                 public testing::WithParamInterface<FieldCase> {};
TEST_P(EmbeddingsKeyedFieldTest, CountsForTheKey) {
  Embed(Batch({"a"}));
  EXPECT_FALSE(Embed(Batch({"a"}, GetParam().members)).hit());
  EXPECT_TRUE(Embed(Batch({"a"}, GetParam().members)).hit());
  EXPECT_EQ(upstream().call_count(), 2U);
}
INSTANTIATE_TEST_SUITE_P(Fields, EmbeddingsKeyedFieldTest,
                         testing::Values(FieldCase{"Dimensions", R"("dimensions":256)"},
                                         FieldCase{"AnUnknownText", R"("input_type":"query")"},
                                         FieldCase{"AnUnknownObject",
                                                   R"("truncate":{"side":"left"})"},
                                         FieldCase{"AnUnknownFlag", R"("normalize":false)"}),
                         [](const auto& info) { return info.param.name; });

class EmbeddingsUnkeyedFieldTest : public EmbeddingsHandlerTest,
                                   public testing::WithParamInterface<FieldCase> {};
TEST_P(EmbeddingsUnkeyedFieldTest, DoesNotCountForTheKey) {
  Embed(Batch({"a"}));
  EXPECT_TRUE(Embed(Batch({"a"}, GetParam().members)).hit());
}
INSTANTIATE_TEST_SUITE_P(
    Fields, EmbeddingsUnkeyedFieldTest,
    testing::Values(FieldCase{"User", R"("user":"u-1")"},
                    FieldCase{"SafetyIdentifier", R"("safety_identifier":"s")"},
                    FieldCase{"Metadata", R"("metadata":{"a":"b"})"},
                    FieldCase{"EncodingFormat", R"("encoding_format":"base64")"},
                    FieldCase{"DimensionsNull", R"("dimensions":null)"}),
    [](const auto& info) { return info.param.name; });

struct HeaderCase {
  const char* name;
  const char* field;
  const char* value;
  bool keyed;
};
void PrintTo(const HeaderCase& c, std::ostream* out) {
  *out << c.name;
}

class EmbeddingsHeaderTest : public EmbeddingsHandlerTest,
                             public testing::WithParamInterface<HeaderCase> {};
TEST_P(EmbeddingsHeaderTest, CountsForTheKeyOnlyWhereItCanChangeAnAnswer) {
  Embed(Batch({"a"}));
  EXPECT_EQ(Embed(Batch({"a"}), {{GetParam().field, GetParam().value}}).hit(), !GetParam().keyed);
}
INSTANTIATE_TEST_SUITE_P(
    Headers, EmbeddingsHeaderTest,
    testing::Values(HeaderCase{"Organization", "OpenAI-Organization", "org-1", true},
                    HeaderCase{"Project", "OpenAI-Project", "p", true},
                    HeaderCase{"Beta", "OpenAI-Beta", "x=1", true},
                    HeaderCase{"AnthropicVersion", "anthropic-version", "2023-06-01", true},
                    HeaderCase{"AnthropicBeta", "anthropic-beta", "b", true},
                    HeaderCase{"Namespace", "x-larder-namespace", "n", true},
                    HeaderCase{"Credential", "Authorization", "Bearer key-b", true},
                    HeaderCase{"AzureCredential", "api-key", "key-a", true},
                    HeaderCase{"AnthropicCredential", "x-api-key", "key-a", true},
                    HeaderCase{"Stainless", "x-stainless-retry-count", "1", false},
                    HeaderCase{"StainlessLang", "X-Stainless-Lang", "js", false},
                    HeaderCase{"UserAgent", "User-Agent", "OpenAI/JS 5", false},
                    HeaderCase{"RequestId", "x-request-id", "r", false},
                    HeaderCase{"Accept", "accept", "*/*", false},
                    HeaderCase{"Trace", "traceparent", "00-1-2-03", false},
                    HeaderCase{"CookieBesideACredential", "cookie", "a=b", false}),
    [](const auto& info) { return info.param.name; });

TEST_F(EmbeddingsHandlerTest, PassesUpstreamsRefusalUnchangedAndStoresNothing) {
  const std::string refusal =
      "{\n \"error\": {\"message\": \"slow down\", \"type\": \"requests\", \"code\": null}}";
  upstream().Reply({.status = 429,
                    .headers = {{"content-type", "application/json; x=y"},
                                {"retry-after-ms", "1500"},
                                {"x-ratelimit-remaining-requests", "0"},
                                {"x-request-id", "req_up"}},
                    .body = refusal});
  const Answer answer = Embed(Batch({"a"}));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.body, refusal);
  EXPECT_EQ(answer.Field("content-type"), "application/json; x=y");
  EXPECT_EQ(answer.Field("retry-after-ms"), "1500");
  EXPECT_EQ(answer.Field("x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(answer.Field("x-request-id"), "req_up");
  EXPECT_THAT(answer.cache_status(), HasSubstr("fwd=miss; fwd-status=429"));
  EXPECT_THAT(answer.cache_status(), Not(HasSubstr("stored")));
  EXPECT_EQ(memory_.SizeOf(Family::kEmbeddings).entries, 0U);
  EXPECT_FALSE(Embed(Batch({"a"})).hit());
}

TEST_F(EmbeddingsHandlerTest, ShowsUpstreamsRateLimitsOnMissesOnlyAndNeverReplaysCookies) {
  upstream().ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
    return upstream().Make({.headers = {{"content-type", "application/json"},
                                        {"x-ratelimit-limit-requests", "10"},
                                        {"x-request-id", "req_up"},
                                        {"set-cookie", "a=b"},
                                        {"etag", "\"x\""},
                                        {"content-length", "99999"}},
                            .body = EmbeddingsBodyFor(call)});
  });
  const Answer miss = Embed(Batch({"a"}));
  EXPECT_EQ(miss.Field("x-ratelimit-limit-requests"), "10");
  EXPECT_EQ(miss.Field("x-request-id"), "req_up");
  EXPECT_EQ(miss.Field("content-length"), "");
  EXPECT_EQ(miss.Field("etag"), "");
  const Answer hit = Embed(Batch({"a"}));
  ASSERT_TRUE(hit.hit());
  for (const char* name : {"x-ratelimit-limit-requests", "set-cookie", "etag"}) {
    EXPECT_EQ(hit.Field(name), "") << name;
  }
  EXPECT_NE(hit.Field("x-request-id"), "req_up");
}

TEST_F(EmbeddingsHandlerTest, SendsUpstreamTheOtherFieldsAndTheCredentialUnchanged) {
  Embed(Batch({"a"}, R"("user":"u","dimensions":4,"odd":[1,{"x":null}])"),
        {{"Authorization", "Bearer 100%25%0d%0aX: y"}, {"x-larder-namespace", "n"}});
  const FakeCall call = upstream().calls()[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.path_and_query, "/embeddings");
  EXPECT_FALSE(call.from_origin);
  EXPECT_EQ(call.headers.Find("authorization"), "Bearer 100%25%0d%0aX: y");
  EXPECT_EQ(call.headers.Find("content-type"), "application/json");
  EXPECT_FALSE(call.headers.Has("x-larder-namespace"));
  EXPECT_EQ(StringIn(call.body, "user"), "u");
  EXPECT_EQ(NumberIn(call.body, "dimensions"), 4);
  EXPECT_THAT(call.body, HasSubstr(R"("odd":[1,{"x":null}])"));
}

TEST_F(EmbeddingsHandlerTest, TakesTheModelOfAnAzurePathAndKeepsThePath) {
  const std::string target = "/openai/deployments/my%20model/embeddings?api-version=2024-10-21";
  const Answer answer = Post(target, R"({"input":"a"})", {{"api-key", "k"}});
  EXPECT_EQ(answer.status, 200);
  const FakeCall call = upstream().calls()[0];
  EXPECT_EQ(call.path_and_query, target);
  EXPECT_TRUE(call.from_origin);
  EXPECT_TRUE(Post(target, R"({"input":["a"]})", {{"api-key", "k"}}).hit());
  EXPECT_FALSE(Post("/openai/deployments/other/embeddings?api-version=2024-10-21",
                    R"({"input":"a"})", {{"api-key", "k"}})
                   .hit());
}

TEST_F(EmbeddingsHandlerTest, RefusesAMalformedRequestBeforeUpstreamIsAsked) {
  const struct {
    const char* name;
    const char* body;
    const char* param;
  } kCases[] = {
      {"no JSON", "{", ""},
      {"no object", "[]", ""},
      {"no model", R"({"input":"a"})", "model"},
      {"no input", R"({"model":"m"})", "input"},
      {"a doubled member", R"({"model":"m","input":"a","input":"b"})", "input"},
      {"an unknown encoding", R"({"model":"m","input":"a","encoding_format":"int8"})",
       "encoding_format"},
  };
  for (const auto& c : kCases) {
    const Answer answer = Embed(c.body);
    EXPECT_EQ(answer.status, 400) << c.name;
    EXPECT_EQ(StringIn(answer.body, "error.type"), "invalid_request_error") << c.name;
    EXPECT_EQ(StringIn(answer.body, "error.param").value_or(""), c.param) << c.name;
    EXPECT_THAT(answer.cache_status(), HasSubstr("invalid-request")) << c.name;
  }
  EXPECT_EQ(upstream().call_count(), 0U);
}

TEST_F(EmbeddingsHandlerTest, NeverShowsAnInputInAnErrorMessage) {
  upstream().Reply({.body = "<html>secret-input</html>"});
  const Answer invalid = Embed(Batch({"secret-input"}));
  EXPECT_EQ(invalid.status, 502);
  EXPECT_THAT(invalid.body, Not(HasSubstr("secret-input")));
  EXPECT_THAT(Embed(R"({"model":"m","input":["secret-input",7]})").body,
              Not(HasSubstr("secret-input")));
}

}  // namespace
}  // namespace larder

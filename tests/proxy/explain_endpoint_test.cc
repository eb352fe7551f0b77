// POST /admin/v1/explain, through the whole proxy: what it says is what then happens.
#include "proxy/admin/explain_endpoint.h"

#include <gmock/gmock.h>

#include "proxy/json/json_writer.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using testing::HasSubstr;

constexpr const char* kAnswer =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]})";
constexpr const char* kQuestion = R"({"model":"m","messages":[{"role":"user","content":"a"}]})";

class ExplainEndpointTest : public ProxyTest {
 protected:
  ExplainEndpointTest() {
    upstream_.ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
      const bool embeds = call.path_and_query == "/embeddings";
      return upstream_.Make({.body = embeds ? EmbeddingsBodyFor(call) : kAnswer});
    });
    world().UseDiagnosis();
    explain_ = std::make_unique<ExplainEndpoint>(world().explain_parts());
    world().admin().Add("explain", *explain_);
  }

  std::string Explain(const std::string& path, const std::string& body,
                      const std::string& more_headers = "") {
    const std::string headers = R"({"authorization":"Bearer key-a")" + more_headers + "}";
    const Answer answer =
        Post("/admin/v1/explain", R"({"method":"POST","path":")" + path + R"(","headers":)" +
                                      headers + R"(,"body":)" + body + "}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body;
  }
  static std::string TextAt(const std::string& json, std::string_view path) {
    return StringIn(json, path).value_or("(none)");
  }

  std::unique_ptr<ExplainEndpoint> explain_;
};

TEST_F(ExplainEndpointTest, SaysMissThenHitAndAsksNobody) {
  const std::string before = Explain("/v1/chat/completions", kQuestion);
  EXPECT_EQ(TextAt(before, "would"), "miss");
  EXPECT_EQ(TextAt(before, "why"), "cold");
  EXPECT_EQ(upstream().call_count(), 0U);
  Chat(kQuestion);
  const std::string after = Explain("/v1/chat/completions", kQuestion);
  EXPECT_EQ(TextAt(after, "would"), "hit");
  EXPECT_EQ(TextAt(after, "why"), "");
  EXPECT_EQ(TextAt(after, "key"), TextAt(before, "key"));
  EXPECT_EQ(TextAt(after, "entry.key"), TextAt(after, "key"));
  EXPECT_EQ(NumberIn(after, "entry.ttl_s"), 3600);
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(ExplainEndpointTest, TheKeyIsTheOneOfTheRecord) {
  Chat(kQuestion);
  EXPECT_EQ(TextAt(Explain("/v1/chat/completions", kQuestion), "key"),
            ToHex(*world().records().back().cache.key));
  Embed(R"({"model":"m","input":"x"})");
  EXPECT_EQ(TextAt(Explain("/v1/embeddings", R"({"model":"m","input":"x"})"), "key"),
            ToHex(*world().records().back().cache.key));
}

TEST_F(ExplainEndpointTest, NamesTheFieldInWhichACachedRequestDiffers) {
  Chat(kQuestion);
  const std::string stored = ToHex(*world().records().back().cache.key);
  const std::string answer =
      Explain("/v1/chat/completions",
              R"({"model":"m","messages":[{"role":"user","content":"a"}],"temperature":1})");
  EXPECT_EQ(TextAt(answer, "why"), "changed");
  EXPECT_EQ(TextAt(answer, "nearest.changed_field"), "temperature");
  EXPECT_EQ(TextAt(answer, "nearest.key"), stored);
}

TEST_F(ExplainEndpointTest, ShowsTheCanonicalFormAndWhatDoesNotCount) {
  const std::string answer =
      Explain("/v1/chat/completions",
              R"({"user":"u","stream":true,"model":"m","messages":[],"top_p":1.0})");
  EXPECT_EQ(TextAt(answer, "canonical"), R"({"messages":[],"model":"m","top_p":1})");
  EXPECT_THAT(answer, HasSubstr(R"("not_in_key":["user",)"));
  EXPECT_EQ(TextAt(answer, "key_parts.path"), "/chat/completions");
}

TEST_F(ExplainEndpointTest, ExplainsEachInputOfABatch) {
  Embed(R"({"model":"m","input":"known"})");
  const std::string answer = Explain("/v1/embeddings", R"({"model":"m","input":["known","new"]})");
  EXPECT_EQ(TextAt(answer, "would"), "miss");
  EXPECT_THAT(answer, HasSubstr(R"({"index":0,"would":"hit")"));
  EXPECT_THAT(answer, HasSubstr(R"({"index":1,"would":"miss","why":"cold")"));
  EXPECT_EQ(NumberIn(answer, "input_count"), 2);
}

TEST_F(ExplainEndpointTest, SaysWhyARequestIsNeverCached) {
  const std::string searching =
      Explain("/v1/chat/completions", R"({"model":"gpt-4o-search-preview","messages":[]})");
  EXPECT_EQ(TextAt(searching, "would"), "bypass");
  EXPECT_EQ(TextAt(searching, "why"), "uncacheable");
  EXPECT_EQ(TextAt(Explain("/v1/files", "{}"), "would"), "bypass");
  const std::string skipped =
      Explain("/v1/chat/completions", kQuestion, R"(,"cf-aig-skip-cache":"true")");
  EXPECT_EQ(TextAt(skipped, "why"), "bypass");
  const std::string fresh =
      Explain("/v1/chat/completions", kQuestion, R"(,"cache-control":"no-cache")");
  EXPECT_EQ(TextAt(fresh, "would"), "request");
}

TEST_F(ExplainEndpointTest, SaysThatAnEntryIsPastItsLifetime) {
  Chat(kQuestion);
  Embed(R"({"model":"m","input":"x"})");
  clock_.Advance(std::chrono::hours(24 * 31));
  const std::string chat = Explain("/v1/chat/completions", kQuestion);
  EXPECT_EQ(TextAt(chat, "would"), "stale");
  EXPECT_EQ(TextAt(chat, "why"), "expired");
  const std::string embedding = Explain("/v1/embeddings", R"({"model":"m","input":"x"})");
  EXPECT_EQ(TextAt(embedding, "would"), "stale");
  EXPECT_EQ(TextAt(embedding, "why"), "expired");
}

TEST_F(ExplainEndpointTest, AnotherCredentialIsAnotherPartition) {
  Chat(kQuestion);
  const Answer answer = Post("/admin/v1/explain", R"({"path":"/v1/chat/completions","body":)" +
                                                      std::string(kQuestion) + "}");
  EXPECT_EQ(TextAt(answer.body, "would"), "miss");
  EXPECT_EQ(TextAt(answer.body, "nearest.changed_field"), "credential");
}

TEST_F(ExplainEndpointTest, TakesABodyAsTextToo) {
  Chat(kQuestion);
  EXPECT_EQ(TextAt(Explain("/v1/chat/completions", JsonString(kQuestion)), "would"), "hit");
}

TEST_F(ExplainEndpointTest, RefusesWhatIsNoRequest) {
  for (const char* body :
       {"[]", "{}", R"({"path":"v1/embeddings"})", R"({"path":"/v1/embeddings","extra":1})",
        R"({"path":"/v1/embeddings","headers":["a"]})",
        R"({"path":"/v1/embeddings","headers":{"a":1}})",
        R"({"path":"/v1/embeddings","body":{"model":"m"}})",
        R"({"path":"/v1/chat/completions","body":"no json"})"}) {
    EXPECT_EQ(Post("/admin/v1/explain", body).status, 400) << body;
  }
}

TEST_F(ExplainEndpointTest, NeverShowsTheCredential) {
  EXPECT_THAT(Explain("/v1/chat/completions", kQuestion), testing::Not(HasSubstr("key-a")));
}

}  // namespace
}  // namespace larder

// Several upstreams as a client sees them: chosen by model and path, renamed models, one that
// stands in for another, each with entries of its own.
#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

std::string Ask(const std::string& model) {
  return R"({"temperature":0.50,"model":")" + model + R"(","messages":[]})";
}
constexpr const char* kSaid = R"({"choices":[{"message":{"content":"hello"}}]})";
constexpr const char* kOther = R"({"choices":[{"message":{"content":"from the other"}}]})";

class UpstreamChoiceTest : public ProxyTest {
 protected:
  UpstreamChoiceTest() {
    upstream().ReplyAlways({.body = kSaid});
    other_.ReplyAlways({.body = kOther});
  }
  // The other one for "other-*"; the default one falls back to it.
  static ProxyWorldOptions Both(FakeUpstream& other) {
    ProxyWorldOptions options;
    UpstreamOptions first;
    first.name = "other";
    first.models = {"other-*", "fast"};
    first.aliases = {{"fast", "other-mini"}, {"big", "other-big"}};
    options.upstreams = {{first, &other}};
    options.default_upstream.fallbacks = {"other"};
    return options;
  }
  void UseBoth() { Restart(Both(other_)); }

  FakeUpstream other_{"http://other.test/v1", "other"};
};

TEST_F(UpstreamChoiceTest, TheFirstWhosePatternMatchesIsAskedAndToldOf) {
  UseBoth();
  const Answer answer = Chat(Ask("other-1"));
  EXPECT_EQ(answer.body, kOther);
  EXPECT_EQ(answer.cache_status(),
            R"(larder; fwd=miss; fwd-status=200; stored; detail="upstream=other")");
  EXPECT_EQ(Chat(Ask("m")).body, kSaid);
  EXPECT_EQ(Chat(Ask("other-1")).cache_status(),
            R"(larder; hit; ttl=3600; detail="upstream=other")");
  EXPECT_EQ(upstream().call_count(), 1U);
  EXPECT_EQ(other_.call_count(), 1U);
  EXPECT_EQ(world().records().at(0).upstream, "other");
}

TEST_F(UpstreamChoiceTest, ARenamedModelGoesUpstreamUnderItsNameThereAndTheRestUntouched) {
  UseBoth();
  Chat(Ask("fast"));
  EXPECT_EQ(other_.calls()[0].body, Ask("other-mini"));
}

TEST_F(UpstreamChoiceTest, AnAliasSharesTheEntryOfTheModelThatItNames) {
  UseBoth();
  Chat(Ask("fast"));
  EXPECT_TRUE(Chat(Ask("other-mini")).hit());
}

TEST_F(UpstreamChoiceTest, ARenamedModelIsRenamedWhereNothingIsCached) {
  UseBoth();
  const std::string ask = R"({"model":"fast","messages":[],"web_search_options":{}})";
  Chat(ask);
  EXPECT_EQ(other_.calls()[0].body,
            R"({"model":"other-mini","messages":[],"web_search_options":{}})");
}

TEST_F(UpstreamChoiceTest, AnAzurePathChoosesWhateverModelItsBodyNames) {
  UseBoth();
  const Answer answer = Post("/openai/deployments/m/chat/completions", Ask("other-1"));
  EXPECT_EQ(answer.body, kSaid);
  EXPECT_EQ(other_.call_count(), 0U);
  EXPECT_EQ(world().records().at(0).model, "m");
}

struct FailureCase {
  const char* name;
  int status;  // 0: no answer at all
  bool stands_in;
};
class FallbackTest : public UpstreamChoiceTest, public testing::WithParamInterface<FailureCase> {};

TEST_P(FallbackTest, StandsInForFailuresOfUpstreamNotOfTheRequest) {
  UseBoth();
  const auto fail = [&] {
    if (GetParam().status == 0) {
      upstream().Fail(ErrorCode::kUnavailable);
    } else {
      upstream().Reply({.status = GetParam().status, .body = R"({"error":{}})"});
    }
  };
  fail();
  const Answer answer = Chat(Ask("big"));
  EXPECT_EQ(answer.status, GetParam().stands_in ? 200 : GetParam().status);
  EXPECT_EQ(other_.call_count(), GetParam().stands_in ? 1U : 0U);
  if (!GetParam().stands_in) return;
  EXPECT_EQ(answer.body, kOther);
  EXPECT_EQ(other_.calls()[0].body, Ask("other-big"));
  fail();
  const Answer again = Chat(Ask("big"));
  EXPECT_EQ(again.body, kOther);
  EXPECT_TRUE(again.hit()) << "what the stand-in answered is kept under its own name";
  EXPECT_EQ(Chat(Ask("big")).body, kSaid) << "it never answers for the first once that is well";
}

INSTANTIATE_TEST_SUITE_P(
    Every, FallbackTest,
    testing::Values(FailureCase{"NoAnswer", 0, true}, FailureCase{"Status500", 500, true},
                    FailureCase{"Status503", 503, true}, FailureCase{"Status529", 529, true},
                    FailureCase{"Status429", 429, true}, FailureCase{"Status400", 400, false},
                    FailureCase{"Status401", 401, false}, FailureCase{"Status404", 404, false}),
    [](const auto& row) { return row.param.name; });

TEST_F(UpstreamChoiceTest, WhenAllFailTheLastFailureIsTold) {
  UseBoth();
  upstream().Reply({.status = 500, .body = R"({"error":{"message":"first"}})"});
  other_.Reply({.status = 503, .body = R"({"error":{"message":"second"}})"});
  const Answer answer = Chat(Ask("big"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("second"));
}

TEST_F(UpstreamChoiceTest, AFreshAnswerOfAStandInGoesBeforeAStaleOneOfTheFirst) {
  UseBoth();
  Chat(Ask("big"));
  clock_.Advance(seconds(7200));
  upstream().Reply({.status = 503});
  EXPECT_EQ(Chat(Ask("big")).body, kOther);
}

TEST_F(UpstreamChoiceTest, AStaleEntryOfTheFirstAnswersWhenAllFail) {
  UseBoth();
  Chat(Ask("big"));
  clock_.Advance(seconds(7200));
  upstream().Fail(ErrorCode::kUnavailable);
  other_.Fail(ErrorCode::kUnavailable);
  const Answer answer = Chat(Ask("big"));
  EXPECT_EQ(answer.body, kSaid);
  EXPECT_THAT(answer.cache_status(), HasSubstr("stale-if-error"));
}

TEST_F(UpstreamChoiceTest, AnAnswerThatBreaksOffIsAskedForElsewhere) {
  UseBoth();
  upstream().Reply(
      {.body = R"({"choices":[{"mess)", .cut = UpstreamError(ErrorCode::kUnavailable, "cut")});
  EXPECT_EQ(Chat(Ask("big")).body, kOther);
}

TEST_F(UpstreamChoiceTest, PassThroughStaysWithTheFirstOfItsPath) {
  ProxyWorldOptions options = Both(other_);
  options.upstreams[0].first.models.clear();
  options.upstreams[0].first.paths = {"/files*"};
  Restart(options);
  EXPECT_EQ(Get("/v1/files").body, kOther);
  EXPECT_EQ(Get("/v1/batches").body, kSaid);
  upstream().Reply({.status = 503, .body = "down"});
  EXPECT_EQ(Get("/v1/batches").status, 503) << "jobs of one are unknown to the other";
}

// --- Embeddings ---

class EmbeddingsChoiceTest : public UpstreamChoiceTest {
 protected:
  EmbeddingsChoiceTest() {
    UseEmbeddings();
    other_.ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
      return other_.Make({.body = EmbeddingsBodyFor(call, 3)});
    });
    UseBoth();
  }
  static std::string Texts(const char* model, const char* inputs) {
    return std::string(R"({"model":")") + model + R"(","input":)" + inputs + "}";
  }
};

TEST_F(EmbeddingsChoiceTest, ARenamedModelGoesUpstreamUnderItsNameThere) {
  EXPECT_EQ(Embed(Texts("fast", R"(["a"])")).status, 200);
  EXPECT_EQ(StringIn(other_.calls()[0].body, "model"), "other-mini");
  EXPECT_TRUE(Embed(Texts("other-mini", R"(["a"])")).hit());
}

TEST_F(EmbeddingsChoiceTest, AStandInEmbedsTheWholeBatchNotWhatTheFirstLacked) {
  Embed(Texts("m", R"(["a","b"])"));
  upstream().Fail(ErrorCode::kUnavailable);
  const Answer answer = Embed(Texts("m", R"(["a","c"])"));
  EXPECT_EQ(answer.status, 200);
  for (const auto& vector : VectorsOf(answer.body)) EXPECT_EQ(vector.size(), 3U);
  EXPECT_EQ(InputsOf(other_.calls()[0]).size(), 2U);
  EXPECT_EQ(answer.cache_status(),
            R"(larder; fwd=miss; fwd-status=200; stored; detail="items=2,hit=0,upstream=other")");
  EXPECT_TRUE(Embed(Texts("m", R"(["a","b"])")).hit());
}

TEST_F(EmbeddingsChoiceTest, AModelWhoseDimensionChangedIsAskedForTheWholeBatch) {
  Embed(Texts("m", R"(["a"])"));
  upstream().ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
    return upstream().Make({.body = EmbeddingsBodyFor(call, 8)});
  });
  const Answer answer = Embed(Texts("m", R"(["a","b"])"));
  EXPECT_EQ(answer.status, 200);
  for (const auto& vector : VectorsOf(answer.body)) EXPECT_EQ(vector.size(), 8U);
  EXPECT_THAT(answer.cache_status(), HasSubstr("fwd=stale"));
  EXPECT_TRUE(Embed(Texts("m", R"(["a","b"])")).hit());
}

// --- Deleting a stored response ---

class DeleteResponseTest : public ProxyTest {
 protected:
  static constexpr const char* kCreate = R"({"model":"m","input":"hi"})";
  static constexpr const char* kCreated =
      R"({"id":"resp_1","status":"completed","output":[{"type":"message","content":[{"text":"a"}]}]})";
  Answer Create() { return Post("/v1/responses", kCreate); }
  Answer Delete(const char* id, Headers headers = {}) {
    upstream().Reply({.body = R"({"deleted":true})"});
    return world().Ask(
        MakeRequest("DELETE", std::string("/v1/responses/") + id, {}, std::move(headers)));
  }
};

TEST_F(DeleteResponseTest, DropsTheEntryThatCarriesTheId) {
  upstream().ReplyAlways({.body = kCreated});
  Create();
  EXPECT_TRUE(Create().hit());
  EXPECT_EQ(Delete("resp_2").body, R"({"deleted":true})");
  EXPECT_TRUE(Create().hit());
  EXPECT_EQ(Delete("resp_1", {{"authorization", "Bearer somebody-else"}}).status, 200);
  EXPECT_TRUE(Create().hit());
  EXPECT_EQ(Delete("resp_1").status, 200);
  EXPECT_FALSE(Create().hit());
}

TEST_F(DeleteResponseTest, DropsAStreamedOneToo) {
  constexpr const char* kAskStream = R"({"model":"m","input":"hi","stream":true})";
  upstream().ReplyAlways(
      {.headers = {{"content-type", "text/event-stream"}},
       .body = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n"
               "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":" +
               std::string(kCreated) + "}\n\n"});
  Post("/v1/responses", kAskStream);
  EXPECT_TRUE(Post("/v1/responses", kAskStream).hit());
  Delete("resp_1");
  EXPECT_FALSE(Post("/v1/responses", kAskStream).hit());
}

TEST_F(DeleteResponseTest, ReadingOrCancellingOneDropsNothing) {
  upstream().ReplyAlways({.body = kCreated});
  Create();
  Get("/v1/responses/resp_1");
  Post("/v1/responses/resp_1/cancel", "");
  EXPECT_TRUE(Create().hit());
}

}  // namespace
}  // namespace larder

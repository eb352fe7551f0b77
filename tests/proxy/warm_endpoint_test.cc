// POST /admin/v1/warm, through the whole proxy.
#include <gmock/gmock.h>

#include <thread>

#include "tests/proxy/entries_fixture.h"

namespace larder {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class WarmEndpointTest : public CacheAdminTest {
 protected:
  static Headers ForKeyA() {
    return {{"authorization", "Bearer admin"}, {"x-larder-authorization", "Bearer key-a"}};
  }
  std::vector<std::string> Warm(std::string body, Headers headers = ForKeyA()) {
    const Answer answer = Admin("POST", "warm", std::move(body), std::move(headers));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.Field("content-type"), "application/x-ndjson");
    return LinesOf(answer.body);
  }
  static std::string Texts(std::size_t count) {
    std::string body = R"({"model":"m","inputs":[)";
    for (std::size_t i = 0; i < count; ++i) {
      body += (i > 0 ? ",\"text " : "\"text ") + std::to_string(i) + "\"";
    }
    return body + "]}";
  }
};

TEST_F(WarmEndpointTest, WhatIsWarmIsAHitForItsClient) {
  const auto lines = Warm(R"({"model":"m","inputs":["one","two"]})");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(NumberIn(lines[0], "done"), 2);
  EXPECT_EQ(NumberIn(lines[0], "total"), 2);
  EXPECT_EQ(NumberIn(lines[0], "embedded"), 2);
  EXPECT_EQ(NumberIn(lines[0], "from_cache"), 0);
  EXPECT_EQ(NumberIn(lines[0], "tokens_billed"), 2);
  EXPECT_THAT(lines[0], HasSubstr("\"finished\":true"));
  EXPECT_TRUE(EmbedHits("one"));
  EXPECT_FALSE(EmbedHits("one", {{"authorization", "Bearer key-b"}}));
  const auto again = Warm(R"({"model":"m","inputs":["one","three"]})");
  EXPECT_EQ(NumberIn(again[0], "embedded"), 1);
  EXPECT_EQ(NumberIn(again[0], "from_cache"), 1);
  Warm(R"({"model":"m","inputs":["four"],"dimensions":4})");
  EXPECT_TRUE(Embed(R"({"model":"m","input":"four","dimensions":4})").hit());
}

TEST_F(WarmEndpointTest, TellsItsProgressBatchByBatch) {
  const auto lines = Warm(Texts(600));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(NumberIn(lines[0], "done"), 256);
  EXPECT_EQ(NumberIn(lines[1], "done"), 512);
  EXPECT_EQ(NumberIn(lines[2], "done"), 600);
  EXPECT_THAT(lines[1], Not(HasSubstr("finished")));
  EXPECT_THAT(lines[2], HasSubstr("finished"));
  EXPECT_THAT(Forwarded(), SizeIs(600));
}

TEST_F(WarmEndpointTest, UpstreamGetsTheClientsCredentialAndNothingOfTheAdmins) {
  Headers headers = ForKeyA();
  headers.Add("cookie", "larder_admin=secret");
  headers.Add("openai-organization", "o");
  headers.Add("x-larder-namespace", "n");
  headers.Add("x-other", "other");
  Warm(R"({"model":"m","inputs":["one"]})", headers);
  const Headers sent = upstream().calls().at(0).headers;
  EXPECT_EQ(sent.Find("authorization"), "Bearer key-a");
  EXPECT_EQ(sent.Find("openai-organization"), "o");
  for (const char* name : {"cookie", "x-larder-authorization", "x-larder-namespace", "x-other"}) {
    EXPECT_FALSE(sent.Has(name)) << name;
  }
  EXPECT_TRUE(EmbedHits("one", {{"openai-organization", "o"}, {"x-larder-namespace", "n"}}));
  Warm(R"({"model":"m","inputs":["two"]})", {{"authorization", "Bearer admin"}});
  EXPECT_FALSE(upstream().calls().back().headers.Has("authorization"));
}

TEST_F(WarmEndpointTest, UpstreamsRefusalEndsIt) {
  upstream().ReplyAlways({.status = 401, .body = R"({"error":{"message":"who?","code":"key"}})"});
  const auto refused = Warm(Texts(300));
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(StringIn(refused[0], "error.message"), "who?");
  EXPECT_EQ(NumberIn(refused[0], "status"), 401);
  EXPECT_EQ(NumberIn(refused[0], "done"), 0);
  upstream().ReplyAlways({.status = 500, .body = "no JSON"});
  EXPECT_EQ(NumberIn(Warm(Texts(1))[0], "status"), 500);
}

TEST_F(WarmEndpointTest, AnUpstreamThatCannotBeReachedEndsIt) {
  upstream().Fail(ErrorCode::kUnavailable);
  const auto lines = Warm(Texts(1));
  EXPECT_THAT(lines.back(), HasSubstr("\"error\":{\"message\":"));
  EXPECT_THAT(lines.back(), HasSubstr("\"done\":0"));
}

TEST_F(WarmEndpointTest, EachBatchIsRecordedAsOfTheRouteWarm) {
  Warm(Texts(300));
  std::vector<RequestRecord> batches;
  for (const RequestRecord& record : world().records()) {
    if (record.route == "warm") batches.push_back(record);
  }
  ASSERT_THAT(batches, SizeIs(2));
  EXPECT_EQ(batches[0].cache.layer, CacheLayer::kEmbeddings);
  EXPECT_EQ(batches[0].cache.items, 256);
  EXPECT_EQ(batches[1].cache.billed_tokens, 44);
  EXPECT_EQ(batches[0].model, "m");
  EXPECT_EQ(batches[0].status, 200);
  EXPECT_THAT(batches[0].partition, SizeIs(8));
  EXPECT_EQ(batches[0].upstream, upstream().name());
}

TEST_F(WarmEndpointTest, NothingGoesUpstreamInReplay) {
  ProxyWorldOptions options;
  options.mode = CacheMode::kReplay;
  Restart(options);
  EXPECT_THAT(Warm(Texts(1)).back(), HasSubstr("not_cached"));
  EXPECT_THAT(Forwarded(), SizeIs(0));
}

TEST_F(WarmEndpointTest, StopsWhenTheClientLeaves) {
  upstream().Hold();
  Response response = world().Begin(MakeRequest("POST", "/admin/v1/warm", Texts(2000), ForKeyA()));
  ASSERT_TRUE(upstream().WaitForCalls(1));
  response = {};
  upstream().Release();
  world().cache_admin().Stop();
  EXPECT_EQ(upstream().calls().size(), 1U);
}

TEST_F(WarmEndpointTest, RefusesWhatItDoesNotKnowBeforeItDoesAnything) {
  const std::pair<std::string, const char*> rows[] = {
      {R"({"inputs":["a"]})", "model"},
      {R"({"model":"","inputs":["a"]})", "model"},
      {R"({"model":"m"})", "inputs"},
      {R"({"model":"m","inputs":[]})", "inputs"},
      {R"({"model":"m","inputs":"a"})", "inputs"},
      {R"({"model":"m","inputs":["a",1]})", "inputs"},
      {R"({"model":"m","inputs":["a",""]})", "inputs[1]"},
      {R"({"model":"m","inputs":["a"],"dimensions":0})", "dimensions"},
      {R"({"model":"m","input":["a"]})", "input"},
      {Texts(100'001), "inputs"},
  };
  for (const auto& [body, param] : rows) {
    const Answer answer = Admin("POST", "warm", body);
    EXPECT_EQ(answer.status, 400) << param;
    EXPECT_EQ(StringIn(answer.body, "error.param"), param);
  }
  EXPECT_EQ(Admin("POST", "warm?x=1", Texts(1)).status, 400);
  EXPECT_THAT(Forwarded(), SizeIs(0));
}

}  // namespace
}  // namespace larder

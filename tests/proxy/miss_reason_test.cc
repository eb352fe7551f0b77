// Why a request missed, as its record tells it: through the whole proxy.
#include "proxy/miss_reason.h"

#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

constexpr const char* kAnswer =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]})";

class MissReasonTest : public ProxyTest {
 protected:
  MissReasonTest() {
    upstream_.ComputeAlways([this](const FakeCall& call) -> Result<UpstreamReply> {
      const bool embeds = call.path_and_query == "/embeddings";
      return upstream_.Make({.body = embeds ? EmbeddingsBodyFor(call) : kAnswer});
    });
    world().UseDiagnosis();
  }
  // Of the last request.
  std::string why() const { return std::string(MissReasonName(last().cache.why)); }
  std::string changed() const { return last().cache.changed_field; }
  RequestRecord last() const { return world_->records().back(); }
};

TEST_F(MissReasonTest, AFirstRequestIsColdAndAHitHasNoReason) {
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"a"}]})";
  Chat(body);
  EXPECT_EQ(why(), "cold");
  EXPECT_TRUE(Chat(body).hit());
  EXPECT_EQ(why(), "");
}

TEST_F(MissReasonTest, OneFieldThatDiffersIsNamed) {
  Chat(R"({"model":"m","messages":[{"role":"user","content":"a"}],"temperature":0})");
  Chat(R"({"model":"m","messages":[{"role":"user","content":"a"}],"temperature":0.7})");
  EXPECT_EQ(why(), "changed");
  EXPECT_EQ(changed(), "temperature");
  Chat(R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(changed(), "temperature");
}

TEST_F(MissReasonTest, AnotherQuestionIsCold) {
  Chat(R"({"model":"m","messages":[{"role":"user","content":"what is larder"}]})");
  Chat(R"({"model":"m","messages":[{"role":"user","content":"who made it"}]})");
  EXPECT_EQ(why(), "cold");
}

TEST_F(MissReasonTest, ALongQuestionWithATimeOfDayInItIsNamed) {
  const auto ask = [&](const std::string& time) {
    Chat(R"({"model":"m","messages":[{"role":"user","content":"It is )" + time + ". " +
         std::string(200, 'x') + R"("}]})");
  };
  ask("10:41");
  ask("10:42");
  EXPECT_EQ(why(), "changed");
  EXPECT_EQ(changed(), "messages");
}

TEST_F(MissReasonTest, ShortQuestionsWithAnotherNumberAreOtherQuestions) {
  Chat(R"({"model":"m","messages":[{"role":"user","content":"what is item 1"}]})");
  Chat(R"({"model":"m","messages":[{"role":"user","content":"what is item 2"}]})");
  EXPECT_EQ(why(), "cold");
}

TEST_F(MissReasonTest, AnotherCredentialOrNamespaceIsNamed) {
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"a"}]})";
  Chat(body);
  Chat(body, {{"authorization", "Bearer key-b"}});
  EXPECT_EQ(changed(), "credential");
  Chat(body, {{"x-larder-namespace", "tests"}});
  EXPECT_EQ(changed(), "namespace");
}

TEST_F(MissReasonTest, WhatIsPastItsLifetimeHasExpired) {
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"a"}]})";
  Chat(body);
  clock_.Advance(std::chrono::hours(2));
  Chat(body);
  EXPECT_EQ(why(), "expired");
}

TEST_F(MissReasonTest, WhatTheCallerOrTheKindOfRequestForbidsIsToldApart) {
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"a"}]})";
  Chat(body, {{"cache-control", "no-cache"}});
  EXPECT_EQ(why(), "bypass");
  Chat(body, {{"cf-aig-skip-cache", "true"}});
  EXPECT_EQ(why(), "bypass");
  Chat(R"({"model":"gpt-4o-search-preview","messages":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(why(), "uncacheable");
  Get("/v1/files");
  EXPECT_EQ(why(), "uncacheable");
  Get("/livez");
  EXPECT_EQ(why(), "");
}

TEST_F(MissReasonTest, ABatchTellsWhatIsTrueOfMostOfItsMissingInputs) {
  Embed(R"({"model":"m","input":["one text","another"]})");
  EXPECT_EQ(why(), "cold");
  Embed(R"({"model":"m","input":["one text","another","a third"],"dimensions":4})");
  EXPECT_EQ(why(), "changed");
  EXPECT_EQ(changed(), "dimensions");
  Embed(R"({"model":"m","input":"One  text"})");
  EXPECT_EQ(why(), "changed");
  EXPECT_EQ(changed(), "input");
  clock_.Advance(std::chrono::hours(24 * 31));
  Embed(R"({"model":"m","input":"one text"})");
  EXPECT_EQ(why(), "expired");
}

TEST_F(MissReasonTest, ARecordNamesItsEntrysKey) {
  Embed(R"({"model":"m","input":"a"})");
  const auto miss = last().cache.key;
  Embed(R"({"model":"m","input":"a"})");
  EXPECT_TRUE(miss.has_value());
  EXPECT_EQ(last().cache.key, miss);
  Embed(R"({"model":"m","input":["a","b"]})");
  EXPECT_FALSE(last().cache.key.has_value());
}

}  // namespace
}  // namespace larder

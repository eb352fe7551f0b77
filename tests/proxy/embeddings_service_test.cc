// The embeddings cache under what a request says, under failures, and over time.
#include <gmock/gmock.h>

#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kA = R"({"model":"m","input":"a"})";
constexpr const char* kAB = R"({"model":"m","input":["a","b"]})";
constexpr const char* kABCDE = R"({"model":"m","input":["a","b","c","d","e"]})";

class EmbeddingsServiceTest : public ProxyTest {
 protected:
  EmbeddingsServiceTest() { UseEmbeddings(); }
  std::uint64_t stored() const { return memory_.SizeOf(Family::kEmbeddings).entries; }
};

// --- What a request says ---

TEST_F(EmbeddingsServiceTest, OnlyIfCachedAnswersAHit) {
  Embed(kA);
  EXPECT_TRUE(Embed(kA, {{"cache-control", "only-if-cached"}}).hit());
}

TEST_F(EmbeddingsServiceTest, OnlyIfCachedIs504WithoutAnUpstreamCallWhenOneInputIsMissing) {
  Embed(kA);
  const Answer answer = Embed(kAB, {{"cache-control", "only-if-cached"}});
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(StringIn(answer.body, "error.code"), "not_cached");
  EXPECT_EQ(upstream().call_count(), 1U);
}

TEST_F(EmbeddingsServiceTest, NoCacheAsksUpstreamForEveryInputAndStoresTheAnswer) {
  Embed(kA);
  const Answer answer = Embed(kAB, {{"cache-control", "no-cache"}});
  EXPECT_THAT(InputsOf(upstream().calls()[1]), ElementsAre("\"a\"", "\"b\""));
  EXPECT_EQ(answer.cache_status(),
            "larder; fwd=request; fwd-status=200; stored; detail=\"items=2,hit=0\"");
  EXPECT_TRUE(Embed(kAB).hit());
}

TEST_F(EmbeddingsServiceTest, NoStoreNeitherAnswersFromTheCacheNorStores) {
  Embed(kA);
  const Answer answer = Embed(kAB, {{"cache-control", "no-store"}});
  EXPECT_EQ(answer.cache_status(), "larder; fwd=request; fwd-status=200; detail=\"items=2,hit=0\"");
  EXPECT_EQ(stored(), 1U);
}

TEST_F(EmbeddingsServiceTest, SkipCacheNeitherAnswersFromTheCacheNorStores) {
  Embed(kA);
  const Answer answer = Embed(kAB, {{"cf-aig-skip-cache", "true"}});
  EXPECT_EQ(answer.cache_status(), "larder; fwd=bypass; fwd-status=200; detail=\"items=2,hit=0\"");
  EXPECT_EQ(stored(), 1U);
}

TEST_F(EmbeddingsServiceTest, MaxAgeLetsOnlyYoungerEntriesAnswer) {
  Embed(kA);
  clock_.Advance(seconds(10));
  EXPECT_TRUE(Embed(kA, {{"cache-control", "max-age=11"}}).hit());
  EXPECT_FALSE(Embed(kA, {{"cache-control", "max-age=10"}}).hit());
  EXPECT_EQ(Embed(kA).Field("age"), "0");  // the fresh answer was stored
}

TEST_F(EmbeddingsServiceTest, CacheTtlShortensTheLifeOfWhatIsStored) {
  Embed(kA, {{"cf-aig-cache-ttl", "60"}});
  clock_.Advance(seconds(59));
  EXPECT_TRUE(Embed(kA).hit());
  clock_.Advance(seconds(1));
  EXPECT_FALSE(Embed(kA).hit());
}

TEST_F(EmbeddingsServiceTest, CacheTtlNeverLengthensALife) {
  ProxyWorldOptions options;
  options.embedding_cache.lifetime = seconds(100);
  Restart(options);
  Embed(kA, {{"cf-aig-cache-ttl", "2592000"}});
  clock_.Advance(seconds(100));
  EXPECT_FALSE(Embed(kA).hit());
}

TEST_F(EmbeddingsServiceTest, RefusesACacheTtlOutOfRange) {
  for (const char* ttl : {"59", "2592001", "-1", "x", ""}) {
    const Answer answer = Embed(kA, {{"cf-aig-cache-ttl", ttl}});
    EXPECT_EQ(answer.status, 400) << ttl;
    EXPECT_EQ(StringIn(answer.body, "error.param"), "cf-aig-cache-ttl") << ttl;
  }
}

TEST_F(EmbeddingsServiceTest, AnEntryAnswersFor30DaysAndNotLonger) {
  Embed(kA);
  clock_.Advance(hours(24 * 30) - seconds(1));
  const Answer last = Embed(kA);
  EXPECT_TRUE(last.hit());
  EXPECT_EQ(last.cache_status(), "larder; hit; ttl=1; detail=\"items=1,hit=1\"");
  clock_.Advance(seconds(1));
  EXPECT_FALSE(Embed(kA).hit());
}

TEST_F(EmbeddingsServiceTest, TellsTheAgeOfTheOldestAndTheLifeOfTheFirstToGo) {
  Embed(kA);
  clock_.Advance(seconds(100));
  Embed(R"({"model":"m","input":"b"})", {{"cf-aig-cache-ttl", "60"}});
  clock_.Advance(seconds(10));
  const Answer answer = Embed(kAB);
  EXPECT_EQ(answer.Field("age"), "110");
  EXPECT_THAT(answer.cache_status(), HasSubstr("ttl=50"));
}

TEST_F(EmbeddingsServiceTest, AnEntrySurvivesARestart) {
  Embed(kA);
  Restart();
  EXPECT_TRUE(Embed(kA).hit());
}

TEST_F(EmbeddingsServiceTest, AnEntryOfOneUpstreamNeverAnswersForAnother) {
  Embed(kA);
  FakeUpstream other("http://other.test/v1");
  other.ComputeAlways([&](const FakeCall& call) -> Result<UpstreamReply> {
    return other.Make({.body = EmbeddingsBodyFor(call)});
  });
  ProxyWorld world(memory_, clock_, other);
  EXPECT_FALSE(world.Ask(MakeRequest("POST", "/v1/embeddings", kA)).hit());
}

TEST_F(EmbeddingsServiceTest, ShareAllAnswersOneCallerFromAnothersEntry) {
  ProxyWorldOptions options;
  options.embeddings.share_all = true;
  Restart(options);
  Embed(kA);
  EXPECT_TRUE(Embed(kA, {{"Authorization", "Bearer key-b"}}).hit());
  EXPECT_FALSE(Embed(kA, {{"x-larder-namespace", "n"}}).hit());
}

// --- Usage ---

TEST_F(EmbeddingsServiceTest, SplitsABatchsUsageSoThatTheHitsAddUpToIt) {
  upstream().Reply({.body = R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]},
      {"index":2,"embedding":[3]}],"model":"m","usage":{"prompt_tokens":11,"total_tokens":11}})"});
  Embed(R"({"model":"m","input":["aaaa","bb","c"]})");
  double sum = 0;
  for (const char* text : {"aaaa", "bb", "c"}) {
    const Answer hit = Embed(std::string(R"({"model":"m","input":")") + text + "\"}");
    ASSERT_TRUE(hit.hit());
    sum += NumberIn(hit.body, "usage.total_tokens").value_or(0);
  }
  EXPECT_EQ(sum, 11);
  EXPECT_EQ(
      NumberIn(Embed(R"({"model":"m","input":["c","aaaa","bb"]})").body, "usage.prompt_tokens"),
      11);
}

TEST_F(EmbeddingsServiceTest, LeavesUsageOutWhenUpstreamNeverReportedAny) {
  upstream().ReplyAlways({.body = R"({"data":[{"embedding":[1]}],"model":"m"})"});
  EXPECT_THAT(Embed(kA).body, Not(HasSubstr("usage")));
  const Answer hit = Embed(kA);
  EXPECT_THAT(hit.body, Not(HasSubstr("usage")));
  EXPECT_EQ(hit.Field("x-larder-billed-tokens"), "0");
}

TEST_F(EmbeddingsServiceTest, CountsAbsurdUsageAsNotReported) {
  upstream().ReplyAlways({.body = R"({"data":[{"embedding":[1]}],"model":"m",
      "usage":{"prompt_tokens":9223372036854775807,"total_tokens":9223372036854775807}})"});
  const Answer answer = Embed(R"({"model":"m","input":["a","a","a"]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, Not(HasSubstr("usage")));
  EXPECT_TRUE(Embed(kA).hit());
}

// --- Failures ---

TEST_F(EmbeddingsServiceTest, AnInvalidAnswerIs502AndNothingIsStored) {
  const struct {
    const char* name;
    const char* body;
  } kCases[] = {
      {"too few", R"({"data":[{"embedding":[1]}]})"},
      {"too many", R"({"data":[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]})"},
      {"a doubled index", R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]})"},
      {"differing dimensions", R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})"},
      {"an error object",
       R"({"error":{"message":"x"},"data":[{"embedding":[1]},{"embedding":[2]}]})"},
      {"HTML", "<html></html>"},
      {"nothing", ""},
      {"a cut object", R"({"data":[{"embedding":[1]},{"embedding":[2]}])"},
      {"infinity", R"({"data":[{"embedding":[1e400]},{"embedding":[1]}]})"},
  };
  for (const auto& c : kCases) {
    upstream().Reply({.body = c.body});
    const Answer answer = Embed(kAB);
    EXPECT_EQ(answer.status, 502) << c.name;
    EXPECT_EQ(StringIn(answer.body, "error.code"), "upstream_invalid_reply") << c.name;
    EXPECT_THAT(answer.cache_status(), HasSubstr("fwd=miss; fwd-status=200")) << c.name;
    EXPECT_EQ(stored(), 0U) << c.name;
  }
}

TEST_F(EmbeddingsServiceTest, AFailureOfUpstreamIsToldByItsStatus) {
  const struct {
    ErrorCode code;
    int status;
  } kCases[] = {{ErrorCode::kUnavailable, 502},
                {ErrorCode::kDeadlineExceeded, 504},
                {ErrorCode::kInvalidReply, 502},
                {ErrorCode::kOverloaded, 503}};
  for (const auto& c : kCases) {
    upstream().Fail(c.code);
    EXPECT_EQ(Embed(kA).status, c.status) << ErrorCodeName(c.code);
  }
  EXPECT_EQ(stored(), 0U);
}

TEST_F(EmbeddingsServiceTest, ABodyThatBreaksOffIs502AndNothingIsStored) {
  upstream().Reply({.body = R"({"data":[{"embedding":[1]}],"model":"m")",
                    .cut = UpstreamError(ErrorCode::kUnavailable, "cut")});
  EXPECT_EQ(Embed(kA).status, 502);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(EmbeddingsServiceTest, AnAnswerBeyondTheLimitIsUpstreamsFaultNotTheCallers) {
  ProxyWorldOptions options;
  options.embeddings.max_reply_bytes = 100;
  Restart(options);
  upstream().Reply({.body = std::string(70'000, ' ')});
  const Answer answer = Embed(kA);
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(StringIn(answer.body, "error.code"), "upstream_invalid_reply");
}

TEST_F(EmbeddingsServiceTest, CachedAndNewVectorsOfDifferentLengthAreNeverMixed) {
  Embed(kA);
  // The model behind the name has changed: what was cached of it is fetched anew.
  upstream().Reply({.body = R"({"data":[{"embedding":[1,2]}],"model":"m"})"});
  upstream().Reply(
      {.body =
           R"({"data":[{"index":0,"embedding":[3,4]},{"index":1,"embedding":[1,2]}],"model":"m"})"});
  const Answer answer = Embed(kAB);
  EXPECT_EQ(answer.status, 200);
  for (const auto& vector : VectorsOf(answer.body)) EXPECT_EQ(vector.size(), 2U);
  EXPECT_TRUE(Embed(kAB).hit());
}

TEST_F(EmbeddingsServiceTest, WhatOnlyTheCloseEndedIsAnsweredAndNotKept) {
  upstream().Reply({.body = R"({"data":[{"embedding":[1,2]}],"model":"m"})", .framed = false});
  const Answer answer = Embed(kA);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.cache_status(), Not(HasSubstr("stored")));
  EXPECT_FALSE(Embed(kA).hit());
}

TEST_F(EmbeddingsServiceTest, AStoreThatCannotBeReadCountsAsAMiss) {
  Embed(kA);
  Restart();
  world().store().FailReads(true);
  const Answer answer = Embed(kA);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.cache_status(), HasSubstr("store-failed"));
  EXPECT_EQ(upstream().call_count(), 2U);
}

TEST_F(EmbeddingsServiceTest, AStoreThatCannotBeWrittenIsToldAndTheMemoryTierAnswers) {
  world().store().FailWrites(true);
  const Answer answer = Embed(kA);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.cache_status(),
            "larder; fwd=miss; fwd-status=200; detail=\"items=1,hit=0,store-failed\"");
  EXPECT_TRUE(Embed(kA).hit());
  EXPECT_EQ(stored(), 0U);
}

TEST_F(EmbeddingsServiceTest, ADamagedRecordCountsAsAMissAndIsReplaced) {
  Embed(kA);
  WriteBatch damage;
  (void)memory_
      .ForEach(Family::kEmbeddings, {},
               [&](std::string_view key, std::string_view value) {
                 std::string bytes(value);
                 bytes.back() = static_cast<char>(bytes.back() ^ 1);
                 damage.Put(Family::kEmbeddings, key, std::move(bytes));
                 return true;
               })
      .ok();
  ASSERT_TRUE(memory_.Apply(damage).ok());
  Restart();
  EXPECT_FALSE(Embed(kA).hit());
  Restart();
  EXPECT_TRUE(Embed(kA).hit());
}

// --- Sub-batches ---

class EmbeddingsSubBatchTest : public EmbeddingsServiceTest {
 protected:
  EmbeddingsSubBatchTest() {
    ProxyWorldOptions options;
    options.embeddings.max_upstream_batch = 2;
    Restart(options);
  }
};

TEST_F(EmbeddingsSubBatchTest, SendsTheMissesInBatchesOfAtMostTheLimit) {
  const Answer answer = Embed(kABCDE);
  EXPECT_EQ(VectorsOf(answer.body).size(), 5U);
  ASSERT_EQ(upstream().call_count(), 3U);
  EXPECT_THAT(InputsOf(upstream().calls()[0]), ElementsAre("\"a\"", "\"b\""));
  EXPECT_THAT(InputsOf(upstream().calls()[1]), ElementsAre("\"c\"", "\"d\""));
  EXPECT_THAT(InputsOf(upstream().calls()[2]), ElementsAre("\"e\""));
  EXPECT_EQ(answer.Field("x-larder-billed-tokens"), "5");
}

TEST_F(EmbeddingsSubBatchTest, KeepsTheGoodOnesWhenALaterOneFails) {
  upstream().Reply({.body = R"({"data":[{"embedding":[1]},{"embedding":[2]}],"model":"m"})"});
  upstream().Fail(ErrorCode::kUnavailable);
  EXPECT_EQ(Embed(kABCDE).status, 502);
  EXPECT_EQ(upstream().call_count(), 2U);
  EXPECT_TRUE(Embed(kAB).hit());
  EXPECT_EQ(stored(), 2U);
}

TEST_F(EmbeddingsSubBatchTest, PassesTheRefusalOfALaterOneAndKeepsTheGoodOnes) {
  upstream().Reply({.body = R"({"data":[{"embedding":[1]},{"embedding":[2]}],"model":"m"})"});
  upstream().Reply({.status = 429, .body = "slow down"});
  const Answer answer = Embed(kABCDE);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.body, "slow down");
  EXPECT_TRUE(Embed(kAB).hit());
}

TEST_F(EmbeddingsSubBatchTest, SaysStoredWhenAnyBatchWasStored) {
  upstream().ComputeAlways([&](const FakeCall& call) -> Result<UpstreamReply> {
    if (InputsOf(call).size() == 1) world().store().FailWrites(true);
    return upstream().Make({.body = EmbeddingsBodyFor(call)});
  });
  EXPECT_EQ(Embed(kABCDE).cache_status(),
            "larder; fwd=miss; fwd-status=200; stored; detail=\"items=5,hit=0,store-failed\"");
}

}  // namespace
}  // namespace larder

// POST /admin/v1/purge, through the whole proxy.
#include <gmock/gmock.h>

#include <thread>

#include "tests/proxy/entries_fixture.h"
#include "tests/support/gate.h"

namespace larder {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class PurgeEndpointTest : public CacheAdminTest {
 protected:
  static Headers ForLines() { return {{"accept", "application/x-ndjson"}}; }
  Answer PurgeWithProgress(std::string body) {
    return Admin("POST", "purge", std::move(body), ForLines());
  }
  std::size_t Stored(Family family) const { return memory_.SizeOf(family).entries; }
};

TEST_F(PurgeEndpointTest, TakesWhatEveryConditionMeans) {
  struct Row {
    const char* body;
    std::size_t matched;
  };
  const Row rows[] = {
      {R"({"model":"m"})", 3},
      {R"({"model":"none"})", 0},
      {R"({"namespace":"n"})", 1},
      {R"({"namespace":""})", 3},
      {R"({"input":"one"})", 2},
      {R"({"input":"on"})", 0},
      {R"({"prefix":"t"})", 1},
      {R"({"older_than_s":60})", 4},
      {R"({"older_than_s":3600})", 0},
      {R"({"model":"m","input":"one"})", 1},
      {R"({"layer":"responses","model":"m"})", 0},
  };
  for (const Row& row : rows) {
    ASSERT_TRUE(memory_.Clear(Family::kEmbeddings).ok() && memory_.Clear(Family::kInputs).ok());
    Restart();
    EmbedHits("one");
    EmbedHits("two");
    EmbedHits("one more", {{"x-larder-namespace", "n"}});
    ASSERT_EQ(Embed(R"({"model":"other","input":"one"})").status, 200);
    clock_.Advance(std::chrono::minutes(2));
    const Answer answer = Purge(row.body);
    EXPECT_EQ(answer.status, 200) << row.body;
    EXPECT_EQ(NumberIn(answer.body, "matched"), row.matched) << row.body;
    EXPECT_EQ(NumberIn(answer.body, "deleted"), row.matched) << row.body;
    EXPECT_EQ(Stored(Family::kInputs), 4 - row.matched) << row.body;
    EXPECT_EQ(Stored(Family::kEmbeddings), 4 - row.matched) << row.body;
  }
}

TEST_F(PurgeEndpointTest, WhatIsPurgedIsAMissAndTheRestAHit) {
  EmbedHits("one");
  EmbedHits("two");
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  EXPECT_FALSE(EmbedHits("one"));
  EXPECT_TRUE(EmbedHits("two"));
  UseChat();
  ChatHits("hi");
  EXPECT_TRUE(ChatHits("hi"));
  const Answer answer = Purge(R"({"model":"gpt"})");
  EXPECT_EQ(NumberIn(answer.body, "deleted"), 1);
  EXPECT_FALSE(ChatHits("hi"));
}

TEST_F(PurgeEndpointTest, IsDurableOnceItIsAnsweredOrSaysThatItIsNot) {
  EmbedHits("one");
  EmbedHits("two");
  ASSERT_EQ(Purge(R"({"input":"none"})").status, 200);
  ASSERT_EQ(Purge(R"({"input":"one","dry_run":true})").status, 200);
  EXPECT_EQ(world().store().syncs(), 0U) << "nothing was deleted";
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  EXPECT_EQ(world().store().syncs(), 1U);
  world().store().FailSyncs(true);
  const Answer answer = Purge(R"({"input":"two"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("1 of 1 entries found so far were deleted, then: "));
}

TEST_F(PurgeEndpointTest, ADryRunOnlyCounts) {
  EmbedHits("one");
  for (const char* body : {R"({"input":"one","dry_run":true})", R"({"all":true,"dry_run":true})"}) {
    const Answer answer = Purge(body);
    EXPECT_EQ(NumberIn(answer.body, "matched"), 1) << body;
    EXPECT_EQ(NumberIn(answer.body, "deleted"), 0) << body;
    EXPECT_THAT(answer.body, HasSubstr("\"dry_run\":true"));
  }
  EXPECT_TRUE(EmbedHits("one"));
}

TEST_F(PurgeEndpointTest, AllOfALayerIsThatLayerAlone) {
  EmbedHits("one");
  EmbedHits("two");
  UseChat();
  ChatHits("hi");
  const Answer answer = Purge(R"({"all":true,"layer":"responses"})");
  EXPECT_EQ(NumberIn(answer.body, "deleted"), 1);
  EXPECT_FALSE(ChatHits("hi"));
  EXPECT_TRUE(EmbedHits("one"));
  EXPECT_EQ(NumberIn(Purge(R"({"all":true})").body, "deleted"), 3);
  for (const Family family :
       {Family::kEmbeddings, Family::kInputs, Family::kResponses, Family::kResponseIds}) {
    EXPECT_EQ(Stored(family), 0U);
  }
  UseEmbeddings();
  EXPECT_FALSE(EmbedHits("one"));
}

TEST_F(PurgeEndpointTest, ALayerAloneIsAConditionToo) {
  EmbedHits("one");
  EXPECT_EQ(NumberIn(Purge(R"({"layer":"responses"})").body, "matched"), 0);
  EXPECT_TRUE(EmbedHits("one"));
  EXPECT_EQ(NumberIn(Purge(R"({"layer":"embeddings"})").body, "deleted"), 1);
  EXPECT_FALSE(EmbedHits("one"));
}

TEST_F(PurgeEndpointTest, WithWhatItIsToldItDoesNothingHalf) {
  EmbedHits("one");
  const std::pair<const char*, const char*> rows[] = {
      {R"({})", "all"},
      {R"({"dry_run":true})", "all"},
      {R"({"all":false})", "all"},
      {R"({"all":true,"model":"m"})", "all"},
      {R"({"all":1})", "all"},
      {R"({"layer":"both","all":true})", "layer"},
      {R"({"model":""})", "model"},
      {R"({"model":7})", "model"},
      {R"({"partition":"1234567"})", "partition"},
      {R"({"partition":"123456789012345678901234567890123"})", "partition"},
      {R"({"key":"12"})", "key"},
      {R"({"input":""})", "input"},
      {R"({"input":["one"]})", "input"},
      {R"({"input":"one","layer":"responses"})", "input"},
      {R"({"prefix":""})", "prefix"},
      {R"({"older_than_s":-1})", "older_than_s"},
      {R"({"older_than_s":1.5})", "older_than_s"},
      {R"({"older_than_s":315360001})", "older_than_s"},
      {R"({"model":"m","dry_run":"yes"})", "dry_run"},
      {R"({"model":"m","modle":"m"})", "modle"},
      {R"({"model":"m","model":"m"})", "model"},
  };
  for (const auto& [body, param] : rows) {
    const Answer answer = Purge(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(StringIn(answer.body, "error.param"), param) << body;
  }
  for (const char* body : {"", "[]", "{", "null"}) EXPECT_EQ(Purge(body).status, 400) << body;
  EXPECT_EQ(Admin("POST", "purge?all=true", R"({"all":true})").status, 400);
  EXPECT_EQ(Admin("GET", "purge").status, 405);
  EXPECT_TRUE(EmbedHits("one"));
}

TEST_F(PurgeEndpointTest, TellsItsProgressWhenAsked) {
  for (int i = 0; i < 600; ++i) EmbedHits("text " + std::to_string(i));
  const Answer answer = PurgeWithProgress(R"({"prefix":"text"})");
  EXPECT_EQ(answer.Field("content-type"), "application/x-ndjson");
  EXPECT_TRUE(answer.whole);
  const auto lines = LinesOf(answer.body);
  ASSERT_GE(lines.size(), 2U);
  for (const std::string& line : lines) EXPECT_EQ(NumberIn(line, "total"), 600) << line;
  EXPECT_EQ(NumberIn(lines.back(), "deleted"), 600);
  EXPECT_EQ(NumberIn(lines.back(), "scanned"), 600);
  EXPECT_THAT(lines.back(), HasSubstr("\"done\":true"));
  EXPECT_THAT(lines.front(), testing::Not(HasSubstr("done")));
}

TEST_F(PurgeEndpointTest, AStoreThatFailsIsToldWithWhatWasDone) {
  EmbedHits("one");
  world().store().FailWrites(true);
  const Answer answer = Purge(R"({"model":"m"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("0 of 1 entries found so far were deleted, then: "));
  const auto lines = LinesOf(PurgeWithProgress(R"({"model":"m"})").body);
  EXPECT_THAT(lines.back(), HasSubstr("\"error\":{\"message\":\"0 of 1"));
  EXPECT_THAT(lines.back(), testing::Not(HasSubstr("\"done\"")));
  EXPECT_EQ(Purge(R"({"all":true})").status, 503);
  world().store().FailReads(true);
  EXPECT_EQ(Purge(R"({"model":"m"})").status, 503);
  world().store().FailReads(false);
  world().store().FailWrites(false);
  EXPECT_EQ(Stored(Family::kInputs), 1U);  // nothing was lost
}

TEST_F(PurgeEndpointTest, WhatStandsInMemoryAloneGoesToo) {
  world().store().FailWrites(true);
  EmbedHits("one");
  UseChat();
  ChatHits("hi");
  world().store().FailWrites(false);
  ASSERT_TRUE(EmbedHits("one") && ChatHits("hi"));
  ASSERT_EQ(Purge(R"({"older_than_s":0,"model":"gpt"})").status, 200);
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_EQ(Purge(R"({"model":"gpt"})").status, 200);
  EXPECT_FALSE(ChatHits("hi"));
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  UseEmbeddings();
  EXPECT_FALSE(EmbedHits("one"));
}

TEST_F(PurgeEndpointTest, AnAnswerUnderWayDoesNotBringBackWhatWasPurged) {
  upstream().Hold();
  std::thread client([this] { EmbedHits("one"); });
  ASSERT_TRUE(upstream().WaitForCalls(1));
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  upstream().Release();
  client.join();
  EXPECT_EQ(Stored(Family::kInputs), 0U);
  EXPECT_FALSE(EmbedHits("one"));
  EXPECT_TRUE(EmbedHits("one"));
}

TEST_F(PurgeEndpointTest, AStreamUnderWayDoesNotBringBackWhatWasPurged) {
  const char* kChat = R"({"model":"gpt","stream":true,"messages":[{"role":"user","content":"a"}]})";
  const auto stream = upstream().Stream();
  Response begun = world().Begin(MakeRequest("POST", "/v1/chat/completions", kChat));
  ASSERT_EQ(Purge(R"({"model":"gpt"})").status, 200);
  stream->Push("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n");
  stream->Push("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
  stream->Push("data: [DONE]\n\n");
  stream->End();
  EXPECT_TRUE(Receive(std::move(begun)).whole);
  EXPECT_EQ(Stored(Family::kResponses), 0U);
  EXPECT_EQ(world().response_cache().memory().size(), 0U);
}

TEST_F(PurgeEndpointTest, PurgedTextsAreNotFoundBySearches) {
  world().indexer().Start();
  EmbedHits("one");
  EmbedHits("two");
  ASSERT_TRUE(world().WaitUntilIndexed(2));
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  EXPECT_EQ(world().spaces().size(), 1U);
  const Answer found = Post("/v1/search", R"({"model":"m","query":"one","top_k":10})");
  EXPECT_THAT(found.body, HasSubstr("\"two\""));
  EXPECT_THAT(found.body, testing::Not(HasSubstr("\"text\":\"one\"")));
  ASSERT_EQ(Purge(R"({"all":true})").status, 200);
  EXPECT_EQ(world().spaces().size(), 0U);
  EmbedHits("three");
  EXPECT_TRUE(world().WaitUntilIndexed(1));
}

TEST_F(PurgeEndpointTest, TheIdOfAPurgedResponseIsForgotten) {
  upstream().ReplyAlways({.body = R"({"id":"resp_1","object":"response","status":"completed",)"
                                  R"("output":[{"type":"message","content":[{"type":"output_text",)"
                                  R"("text":"x"}]}]})"});
  ASSERT_EQ(Post("/v1/responses", R"({"model":"gpt","input":"a"})").status, 200);
  ASSERT_EQ(Stored(Family::kResponseIds), 1U);
  EXPECT_EQ(NumberIn(Purge(R"({"model":"gpt"})").body, "deleted"), 1);
  EXPECT_EQ(Stored(Family::kResponses), 0U);
  EXPECT_EQ(Stored(Family::kResponseIds), 0U);
}

TEST_F(PurgeEndpointTest, TellsWhoObservesWhichKeysWent) {
  std::vector<std::pair<std::size_t, EntryLayer>> told;
  std::vector<CacheKey> keys;
  world().cache_admin().set_purge_observer([&](std::span<const CacheKey> gone, EntryLayer layer) {
    told.emplace_back(gone.size(), layer);
    keys.insert(keys.end(), gone.begin(), gone.end());
  });
  EmbedHits("one");
  const std::string key = KeysOf(Admin("GET", "entries")).at(0);
  ASSERT_EQ(Purge(R"({"input":"one"})").status, 200);
  ASSERT_THAT(keys, SizeIs(1));
  EXPECT_EQ(ToHex(keys[0]), key);
  ASSERT_EQ(Purge(R"({"all":true})").status, 200);
  EXPECT_EQ(told, (std::vector<std::pair<std::size_t, EntryLayer>>{{1, EntryLayer::kEmbeddings},
                                                                   {0, EntryLayer::kEmbeddings},
                                                                   {0, EntryLayer::kResponses}}));
}

TEST_F(PurgeEndpointTest, FillsBesideAPurgeLeaveNothingThatItMeans) {
  std::atomic<bool> done{false};
  std::atomic<int> asked{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; !done; ++i) {
        const std::string text = (i % 2 == 0 ? "gone " : "kept ") + std::to_string(client) + "-" +
                                 std::to_string(i % 50);
        // Not Ask, which asks twice and expects the same.
        const std::string body = R"({"model":"m","input":")" + text + "\"}";
        Response response = world().Begin(MakeRequest("POST", "/v1/embeddings", body));
        EXPECT_EQ(Receive(std::move(response)).status, 200);
        ++asked;
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    while (asked < 20 * (round + 1)) std::this_thread::yield();
    const Answer answer = Purge(R"({"prefix":"gone"})");
    ASSERT_EQ(answer.status, 200);
  }
  done = true;
  for (std::thread& client : clients) client.join();
  ASSERT_EQ(Purge(R"({"prefix":"gone"})").status, 200);
  EXPECT_EQ(NumberIn(Purge(R"({"prefix":"gone","dry_run":true})").body, "matched"), 0);
  EXPECT_GT(NumberIn(Purge(R"({"prefix":"kept","dry_run":true})").body, "matched").value_or(0), 0);
  const std::size_t left = Stored(Family::kInputs);
  EXPECT_EQ(Stored(Family::kEmbeddings), left);
}

TEST_F(PurgeEndpointTest, OneJobMoreThanAllowedIsRefused) {
  ProxyWorldOptions options;
  options.cache_admin.max_jobs = 1;
  Restart(options);
  EmbedHits("one");
  Gate gate;
  world().store().OnWrite([&] { gate.Pass(); });
  std::thread first([this] { EXPECT_EQ(Purge(R"({"model":"m"})").status, 200); });
  gate.WaitUntilHeld();
  const Answer refused = Purge(R"({"model":"m"})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_FALSE(refused.Field("retry-after").empty());
  EXPECT_EQ(PurgeWithProgress(R"({"model":"m"})").status, 503);
  gate.Open();
  first.join();
}

TEST_F(PurgeEndpointTest, APurgeEndsWhenTheServerStops) {
  for (int i = 0; i < 600; ++i) EmbedHits("text " + std::to_string(i));
  world().store().OnWrite([this] { world().cache_admin().RequestStop(); });
  const Answer answer = Purge(R"({"prefix":"text"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("512 of 512 entries"));
}

TEST_F(PurgeEndpointTest, TracesAreErasedOnceTheEntriesHaveGone) {
  EmbedHits("one");
  int erased = 0;
  Result<std::string> outcome = std::string("rewrote everything");
  Purger& purger = world().cache_admin().purger();
  AdminJobs jobs(4);
  PurgeEndpoint endpoint(purger, clock_, jobs, [&](const std::function<bool()>& goes_on) {
    EXPECT_TRUE(goes_on());
    EXPECT_EQ(Stored(Family::kInputs), 0U);
    ++erased;
    return outcome;
  });
  const auto purge = [&](const std::string& body, const Headers& headers = {}) {
    Response response = endpoint.Handle(MakeRequest("POST", "/admin/v1/purge", body, headers), "");
    return response.body;
  };
  EXPECT_THAT(purge(R"({"input":"one","compact":true})"),
              HasSubstr(R"("compacted":"rewrote everything")"));
  EXPECT_EQ(erased, 1);
  EXPECT_THAT(purge(R"({"all":true})"), testing::Not(HasSubstr("compacted")));
  EXPECT_EQ(erased, 1);
  outcome = StoreError(ErrorCode::kIo, "no room");
  EXPECT_THAT(
      purge(R"({"all":true,"compact":true})"),
      HasSubstr("0 entries were deleted, and traces of them are left on the disk: no room"));
}

TEST_F(PurgeEndpointTest, TracesCannotBeErasedInADryRunOrWithoutADisk) {
  EXPECT_THAT(Purge(R"({"all":true,"dry_run":true,"compact":true})").body,
              HasSubstr("compact does not go with dry_run"));
  EXPECT_THAT(Purge(R"({"all":true,"compact":true})").body,
              HasSubstr("compact needs a server with a disk"));
}

}  // namespace
}  // namespace larder

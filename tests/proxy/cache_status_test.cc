#include "proxy/cache_status.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::chrono::seconds;

CacheStatus Forwarded(CacheOutcome outcome, int status) {
  CacheStatus forwarded;
  forwarded.layer = CacheLayer::kResponses;
  forwarded.outcome = outcome;
  forwarded.forward_status = status;
  return forwarded;
}

TEST(CacheStatusTest, IsWrittenAsRfc9211Asks) {
  CacheStatus hit;
  hit.layer = CacheLayer::kResponses;
  hit.outcome = CacheOutcome::kHit;
  hit.ttl = seconds(3599);
  hit.age = seconds(1);
  EXPECT_EQ(RenderCacheStatus(hit), "larder; hit; ttl=3599");

  CacheStatus stored = Forwarded(CacheOutcome::kMiss, 200);
  stored.stored = true;
  EXPECT_EQ(RenderCacheStatus(stored), "larder; fwd=miss; fwd-status=200; stored");
  CacheStatus collapsed = Forwarded(CacheOutcome::kMiss, 200);
  collapsed.collapsed = true;
  EXPECT_EQ(RenderCacheStatus(collapsed), "larder; fwd=miss; fwd-status=200; collapsed");
  EXPECT_EQ(RenderCacheStatus(Forwarded(CacheOutcome::kStale, 500)),
            "larder; fwd=stale; fwd-status=500");
  EXPECT_EQ(RenderCacheStatus(Forwarded(CacheOutcome::kRequest, 0)), "larder; fwd=request");
  EXPECT_EQ(RenderCacheStatus(CacheStatus{}), "larder; fwd=bypass");
}

TEST(CacheStatusTest, TellsTheItemsOfABatchTheReasonAndAStoreThatFailed) {
  CacheStatus batch = Forwarded(CacheOutcome::kMiss, 200);
  batch.layer = CacheLayer::kEmbeddings;
  batch.items = 8;
  batch.items_hit = 5;
  batch.stored = true;
  EXPECT_EQ(RenderCacheStatus(batch),
            "larder; fwd=miss; fwd-status=200; stored; detail=\"items=8,hit=5\"");
  batch.stored = false;
  batch.store_failed = true;
  EXPECT_EQ(RenderCacheStatus(batch),
            "larder; fwd=miss; fwd-status=200; detail=\"items=8,hit=5,store-failed\"");
  CacheStatus bypass = Forwarded(CacheOutcome::kBypass, 200);
  bypass.reason = "background";
  EXPECT_EQ(RenderCacheStatus(bypass), "larder; fwd=bypass; fwd-status=200; detail=\"background\"");
}

TEST(CacheStatusTest, HasANameForEachLayerAndOutcome) {
  EXPECT_EQ(CacheLayerName(CacheLayer::kNone), "none");
  EXPECT_EQ(CacheLayerName(CacheLayer::kEmbeddings), "embeddings");
  EXPECT_EQ(CacheLayerName(CacheLayer::kResponses), "responses");
  EXPECT_EQ(CacheOutcomeName(CacheOutcome::kHit), "hit");
  EXPECT_EQ(CacheOutcomeName(CacheOutcome::kMiss), "miss");
  EXPECT_EQ(CacheOutcomeName(CacheOutcome::kBypass), "bypass");
  EXPECT_EQ(CacheOutcomeName(CacheOutcome::kStale), "stale");
  EXPECT_EQ(CacheOutcomeName(CacheOutcome::kRequest), "request");
}

TEST(AddCacheHeadersTest, TellsAHitItsAgeAndThatItCostNothing) {
  CacheStatus hit;
  hit.layer = CacheLayer::kEmbeddings;
  hit.outcome = CacheOutcome::kHit;
  hit.age = seconds(12);
  Headers headers;
  AddCacheHeaders(hit, headers);
  EXPECT_EQ(headers.Find("age"), "12");
  EXPECT_EQ(headers.Find("cf-aig-cache-status"), "HIT");
  EXPECT_EQ(headers.Find("x-larder-billed-tokens"), "0");
  EXPECT_EQ(headers.Find("cache-control"), "private, no-store");
}

TEST(AddCacheHeadersTest, GivesAMissNoAgeAndItsBill) {
  CacheStatus miss = Forwarded(CacheOutcome::kMiss, 200);
  miss.billed_tokens = 7;
  Headers headers = {{"cache-control", "public, max-age=9"}, {"CF-AIG-Cache-Status", "HIT"}};
  AddCacheHeaders(miss, headers);
  EXPECT_FALSE(headers.Has("age"));
  EXPECT_EQ(headers.Joined("cf-aig-cache-status"), "MISS");
  EXPECT_EQ(headers.Joined("cache-control"), "private, no-store");
  EXPECT_EQ(headers.Find("x-larder-billed-tokens"), "7");
}

TEST(AddCacheHeadersTest, KeepsAnUpstreamsCacheStatusInFrontOfItsOwn) {
  Headers headers = {{"Cache-Status", "other; hit"}};
  AddCacheHeaders(Forwarded(CacheOutcome::kMiss, 200), headers);
  EXPECT_EQ(headers.Joined("cache-status"), "other; hit, larder; fwd=miss; fwd-status=200");
}

TEST(AddCacheHeadersTest, TellsNoBillWhereNothingIsCounted) {
  Headers headers;
  AddCacheHeaders(CacheStatus{}, headers);
  EXPECT_FALSE(headers.Has("x-larder-billed-tokens"));
}

}  // namespace
}  // namespace larder

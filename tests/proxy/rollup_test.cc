#include "proxy/admin/rollup.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "proxy/admin/rollup_codec.h"
#include "proxy/admin/traffic_sum.h"

namespace larder {
namespace {

constexpr std::size_t kMinuteBytes = 16 * 1024;

RequestRecord Of(std::string model, std::string partition, std::string route,
                 CacheOutcome outcome = CacheOutcome::kHit) {
  RequestRecord record;
  record.model = std::move(model);
  record.partition = std::move(partition);
  record.route = std::move(route);
  record.status = 200;
  record.cache.layer = CacheLayer::kResponses;
  record.cache.outcome = outcome;
  record.total = std::chrono::microseconds(700);
  return record;
}

std::uint64_t RequestsOf(const Rollup& rollup) {
  TrafficSum sum;
  sum.Add(rollup);
  return sum.total().counts.Requests();
}

// A row whose times lie all over the place.
void AddBusyRow(Rollup& rollup, const std::string& model, int requests) {
  for (int i = 0; i < requests; ++i) {
    RequestRecord record = Of(model, "0a0b0c0d", "chat", CacheOutcome::kMiss);
    record.total = std::chrono::microseconds(std::int64_t{1} << (i % 29));
    record.cache.forward_status = 200;
    record.times.upstream = record.total * 3 / 4;
    rollup.Add(record, {1000, 0, 0});
  }
}

TEST(RollupTest, KeepsARowForEachModelPartitionAndRoute) {
  Rollup rollup;
  rollup.Add(Of("m", "p", "chat"), {});
  rollup.Add(Of("m", "p", "chat"), {});
  rollup.Add(Of("n", "p", "chat"), {});
  rollup.Add(Of("m", "q", "chat"), {});
  rollup.Add(Of("m", "p", "embeddings"), {});
  EXPECT_EQ(rollup.rows().size(), 4U);
  EXPECT_EQ(rollup.RowOf({"m", "p", "chat"}).counts.Requests(), 2U);
}

TEST(RollupTest, CountsWhatHasNoRoomInOneRowARoute) {
  Rollup rollup(3);
  for (int i = 0; i < 100; ++i) {
    rollup.Add(Of("model-" + std::to_string(i), "p", i % 2 == 0 ? "chat" : "messages"), {});
  }
  EXPECT_EQ(rollup.rows().size(), 5U);
  EXPECT_EQ(rollup.RowOf({kOtherRow, kOtherRow, "chat"}).counts.Requests(), 48U);
  EXPECT_EQ(RequestsOf(rollup), 100U);
}

TEST(RollupTest, MergesWithinItsBound) {
  Rollup all(4);
  for (int i = 0; i < 10; ++i) {
    Rollup one;
    one.Add(Of("model-" + std::to_string(i), "p", "chat"), {});
    all.Merge(one);
  }
  EXPECT_EQ(all.rows().size(), 5U);
  EXPECT_EQ(RequestsOf(all), 10U);
}

TEST(NamedCountsTest, AreFewAndCleanWhateverIsSent) {
  NamedCounts counts;
  for (int i = 0; i < 1000; ++i) counts.Add("field-" + std::to_string(i), 1);
  counts.Add(std::string(1000, 'x'), 1);
  EXPECT_EQ(counts.all().size(), NamedCounts::kLimit + 1);
  EXPECT_EQ(counts.all().at("other"), 1001 - NamedCounts::kLimit);
  NamedCounts clean;
  clean.Add("bad\n\xff" + std::string(100, 'x'), 1);
  EXPECT_EQ(clean.all().begin()->first, "bad??" + std::string(59, 'x'));
}

TEST(RollupCodecTest, ReadsBackWhatItWrote) {
  Rollup rollup;
  RequestRecord record = Of("gpt-4o", "01234567", "chat", CacheOutcome::kMiss);
  record.cache.why = MissReason::kChanged;
  record.cache.changed_field = "temperature";
  record.cache.billed_tokens = 1'000'000;
  record.cache.billed_completion = 300;
  record.cache.forward_status = 200;
  record.times.upstream = std::chrono::milliseconds(300);
  record.total = std::chrono::milliseconds(301);
  rollup.Add(record, {123'456'789, 0, 0});
  record.cache.outcome = CacheOutcome::kBypass;
  record.cache.reason = "skip-cache";
  rollup.Add(record, {0, 0, 17});
  rollup.Add(Of("", "", "admin"), {});
  const std::string payload = EncodeRollup(rollup, kMinuteBytes);
  EXPECT_LT(payload.size(), 300U);
  const auto decoded = DecodeRollup(payload);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(EncodeRollup(*decoded, kMinuteBytes), payload);
  const RollupRow& row = decoded->rows().find(RowKey{"gpt-4o", "01234567", "chat"})->second;
  EXPECT_EQ(row.counts.spent_nano, 123'456'789U);
  EXPECT_EQ(row.counts.unpriced_tokens, 17U);
  EXPECT_EQ(row.counts.completion_billed, 600U);
  EXPECT_EQ(row.counts.fetch_micros, 300'000U);
  EXPECT_EQ(row.counts.why[static_cast<std::size_t>(MissReason::kChanged)], 2U);
  EXPECT_EQ(row.changed_fields.all().at("temperature"), 2U);
  EXPECT_EQ(row.bypass_details.all().at("skip-cache"), 1U);
  EXPECT_EQ(row.misses.count(), 1U);
  EXPECT_EQ(row.upstream.sum_micros(), 600'000U);
  EXPECT_EQ(row.overhead.count(), 2U);
  EXPECT_EQ(decoded->routes().at("admin").Requests(), 1U);
}

TEST(RollupCodecTest, ReadsNothingFromWhatIsNoRollup) {
  Rollup rollup;
  AddBusyRow(rollup, "m", 40);
  const std::string payload = EncodeRollup(rollup, kMinuteBytes);
  EXPECT_FALSE(DecodeRollup(""));
  EXPECT_FALSE(DecodeRollup("\x03" + payload.substr(1)));
  EXPECT_FALSE(DecodeRollup(payload + "x"));
  for (std::size_t size = 1; size < payload.size(); ++size) {
    EXPECT_FALSE(DecodeRollup(payload.substr(0, size))) << size;
  }
}

TEST(RollupCodecTest, GivesUpRowsBeforeItTakesMoreThanItMay) {
  Rollup rollup;
  for (int i = 0; i < 64; ++i) AddBusyRow(rollup, "model-" + std::to_string(i), 100 + i);
  const std::string payload = EncodeRollup(rollup, kMinuteBytes);
  EXPECT_LE(payload.size(), kMinuteBytes);
  const auto decoded = DecodeRollup(payload);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(RequestsOf(*decoded), RequestsOf(rollup));
  EXPECT_TRUE(decoded->rows().contains(RowKey{"model-63", "0a0b0c0d", "chat"}))
      << "the busiest stays";
  EXPECT_FALSE(decoded->rows().contains(RowKey{"model-0", "0a0b0c0d", "chat"}));
  TrafficSum before;
  TrafficSum after;
  before.Add(rollup);
  after.Add(*decoded);
  EXPECT_EQ(after.total().misses.sum_micros(), before.total().misses.sum_micros());
  EXPECT_EQ(after.total().counts.spent_nano, before.total().counts.spent_nano);
}

TEST(RollupCodecTest, StaysBelowItsBoundWithEveryRouteAndName) {
  Rollup rollup;
  for (int route = 0; route < 33; ++route) {
    for (int i = 0; i < 40; ++i) {
      RequestRecord record = Of("m" + std::to_string(i), "p", "route-" + std::to_string(route));
      record.cache.outcome = CacheOutcome::kBypass;
      record.status = 100 * (i % 6);
      record.cache.reason = std::string(60, 'r') + std::to_string(i);
      record.cache.changed_field = std::string(60, 'c') + std::to_string(i);
      record.total = std::chrono::microseconds(std::int64_t{1} << (i % 29));
      rollup.Add(record, {});
    }
  }
  const std::string payload = EncodeRollup(rollup, kMinuteBytes);
  EXPECT_LE(payload.size(), kMinuteBytes);
  ASSERT_TRUE(DecodeRollup(payload));
  EXPECT_EQ(RequestsOf(*DecodeRollup(payload)), RequestsOf(rollup));
}

// As version 1 wrote it: 24 counters, two histograms, requests by route.
TEST(RollupCodecTest, ReadsVersion1) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Fixed(std::uint8_t{1});
  for (std::uint64_t i = 0; i < 24; ++i) writer.Fixed(i);
  writer.Fixed(std::uint64_t{5000});  // of hits: sum, used buckets, bucket and count
  writer.Fixed(std::uint16_t{1});
  writer.Fixed(std::uint16_t{20});
  writer.Fixed(std::uint32_t{3});
  writer.Fixed(std::uint64_t{0});  // of misses
  writer.Fixed(std::uint16_t{0});
  writer.Fixed(std::uint16_t{1});
  writer.Prefixed("chat");
  writer.Fixed(std::uint64_t{42});
  const auto rollup = DecodeRollup(payload);
  ASSERT_TRUE(rollup);
  TrafficSum sum;
  sum.Add(*rollup);
  EXPECT_EQ(sum.total().counts.at(CacheLayer::kResponses, CacheOutcome::kMiss), 11U);
  EXPECT_EQ(sum.total().counts.inputs, 15U);
  EXPECT_EQ(sum.total().counts.collapsed, 23U);
  EXPECT_EQ(sum.total().counts.spent_nano, 0U);
  EXPECT_EQ(sum.total().hits.count(), 3U);
  EXPECT_EQ(sum.by_route_requests().at("chat"), 42U);
  EXPECT_FALSE(DecodeRollup(payload + "x"));
}

TEST(TrafficSumTest, TablesAreBoundedAndMissNothing) {
  TrafficSum sum;
  for (int i = 0; i < 50; ++i) {
    Rollup rollup;
    for (int j = 0; j < 40; ++j) {
      rollup.Add(Of("model-" + std::to_string(i * 40 + j), "p", "chat"), {});
    }
    rollup.Add(Of("busy", "p", "chat"), {});
    sum.Add(rollup);
  }
  const auto table = sum.ByModel();
  ASSERT_EQ(table.size(), TrafficSum::kTableRows + 1);
  EXPECT_EQ(table.front().name, "busy");
  EXPECT_EQ(table.front().group.counts.Requests(), 50U);
  EXPECT_EQ(table.back().name, kOtherRow);
  std::uint64_t all = 0;
  for (const auto& row : table) all += row.group.counts.Requests();
  EXPECT_EQ(all, 50U * 41);
}

TEST(TrafficSumTest, FiltersAddOnlyWhatWasAskedFor) {
  Rollup rollup;
  rollup.Add(Of("m", "p", "chat"), {});
  rollup.Add(Of("n", "p", "chat"), {});
  rollup.Add(Of("m", "q", "messages"), {});
  const std::pair<TrafficFilter, std::uint64_t> cases[] = {{{}, 3},
                                                           {{"m", "", ""}, 2},
                                                           {{"", "p", ""}, 2},
                                                           {{"", "", "messages"}, 1},
                                                           {{"m", "p", ""}, 1},
                                                           {{"n", "q", ""}, 0}};
  for (const auto& [filter, requests] : cases) {
    TrafficSum sum(filter);
    sum.Add(rollup);
    EXPECT_EQ(sum.total().counts.Requests(), requests);
    EXPECT_EQ(sum.total().hits.count(), requests);
  }
}

TEST(TrafficSumTest, TimeSavedIsWhatUpstreamTookLessWhatTheHitsTook) {
  Rollup rollup;
  for (const int millis : {100, 300}) {
    RequestRecord miss = Of("m", "p", "chat", CacheOutcome::kMiss);
    miss.cache.forward_status = 200;
    miss.times.upstream = std::chrono::milliseconds(millis);
    rollup.Add(miss, {});
  }
  for (int i = 0; i < 10; ++i) {
    RequestRecord hit = Of("m", "p", "chat");
    hit.total = std::chrono::milliseconds(1);
    rollup.Add(hit, {});
  }
  rollup.Add(Of("never-missed", "p", "chat"), {});
  TrafficSum sum;
  sum.Add(rollup);
  EXPECT_DOUBLE_EQ(sum.TimeSavedSeconds(), 10 * 0.2 - 10 * 0.001);
}

}  // namespace
}  // namespace larder

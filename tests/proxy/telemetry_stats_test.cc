// What the stats and the timeseries tell beyond counts: money, reasons, tables, long windows.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "proxy/admin/history.h"
#include "proxy/admin/stats_endpoint.h"
#include "tests/proxy/telemetry_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class TelemetryStatsTest : public TelemetryFixture {
 protected:
  RequestRecord Of(const char* model, const char* partition, CacheOutcome outcome) const {
    RequestRecord record = Chat(outcome);
    record.model = model;
    record.partition = partition;
    return record;
  }
  std::unique_ptr<Telemetry> StartWith(TelemetryOptions options) {
    return std::make_unique<Telemetry>(
        store_, clock_, TelemetryInfo{"1", "builtin", "/d"}, [this] { return gauges_; },
        std::move(options));
  }
  static std::string Filtered(const Telemetry& telemetry, TrafficFilter filter) {
    return telemetry.RenderStats({seconds(0), std::move(filter)});
  }
};

TEST_F(TelemetryStatsTest, MoneyIsWhatTokensCostWhenTheyWereUsed) {
  auto telemetry = Start();
  RequestRecord miss = Of("gpt-4o", "01234567", CacheOutcome::kMiss);
  miss.cache.billed_tokens = 1000;
  miss.cache.billed_completion = 400;
  telemetry->Record(miss);
  RequestRecord hit = Of("gpt-4o", "01234567", CacheOutcome::kHit);
  hit.cache.saved_tokens = 1000;
  hit.cache.saved_completion = 400;
  telemetry->Record(hit);
  telemetry->Record(hit);
  RequestRecord unknown = Of("my-model", "01234567", CacheOutcome::kMiss);
  unknown.cache.billed_tokens = 70;
  telemetry->Record(unknown);
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_THAT(stats, HasSubstr(R"("money":{"currency":"USD","spent":0.0055,"saved":0.011,)"
                               R"("unpriced_tokens":70,"unpriced_models":["my-model"]})"));
  // Another table does not change what was spent.
  ASSERT_TRUE(telemetry->Flush().ok());
  auto later = StartWith({.prices = {{{"gpt-4o"}, "100", "100"}}});
  EXPECT_EQ(NumberAt(later->RenderStats(hours(1)), "money.spent"), 0.0055);
  later->Record(miss);
  EXPECT_EQ(NumberAt(later->RenderStats(hours(1)), "money.spent"), 0.1055);
}

TEST_F(TelemetryStatsTest, MissesAreCountedByTheirReason) {
  auto telemetry = Start();
  const auto add = [&](MissReason why, const char* field, const char* detail) {
    RequestRecord record =
        Chat(why == MissReason::kBypass ? CacheOutcome::kBypass : CacheOutcome::kMiss);
    record.cache.why = why;
    record.cache.changed_field = field;
    record.cache.reason = detail;
    telemetry->Record(record);
  };
  add(MissReason::kCold, "", "");
  add(MissReason::kChanged, "temperature", "");
  add(MissReason::kChanged, "temperature", "");
  add(MissReason::kChanged, "messages", "");
  add(MissReason::kBypass, "", "skip-cache");
  telemetry->Record(Chat(CacheOutcome::kHit));
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_THAT(stats, HasSubstr(R"("miss_reasons":{"cold":1,"expired":0,"evicted":0,"purged":0,)"
                               R"("changed":3,"bypass":1,"uncacheable":0},)"
                               R"("changed_fields":{"messages":1,"temperature":2},)"
                               R"("bypass_details":{"skip-cache":1})"));
  EXPECT_THAT(telemetry->RenderMetrics(), HasSubstr("larder_misses_total{why=\"changed\"} 3\n"));
}

TEST_F(TelemetryStatsTest, TablesHaveARowForEachName) {
  auto telemetry = Start();
  RequestRecord hit = Of("m", "aaaaaaaa", CacheOutcome::kHit);
  hit.total = milliseconds(2);
  telemetry->Record(hit);
  telemetry->Record(Of("m", "bbbbbbbb", CacheOutcome::kMiss));
  RequestRecord failed = Of("n", "aaaaaaaa", CacheOutcome::kMiss);
  failed.status = 500;
  telemetry->Record(failed);
  telemetry->Record(Finished("passthrough", CacheLayer::kNone, CacheOutcome::kBypass));
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_THAT(stats,
              HasSubstr(R"("by_model":[{"name":"m","requests":2,"hits":1,"misses":1,"bypass":0,)"
                        R"("errors":0,"inputs":0,"input_hits":0,"tokens_billed":0,)"
                        R"("tokens_saved":0,"spent":0,"saved":0,"priced":null,"hit_ms":2,)"
                        R"("miss_ms":1},{"name":"","requests":1,)"));
  EXPECT_THAT(stats, HasSubstr(R"("by_partition":[{"name":"aaaaaaaa","requests":2,)"));
  EXPECT_THAT(stats, HasSubstr(R"("by_route":[{"name":"chat","requests":3,)"));
}

TEST_F(TelemetryStatsTest, FiltersReachEveryNumber) {
  auto telemetry = Start();
  RequestRecord one = Of("m", "aaaaaaaa", CacheOutcome::kHit);
  one.total = milliseconds(40);
  one.cache.saved_tokens = 5;
  telemetry->Record(one);
  telemetry->Record(Of("n", "bbbbbbbb", CacheOutcome::kMiss));
  telemetry->Record(Finished("admin", CacheLayer::kNone, CacheOutcome::kBypass));
  for (const TrafficFilter& filter :
       {TrafficFilter{"m", "", ""}, TrafficFilter{"", "aaaaaaaa", ""}}) {
    const std::string stats = Filtered(*telemetry, filter);
    EXPECT_EQ(NumberAt(stats, "requests.total"), 1);
    EXPECT_EQ(NumberAt(stats, "requests.by_route.chat"), 1);
    EXPECT_THAT(stats, Not(HasSubstr("\"admin\"")));
    EXPECT_EQ(NumberAt(stats, "tokens.saved"), 5);
    EXPECT_NEAR(NumberAt(stats, "latency_ms.hit.p50"), 40, 2.5);
    EXPECT_EQ(NumberAt(stats, "latency_ms.miss.count"), 0);
    EXPECT_EQ(NumberAt(stats, "latency_ms.overhead.count"), 1);
    const std::string series = telemetry->RenderTimeseries({minutes(2), filter});
    EXPECT_EQ(Series(series, "requests"), (std::vector<std::int64_t>{0, 1}));
    EXPECT_THAT(series, HasSubstr(R"("miss_ms":null)"));
  }
  EXPECT_EQ(NumberAt(Filtered(*telemetry, {"", "", "messages"}), "requests.total"), 0);
}

TEST_F(TelemetryStatsTest, StatesOfDiskAndUpkeepAreToldAsTheyAre) {
  auto telemetry = Start();
  EXPECT_THAT(telemetry->RenderStats(hours(1)),
              HasSubstr(R"("disk":{"used_bytes":0,"limit_bytes":0,"free_bytes":0,)"
                        R"("min_free_bytes":0,"evicted_entries":0,"evicted_bytes":0,)"
                        R"("state":"ok","message":""},"databases":{"cache":{"state":"ok",)"));
  EXPECT_THAT(telemetry->RenderStats(hours(1)), HasSubstr(R"("maintenance":{"tasks":[]})"));
  gauges_.disk = {1, 2, 3, 4, 5, 6, DiskState::kFull, "no room"};
  gauges_.maintenance = {
      {"expiry", true, clock_.Now(), milliseconds(1500), "dropped 3", false, {}}};
  gauges_.embedding_memory_limit_bytes = 7;
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_THAT(stats, HasSubstr(R"("used_bytes":1,"limit_bytes":2,"free_bytes":3,)"
                               R"("min_free_bytes":4,"evicted_entries":5,"evicted_bytes":6,)"
                               R"("state":"full","message":"no room")"));
  EXPECT_THAT(stats, HasSubstr(R"({"name":"expiry","running":true,"last_started_at":1767225600,)"
                               R"("last_took_s":1.5,"last_result":"dropped 3","next_at":null})"));
  EXPECT_EQ(NumberAt(stats, "memory.embeddings.limit_bytes"), 7);
  EXPECT_THAT(telemetry->RenderMetrics(), HasSubstr("larder_disk_evicted_bytes_total 6\n"));
  EXPECT_THAT(telemetry->RenderMetrics(), HasSubstr("larder_disk_state 2\n"));
}

TEST_F(TelemetryStatsTest, StepsAreAMinuteFiveMinutesOrAnHour) {
  auto telemetry = Start();
  const std::pair<seconds, std::pair<int, std::size_t>> cases[] = {
      {seconds(1), {60, 1}},
      {hours(6), {60, 360}},
      {hours(6) + seconds(1), {300, 73}},
      {hours(24), {300, 288}},
      {hours(25), {3600, 25}},
      {hours(7 * 24), {3600, 168}},
      {hours(30 * 24), {3600, 720}},
      {hours(90 * 24), {3600, 720}}};
  for (const auto& [window, expected] : cases) {
    const std::string series = telemetry->RenderTimeseries(window);
    EXPECT_EQ(NumberAt(series, "step_s"), expected.first) << window.count();
    const auto times = Series(series, "t");
    EXPECT_EQ(times.size(), expected.second) << window.count();
    EXPECT_EQ(times.back() % expected.first, 0);
  }
}

TEST_F(TelemetryStatsTest, AMonthIsKeptByTheHour) {
  auto telemetry = Start();
  clock_.Advance(minutes(90));
  telemetry->Record(Chat(CacheOutcome::kHit));
  for (int day = 0; day < 29; ++day) {
    clock_.Advance(hours(24));
    telemetry->Record(Chat(CacheOutcome::kMiss));
    ASSERT_TRUE(telemetry->Flush().ok());
  }
  for (int life = 0; life < 2; ++life) {
    const std::string month = telemetry->RenderStats(hours(30 * 24));
    EXPECT_EQ(NumberAt(month, "responses.hits"), 1);
    EXPECT_EQ(NumberAt(month, "responses.misses"), 29);
    // It begins with the whole hour in which the week begins.
    EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(7 * 24)), "responses.misses"), 8);
    EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(48)), "responses.misses"), 2);
    const auto misses = Series(telemetry->RenderTimeseries(hours(30 * 24)), "misses");
    EXPECT_EQ(std::accumulate(misses.begin(), misses.end(), std::int64_t{0}), 29);
    EXPECT_EQ(misses.back(), 1);
    telemetry = Start();
  }
  clock_.Advance(hours(3 * 24));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(30 * 24)), "responses.hits"), 0);
}

TEST_F(TelemetryStatsTest, AnHourAgreesWithItsMinutes) {
  auto telemetry = Start();
  for (int minute = 0; minute < 150; ++minute) {
    for (int i = 0; i <= minute % 3; ++i) telemetry->Record(Chat(CacheOutcome::kHit));
    clock_.Advance(minutes(1));
    if (minute % 7 != 0) continue;
    ASSERT_TRUE(telemetry->Flush().ok());
  }
  for (const int window : {1, 10, 59, 60, 61, 120, 149, 150}) {
    const auto minutes_of = Series(telemetry->RenderTimeseries(minutes(window)), "hits");
    const auto sum = std::accumulate(minutes_of.begin(), minutes_of.end(), std::int64_t{0});
    EXPECT_EQ(NumberAt(telemetry->RenderStats(minutes(window)), "responses.hits"), sum) << window;
  }
}

TEST_F(TelemetryStatsTest, AClockThatIsWrongForAWhileDropsNothing) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));
  ASSERT_TRUE(telemetry->Flush().ok());
  for (const auto step : {hours(24 * 365), -hours(24 * 365)}) {
    clock_.StepWall(step);
    telemetry->Record(Chat(CacheOutcome::kMiss));
    ASSERT_TRUE(telemetry->Flush().ok());
    telemetry->RenderStats(hours(30 * 24));
    clock_.StepWall(-step);
    EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1)), "responses.hits"), 1);
    EXPECT_EQ(NumberAt(Start()->RenderStats(hours(1)), "responses.hits"), 1);
  }
  EXPECT_EQ(NumberAt(telemetry->RenderStats(seconds(0)), "responses.requests"), 3);
}

TEST_F(TelemetryStatsTest, NothingIsCountedWhenItIsOff) {
  auto telemetry = StartWith({.enabled = false});
  telemetry->Record(Chat(CacheOutcome::kHit));
  ASSERT_TRUE(telemetry->Flush().ok());
  EXPECT_EQ(NumberAt(telemetry->RenderStats(seconds(0)), "requests.total"), 0);
  EXPECT_EQ(NumberAt(Start()->RenderStats(hours(1)), "requests.total"), 0);
}

TEST_F(TelemetryStatsTest, MinutesTakeABoundedRoomWhateverIsSent) {
  History history(store_, clock_);
  for (int minute = 0; minute < 10; ++minute) {
    Rollup rollup;
    for (int i = 0; i < 5000; ++i) {
      RequestRecord record = Of("", "", CacheOutcome::kMiss);
      record.model = "model-" + std::to_string(i % 300);
      record.total = std::chrono::microseconds(std::int64_t{1} << (i % 29));
      record.cache.changed_field = "field-" + std::to_string(i);
      rollup.Add(record, {});
    }
    history.Add(history.CurrentMinute(), rollup);
    clock_.Advance(minutes(1));
  }
  ASSERT_TRUE(history.Flush().ok());
  EXPECT_LE(history.closed_bytes(), 10 * History::kMinuteBytes + History::kHourBytes);
  std::uint64_t requests = 0;
  history.Visit(history.CurrentMinute() - 20, history.CurrentMinute(), true,
                [&](std::int64_t, std::int64_t, const Rollup& rollup) {
                  for (const auto& [name, row] : rollup.rows()) requests += row.counts.Requests();
                });
  EXPECT_EQ(requests, 50'000U);
}

TEST_F(TelemetryStatsTest, TheEndpointsRefuseWhatTheyDoNotKnow) {
  auto telemetry = Start();
  StatsEndpoint stats(*telemetry);
  TimeseriesEndpoint series(*telemetry);
  for (AdminEndpoint* endpoint : std::initializer_list<AdminEndpoint*>{&stats, &series}) {
    const auto ask = [&](const std::string& query) {
      Request request;
      request.target = "/x?" + query;
      return endpoint->Handle(request, "");
    };
    for (const char* query : {"window=31d", "window=2592001", "windows=1h", "window=1h&window=2h",
                              "partition=xyz", "partition=0123456", "limit=3"}) {
      EXPECT_EQ(ask(query).status, 400) << query;
    }
    for (const char* query : {"", "window=30d", "window=2592000", "window=90s", "window=0",
                              "model=a%20b&partition=0123456789abcdef&route=chat"}) {
      EXPECT_EQ(ask(query).status, 200) << query;
    }
    EXPECT_FALSE(endpoint->plan().on_loop) << "a month takes some milliseconds";
  }
}

}  // namespace
}  // namespace larder

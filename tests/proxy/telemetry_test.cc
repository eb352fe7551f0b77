#include "proxy/admin/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/proxy/telemetry_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TelemetryTest : public TelemetryFixture {};

TEST_F(TelemetryTest, MetricsCountRequestsByRouteOutcomeAndStatus) {
  auto telemetry = Start();
  for (int i = 0; i < 3; ++i) telemetry->Record(Chat(CacheOutcome::kHit));
  telemetry->Record(Chat(CacheOutcome::kMiss, 429));
  telemetry->Record(Finished("passthrough", CacheLayer::kNone, CacheOutcome::kBypass, 0));
  const std::string text = telemetry->RenderMetrics();
  for (const char* line : {
           R"(larder_requests_total{route="chat",outcome="hit",status_class="2xx"} 3)",
           R"(larder_requests_total{route="chat",outcome="miss",status_class="4xx"} 1)",
           R"(larder_requests_total{route="passthrough",outcome="bypass",status_class="none"} 1)",
           R"(larder_build_info{version="1.2.3"} 1)",
           "larder_start_time_seconds 1767225600",
       }) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

TEST_F(TelemetryTest, MetricsCountInputsTokensAndWhatWasStored) {
  auto telemetry = Start();
  RequestRecord record = Embeddings(CacheOutcome::kMiss, 8, 5);
  record.cache.billed_tokens = 30;
  record.cache.saved_tokens = 50;
  record.cache.stored = true;
  record.cache.collapsed = true;
  record.cache.store_failed = true;
  record.complete = false;
  telemetry->Record(record);
  const std::string text = telemetry->RenderMetrics();
  for (const char* line :
       {R"(larder_embedding_inputs_total{outcome="hit"} 5)",
        R"(larder_embedding_inputs_total{outcome="miss"} 3)",
        R"(larder_tokens_total{kind="billed"} 30)", R"(larder_tokens_total{kind="saved"} 50)",
        "larder_stored_total 1", "larder_collapsed_total 1", "larder_incomplete_total 1",
        "larder_store_failed_requests_total 1"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

TEST_F(TelemetryTest, HistogramBoundsAreInclusiveAndStartAtFiftyMicroseconds) {
  auto telemetry = Start();
  for (const int micros : {1, 50, 51, 100, 60'000'000, 60'000'001}) {
    RequestRecord record = Chat(CacheOutcome::kHit);
    record.total = microseconds(micros);
    telemetry->Record(record);
  }
  const std::string text = telemetry->RenderMetrics();
  const std::string bucket = "larder_request_duration_seconds_bucket{outcome=\"hit\",le=";
  EXPECT_THAT(text, HasSubstr(bucket + "\"5e-05\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.0001\"} 4\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"60\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("larder_request_duration_seconds_count{outcome=\"hit\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("larder_request_duration_seconds_sum{outcome=\"hit\"} 120.000203\n"));
}

TEST_F(TelemetryTest, OverheadIsTheTimeToTheHeadLessUpstreams) {
  auto telemetry = Start();
  RequestRecord record = Chat(CacheOutcome::kMiss);
  record.cache.forward_status = 200;
  record.times.upstream = milliseconds(300);
  record.to_first_byte = milliseconds(301);
  record.total = seconds(9);  // a stream
  telemetry->Record(record);
  const std::string text = telemetry->RenderMetrics();
  EXPECT_THAT(text, HasSubstr("larder_overhead_duration_seconds_sum{outcome=\"miss\"} 0.001\n"));
  EXPECT_THAT(text, HasSubstr("larder_upstream_duration_seconds_sum 0.3\n"));
  EXPECT_THAT(text, HasSubstr("larder_request_duration_seconds_sum{outcome=\"miss\"} 9\n"));
}

TEST_F(TelemetryTest, OnlyWhoAskedUpstreamCountsAsAnUpstreamRequest) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));
  RequestRecord leader = Chat(CacheOutcome::kMiss);
  leader.cache.forward_status = 200;
  telemetry->Record(leader);
  RequestRecord follower = leader;
  follower.cache.collapsed = true;
  telemetry->Record(follower);
  RequestRecord unreachable = Chat(CacheOutcome::kMiss, 502);
  unreachable.times.upstream = milliseconds(5);
  telemetry->Record(unreachable);
  // A batch that led some inputs and followed for others did ask.
  RequestRecord both = Embeddings(CacheOutcome::kMiss, 2, 0);
  both.cache.forward_status = 500;
  both.cache.collapsed = true;
  telemetry->Record(both);
  const std::string text = telemetry->RenderMetrics();
  const std::string name = "larder_upstream_requests_total{status_class=";
  EXPECT_THAT(text, HasSubstr(name + "\"2xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"5xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("larder_upstream_duration_seconds_count 3\n"));
}

TEST_F(TelemetryTest, GaugesAreReadAtEachRendering) {
  auto telemetry = Start();
  // Different numbers, so that none can stand for another.
  gauges_ = {.embedding_memory_bytes = 101,
             .embedding_memory_entries = 102,
             .response_memory_bytes = 103,
             .response_memory_entries = 104,
             .embedding_store_entries = 105,
             .embedding_store_bytes = 106,
             .response_store_entries = 107,
             .response_store_bytes = 108,
             .store_failures = 109,
             .corrupt_records = 110,
             .memory_evictions = 111,
             .index_vectors = 112,
             .index_bytes = 113,
             .index_spaces = 114,
             .index_queued = 115,
             .index_refused = 116,
             .index_ready = true,
             .collections = 120,
             .collections_loading = 121,
             .collection_points = 122,
             .collection_bytes = 123,
             .connections = 117,
             .worker_threads = 118,
             .worker_queue = 119};
  const std::string text = telemetry->RenderMetrics();
  const std::string stats = telemetry->RenderStats(minutes(1));
  const struct {
    const char* metric;
    const char* member;
    int value;
  } cases[] = {
      {"larder_memory_bytes{layer=\"embeddings\"}", "memory.embeddings.bytes", 101},
      {"larder_memory_entries{layer=\"embeddings\"}", "memory.embeddings.entries", 102},
      {"larder_memory_bytes{layer=\"responses\"}", "memory.responses.bytes", 103},
      {"larder_memory_entries{layer=\"responses\"}", "memory.responses.entries", 104},
      {"larder_store_entries{layer=\"embeddings\"}", "store.embeddings.entries", 105},
      {"larder_store_bytes{layer=\"embeddings\"}", "store.embeddings.bytes", 106},
      {"larder_store_entries{layer=\"responses\"}", "store.responses.entries", 107},
      {"larder_store_bytes{layer=\"responses\"}", "store.responses.bytes", 108},
      {"larder_store_failures_total", "store.failures", 109},
      {"larder_corrupt_records_total", "store.corrupt_records", 110},
      {"larder_memory_evictions_total", "memory.evictions", 111},
      {"larder_index_vectors", "index.vectors", 112},
      {"larder_index_bytes", "index.bytes", 113},
      {"larder_index_spaces", "index.spaces", 114},
      {"larder_index_queued_embeddings", "index.queued", 115},
      {"larder_index_refused_total", "index.refused", 116},
      {"larder_collections", "collections.count", 120},
      {"larder_collections_loading", "collections.loading", 121},
      {"larder_collection_points", "collections.points", 122},
      {"larder_collection_index_bytes", "collections.bytes", 123},
      {"larder_connections", "connections", 117},
      {"larder_worker_threads", "workers.threads", 118},
      {"larder_worker_queued_requests", "workers.queued", 119},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(text, HasSubstr(std::string(c.metric) + " " + std::to_string(c.value) + "\n"));
    EXPECT_EQ(NumberAt(stats, c.member), c.value) << c.member;
  }
  EXPECT_THAT(text, HasSubstr("larder_index_ready 1\n"));
  EXPECT_THAT(stats, HasSubstr(R"("ready":true)"));
}

TEST_F(TelemetryTest, RouteLabelsStayFewWhateverIsSent) {
  auto telemetry = Start();
  for (const char* route : {"", "UPPER", "a b", "x\"} 1\nfake_metric 1"}) {
    telemetry->Record(Finished(route, CacheLayer::kNone, CacheOutcome::kBypass));
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string route = "route-" + std::to_string(i);
    telemetry->Record(Finished(route.c_str(), CacheLayer::kNone, CacheOutcome::kBypass));
  }
  const std::string text = telemetry->RenderMetrics();
  EXPECT_THAT(text, HasSubstr(R"({route="other",outcome="bypass",status_class="2xx"} 972)"));
  EXPECT_THAT(text, HasSubstr(R"({route="route-31",)"));
  EXPECT_THAT(text, Not(HasSubstr(R"({route="route-32",)")));
  EXPECT_THAT(text, Not(HasSubstr("fake_metric")));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(minutes(1)), "requests.by_route.other"), 972);
}

TEST_F(TelemetryTest, WatchingDoesNotMoveWhatIsWatched) {
  auto telemetry = Start();
  for (const char* route : {"admin", "dashboard", "health", "metrics"}) {
    telemetry->Record(Finished(route, CacheLayer::kNone, CacheOutcome::kBypass, 401));
  }
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_EQ(NumberAt(stats, "requests.total"), 0);
  EXPECT_EQ(NumberAt(stats, "requests.errors_4xx"), 0);
  EXPECT_EQ(NumberAt(stats, "requests.by_route.admin"), 1);
  EXPECT_THAT(telemetry->RenderMetrics(),
              HasSubstr(R"({route="admin",outcome="bypass",status_class="4xx"} 1)"));
  EXPECT_THAT(telemetry->RenderMetrics(),
              HasSubstr("larder_request_duration_seconds_count{outcome=\"bypass\"} 0\n"));
}

TEST_F(TelemetryTest, RatesAreNullUntilSomethingWasAsked) {
  auto telemetry = Start();
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_THAT(stats, HasSubstr(R"("input_hits":0,"hit_rate":null)"));
  EXPECT_THAT(stats, HasSubstr(R"("request":0,"hit_rate":null)"));
  EXPECT_THAT(stats,
              HasSubstr(R"("hit":{"count":0,"mean":null,"p50":null,"p95":null,"p99":null})"));
}

TEST_F(TelemetryTest, EmbeddingsRateIsPerInputAndLeavesBypassOut) {
  auto telemetry = Start();
  telemetry->Record(Embeddings(CacheOutcome::kHit, 3, 3));
  telemetry->Record(Embeddings(CacheOutcome::kMiss, 5, 1));
  telemetry->Record(Embeddings(CacheOutcome::kRequest, 2, 0));
  telemetry->Record(Embeddings(CacheOutcome::kBypass, 100, 0));
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_EQ(NumberAt(stats, "embeddings.requests"), 4);
  EXPECT_EQ(NumberAt(stats, "embeddings.bypass"), 1);
  EXPECT_EQ(NumberAt(stats, "embeddings.inputs"), 10);
  EXPECT_EQ(NumberAt(stats, "embeddings.input_hits"), 4);
  EXPECT_EQ(NumberAt(stats, "embeddings.hit_rate"), 0.4);
}

TEST_F(TelemetryTest, ResponsesRateIsPerRequestAndLeavesBypassOut) {
  auto telemetry = Start();
  for (int i = 0; i < 3; ++i) telemetry->Record(Chat(CacheOutcome::kHit));
  telemetry->Record(Chat(CacheOutcome::kMiss, 502));
  telemetry->Record(Chat(CacheOutcome::kStale));
  telemetry->Record(Chat(CacheOutcome::kRequest, 429));
  for (int i = 0; i < 7; ++i) telemetry->Record(Chat(CacheOutcome::kBypass));
  const std::string stats = telemetry->RenderStats(hours(1));
  const std::pair<const char*, double> cases[] = {
      {"responses.requests", 13},  {"responses.hits", 3},      {"responses.misses", 1},
      {"responses.stale", 1},      {"responses.request", 1},   {"responses.bypass", 7},
      {"responses.hit_rate", 0.5}, {"requests.total", 13},     {"requests.by_route.chat", 13},
      {"requests.errors_4xx", 1},  {"requests.errors_5xx", 1}, {"window_s", 3600}};
  for (const auto& [path, value] : cases) EXPECT_EQ(NumberAt(stats, path), value) << path;
}

TEST_F(TelemetryTest, StatsNameTheServer) {
  auto telemetry = Start();
  clock_.Advance(milliseconds(61'900));
  const std::string stats = telemetry->RenderStats(seconds(0));
  EXPECT_THAT(stats,
              testing::StartsWith(R"({"version":"1.2.3","upstream":"builtin","builtin":true,)"
                                  R"("now":1767225661,"started_at":1767225600,"uptime_s":61,)"
                                  R"("window_s":0,)"));
  EXPECT_THAT(stats, HasSubstr(R"("path":"/var/lib/larder")"));
  Telemetry other(store_, clock_, {"1", "https://api.openai.com/v1", ""}, [] { return Gauges(); });
  EXPECT_THAT(other.RenderStats(seconds(0)), HasSubstr(R"("builtin":false)"));
}

TEST_F(TelemetryTest, PercentilesAreWithinASixteenth) {
  auto telemetry = Start();
  for (int i = 1; i <= 1000; ++i) {
    RequestRecord hit = Chat(CacheOutcome::kHit);
    hit.total = microseconds(10 * i);
    telemetry->Record(hit);
    RequestRecord miss = Chat(CacheOutcome::kMiss);
    miss.total = milliseconds(i);
    telemetry->Record(miss);
  }
  const std::string stats = telemetry->RenderStats(hours(1));
  const std::pair<const char*, double> cases[] = {
      {"latency_ms.hit.p50", 5.0},     {"latency_ms.hit.p95", 9.5},
      {"latency_ms.hit.p99", 9.9},     {"latency_ms.hit.mean", 5.005},
      {"latency_ms.miss.p50", 500},    {"latency_ms.miss.p95", 950},
      {"latency_ms.miss.p99", 990},    {"latency_ms.miss.mean", 500.5},
      {"latency_ms.miss.count", 1000}, {"latency_ms.hit.count", 1000}};
  for (const auto& [path, value] : cases) {
    EXPECT_NEAR(NumberAt(stats, path), value, value / 16) << path;
  }
}

TEST_F(TelemetryTest, PercentilesLeaveOutErrorsAndBrokenAnswers) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kMiss, 500));
  telemetry->Record(Chat(CacheOutcome::kBypass));
  RequestRecord broken = Chat(CacheOutcome::kHit);
  broken.complete = false;
  telemetry->Record(broken);
  const std::string stats = telemetry->RenderStats(hours(1));
  EXPECT_EQ(NumberAt(stats, "latency_ms.hit.count"), 0);
  EXPECT_EQ(NumberAt(stats, "latency_ms.miss.count"), 0);
  EXPECT_EQ(NumberAt(stats, "requests.incomplete"), 1);
}

TEST_F(TelemetryTest, VeryLongAndNegativeTimesAreCounted) {
  auto telemetry = Start();
  for (const std::int64_t micros : {std::int64_t{-5}, std::int64_t{0}, std::int64_t{1} << 40}) {
    RequestRecord record = Chat(CacheOutcome::kHit);
    record.total = microseconds(micros);
    telemetry->Record(record);
  }
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1)), "latency_ms.hit.count"), 3);
}

TEST_F(TelemetryTest, CountsStaleAnswersByWhyTheyWereGiven) {
  auto telemetry = Start();
  RequestRecord renewed = Chat(CacheOutcome::kHit);
  renewed.cache.revalidating = true;
  RequestRecord failed = Chat(CacheOutcome::kStale);
  failed.cache.on_error = true;
  telemetry->Record(renewed);
  telemetry->Record(renewed);
  telemetry->Record(failed);
  const std::string metrics = telemetry->RenderMetrics();
  EXPECT_THAT(metrics, HasSubstr("larder_stale_answers_total{kind=\"revalidate\"} 2"));
  EXPECT_THAT(metrics, HasSubstr("larder_stale_answers_total{kind=\"error\"} 1"));
}

TEST_F(TelemetryTest, TellsEachUpstreamByItsName) {
  gauges_.upstreams = {{.label = "default", .attempts = 7, .retries = 2, .failures = 3},
                       {.label = "other", .refused = 5, .breaker = BreakerState::kOpen}};
  const std::string metrics = Start()->RenderMetrics();
  EXPECT_THAT(metrics, HasSubstr("larder_upstream_attempts_total{upstream=\"default\"} 7"));
  EXPECT_THAT(metrics, HasSubstr("larder_upstream_retries_total{upstream=\"default\"} 2"));
  EXPECT_THAT(metrics, HasSubstr("larder_upstream_failures_total{upstream=\"default\"} 3"));
  EXPECT_THAT(metrics, HasSubstr("larder_upstream_refused_total{upstream=\"other\"} 5"));
  EXPECT_THAT(metrics, HasSubstr("larder_upstream_breaker_open{upstream=\"default\"} 0"));
  EXPECT_THAT(metrics, HasSubstr("larder_upstream_breaker_open{upstream=\"other\"} 1"));
}

TEST_F(TelemetryTest, CountsExactlyWhileManyThreadsRecordFlushAndRender) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 2000;
  auto telemetry = Start();
  const RequestRecord hit = Chat(CacheOutcome::kHit);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      EXPECT_TRUE(telemetry->Flush().ok());
      EXPECT_THAT(telemetry->RenderMetrics(), HasSubstr("larder_build_info"));
      telemetry->RenderStats(minutes(5));
      telemetry->RenderTimeseries(minutes(5));
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRecords; ++i) telemetry->Record(hit);
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  ASSERT_TRUE(telemetry->Flush().ok());
  constexpr int kAll = kThreads * kRecords;
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1)), "responses.hits"), kAll);
  EXPECT_EQ(NumberAt(telemetry->RenderStats(seconds(0)), "responses.hits"), kAll);
  EXPECT_EQ(NumberAt(Start()->RenderStats(hours(1)), "responses.hits"), kAll);
  EXPECT_THAT(telemetry->RenderMetrics(),
              HasSubstr(R"({route="chat",outcome="hit",status_class="2xx"} 8000)"));
}

TEST_F(TelemetryTest, MetricsTellOfTheDiskAndOfUpkeep) {
  gauges_.disk = {.used_bytes = 7, .limit_bytes = 9, .state = DiskState::kWarning};
  gauges_.maintenance.resize(1);
  gauges_.maintenance[0].name = "eviction";
  gauges_.maintenance[0].last_failed = true;
  EXPECT_THAT(Start()->RenderMetrics(),
              AllOf(HasSubstr("larder_disk_used_bytes 7\n"),
                    HasSubstr("larder_disk_limit_bytes 9\n"), HasSubstr("larder_disk_state 1\n"),
                    HasSubstr("larder_maintenance_failed{task=\"eviction\"} 1\n")));
}

}  // namespace
}  // namespace larder

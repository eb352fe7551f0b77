#include "proxy/admin/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "cache/record.h"
#include "tests/proxy/telemetry_fixture.h"
#include "tests/support/faulty_store.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class HistoryTest : public TelemetryFixture {};

TEST_F(HistoryTest, AWindowEndsWithTheCurrentMinuteAndIsRoundedUp) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));  // 00:00
  clock_.Advance(milliseconds(59'999));
  telemetry->Record(Chat(CacheOutcome::kHit));  // still 00:00
  EXPECT_EQ(NumberAt(telemetry->RenderStats(seconds(1)), "responses.hits"), 2);
  clock_.Advance(milliseconds(1));  // 00:01
  telemetry->Record(Chat(CacheOutcome::kHit));
  const std::pair<seconds, double> cases[] = {
      {seconds(1), 1}, {seconds(60), 1}, {seconds(61), 3}, {seconds(120), 3}};
  for (const auto& [window, hits] : cases) {
    EXPECT_EQ(NumberAt(telemetry->RenderStats(window), "responses.hits"), hits) << window.count();
  }
  EXPECT_EQ(NumberAt(telemetry->RenderStats(seconds(61)), "window_s"), 120);
}

TEST_F(HistoryTest, AMinuteLeavesTheWindowExactlyAtItsLength) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));
  clock_.Advance(hours(24) - milliseconds(1));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(24)), "responses.hits"), 1);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(24)), "responses.hits"), 0);
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1000)), "window_s"), 30 * 86400);
  EXPECT_EQ(NumberAt(telemetry->RenderStats(seconds(0)), "responses.hits"), 1);
}

TEST_F(HistoryTest, ARequestCountsInTheMinuteInWhichItFinished) {
  auto telemetry = Start();
  const RequestRecord record = Chat(CacheOutcome::kHit);
  clock_.Advance(minutes(1));
  telemetry->Record(record);
  EXPECT_EQ(Series(telemetry->RenderTimeseries(minutes(2)), "response_hits"),
            (std::vector<std::int64_t>{1, 0}));
}

TEST_F(HistoryTest, TimeseriesHasOnePointAStepOldestFirst) {
  auto telemetry = Start();
  RequestRecord record = Embeddings(CacheOutcome::kMiss, 4, 3);
  record.cache.saved_tokens = 12;
  record.cache.billed_tokens = 4;
  telemetry->Record(record);
  clock_.Advance(minutes(2));
  telemetry->Record(Chat(CacheOutcome::kHit));
  telemetry->Record(Chat(CacheOutcome::kMiss, 500));
  telemetry->Record(Chat(CacheOutcome::kStale));
  telemetry->Record(Chat(CacheOutcome::kRequest));
  telemetry->Record(Finished("passthrough", CacheLayer::kNone, CacheOutcome::kBypass, 404));
  const std::string json = telemetry->RenderTimeseries(minutes(3));
  EXPECT_THAT(json, testing::StartsWith(R"({"step_s":60,"points":[{"t":1767225600,)"));
  using Values = std::vector<std::int64_t>;
  const std::pair<const char*, Values> cases[] = {{"t", {1767225600, 1767225660, 1767225720}},
                                                  {"requests", {1, 0, 5}},
                                                  {"embedding_inputs", {4, 0, 0}},
                                                  {"embedding_input_hits", {3, 0, 0}},
                                                  {"response_hits", {0, 0, 1}},
                                                  {"response_misses", {0, 0, 1}},
                                                  {"response_stale", {0, 0, 1}},
                                                  {"response_request", {0, 0, 1}},
                                                  {"bypass", {0, 0, 1}},
                                                  {"errors", {0, 0, 2}},
                                                  {"errors_5xx", {0, 0, 1}},
                                                  {"tokens_saved", {12, 0, 0}},
                                                  {"tokens_billed", {4, 0, 0}}};
  for (const auto& [field, values] : cases) EXPECT_EQ(Series(json, field), values) << field;
}

TEST_F(HistoryTest, RollupsSurviveARestart) {
  auto first = Start();
  for (int i = 0; i < 3; ++i) first->Record(Chat(CacheOutcome::kHit));
  ASSERT_TRUE(first->Flush().ok());
  clock_.Advance(minutes(1));
  RequestRecord record = Embeddings(CacheOutcome::kMiss, 8, 5);
  record.cache.saved_tokens = 50;
  record.total = milliseconds(40);
  first->Record(record);
  ASSERT_TRUE(first->Flush().ok());
  const std::string before = first->RenderStats(hours(1));
  const std::string chart = first->RenderTimeseries(hours(1));
  first.reset();

  auto second = Start();
  EXPECT_EQ(second->RenderTimeseries(hours(1)), chart);
  const std::string after = second->RenderStats(hours(1));
  EXPECT_EQ(after.substr(after.find("\"embeddings\"")),
            before.substr(before.find("\"embeddings\"")));
  EXPECT_EQ(NumberAt(second->RenderStats(seconds(0)), "requests.total"), 0);

  // Within the same minute the new process goes on where the old one stopped.
  second->Record(record);
  ASSERT_TRUE(second->Flush().ok());
  EXPECT_EQ(NumberAt(Start()->RenderStats(hours(1)), "embeddings.inputs"), 16);
}

TEST_F(HistoryTest, FlushWritesOnlyWhatChanged) {
  FaultyStore store(store_);
  auto telemetry = StartOn(store);
  ASSERT_TRUE(telemetry->Flush().ok());
  EXPECT_EQ(store.writes(), 0U);
  telemetry->Record(Chat(CacheOutcome::kHit));
  ASSERT_TRUE(telemetry->Flush().ok());
  ASSERT_TRUE(telemetry->Flush().ok());
  EXPECT_EQ(store.writes(), 1U);
}

TEST_F(HistoryTest, AFlushThatFailedIsMadeUpForLater) {
  FaultyStore store(store_);
  auto telemetry = StartOn(store);
  telemetry->Record(Chat(CacheOutcome::kHit));
  store.FailWrites(true);
  const Status failed = telemetry->Flush();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  clock_.Advance(minutes(5));
  store.FailWrites(false);
  ASSERT_TRUE(telemetry->Flush().ok());
  EXPECT_EQ(NumberAt(Start()->RenderStats(hours(1)), "responses.hits"), 1);
}

TEST_F(HistoryTest, StartsBlankWhenTheHistoryCannotBeRead) {
  FaultyStore store(store_);
  store.FailReads(true);
  auto telemetry = StartOn(store);
  telemetry->Record(Chat(CacheOutcome::kHit));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1)), "responses.hits"), 1);
}

TEST_F(HistoryTest, DamagedMinutesAreLeftOutAndTheOthersKept) {
  const std::int64_t minute = ToUnixMillis(clock_.Now()) / 60000;
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));
  ASSERT_TRUE(telemetry->Flush().ok());
  const std::string key = History::KeyOf(minute);
  const std::array<std::string_view, 1> keys = {key};
  const std::string good = *(*store_.MultiGet(Family::kHistory, keys))[0];
  const auto opened = OpenRecord(RecordKind::kRollup, good);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->stamp.lifetime, hours(3 * 24));

  const std::string payload(opened->payload);
  std::string later_version = payload;
  later_version[0] = 9;
  WriteBatch batch;
  int minutes_back = 0;
  std::vector<std::string> damaged = {"", "garbage", good.substr(0, good.size() - 1)};
  for (const std::string& bytes :
       {later_version, payload + "x", payload.substr(0, payload.size() / 2), std::string()}) {
    damaged.push_back(SealRecord(RecordKind::kRollup, opened->stamp, bytes));
  }
  damaged.push_back(SealRecord(RecordKind::kInput, opened->stamp, payload));
  for (const std::string& value : damaged) {
    batch.Put(Family::kHistory, History::KeyOf(minute - ++minutes_back), value);
  }
  batch.Put(Family::kHistory, "short", good);
  batch.Put(Family::kHistory, "h", good);
  ASSERT_TRUE(store_.Apply(batch).ok());
  EXPECT_EQ(NumberAt(Start()->RenderStats(hours(24)), "responses.hits"), 1);
  EXPECT_EQ(NumberAt(Start()->RenderStats(hours(24)), "requests.total"), 1);
}

TEST_F(HistoryTest, AClockThatStepsBackLosesNothing) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));
  clock_.StepWall(-minutes(10));
  telemetry->Record(Chat(CacheOutcome::kMiss));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1)), "responses.requests"), 1);
  clock_.Advance(minutes(10));
  EXPECT_EQ(NumberAt(telemetry->RenderStats(hours(1)), "responses.requests"), 2);
}

TEST_F(HistoryTest, KeysSortAsTimeDoes) {
  EXPECT_EQ(History::KeyOf(0), std::string(8, '\0'));
  EXPECT_EQ(History::KeyOf(0x0102), std::string("\0\0\0\0\0\0\x01\x02", 8));
  EXPECT_LT(History::KeyOf(255), History::KeyOf(256));
}

}  // namespace
}  // namespace larder

#include "cache/freshness.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

// A record that may live `stored` looked at `later` than it was stored.
struct Case {
  const char* name;
  std::chrono::milliseconds later;
  std::chrono::seconds stored;
  std::chrono::seconds configured;
  std::optional<std::chrono::seconds> limit;
  Freshness expected;
};

constexpr auto kFresh = Freshness::kFresh;
constexpr auto kStale = Freshness::kStale;
constexpr auto kRefused = Freshness::kRefused;
constexpr std::chrono::seconds kForever = std::chrono::seconds::max();

const Case kCases[] = {
    {"just stored", 0ms, 60s, 60s, {}, kFresh},
    {"a millisecond before its lifetime", 59999ms, 60s, 60s, {}, kFresh},
    {"exactly at its lifetime", 60s, 60s, 60s, {}, kStale},
    {"a millisecond past its lifetime", 60001ms, 60s, 60s, {}, kStale},
    {"without a lifetime", 0ms, 0s, 60s, {}, kStale},
    {"configured shorter than stored, before", 29999ms, 60s, 30s, {}, kFresh},
    {"configured shorter than stored, at it", 30s, 60s, 30s, {}, kStale},
    {"configured longer than stored", 60s, 60s, 90s, {}, kStale},
    {"limit shorter than both, before", 9999ms, 60s, 30s, 10s, kFresh},
    {"limit shorter than both, at it", 10s, 60s, 30s, 10s, kRefused},
    {"limit longer does not prolong", 60s, 60s, 90s, 1000s, kStale},
    {"limit zero refuses what is new", 0ms, 60s, 60s, 0s, kRefused},
    {"limit without bound", 59s, 60s, 60s, kForever, kFresh},
    {"clock a second back", -1s, 60s, 60s, {}, kFresh},
    {"clock back as far as tolerated", -60s, 60s, 60s, {}, kFresh},
    {"clock back further than tolerated", -60001ms, 60s, 60s, {}, kStale},
    {"clock back by a year", -8760h, 60s, 60s, {}, kStale},
    {"limit zero with the clock back", -1s, 60s, 60s, 0s, kRefused},
    {"without a lifetime with the clock back", -1s, 0s, 60s, {}, kStale},
};

RecordStamp StampOf(const Case& row) {
  return {ManualClock().Now(), row.stored};
}

TEST(FreshnessTest, FollowsTheTable) {
  for (const Case& row : kCases) {
    const RecordStamp stamp = StampOf(row);
    EXPECT_EQ(FreshnessOf(stamp, stamp.stored_at + row.later, {row.configured, row.limit}),
              row.expected)
        << row.name;
  }
}

TEST(FreshnessTest, IsStaleExactlyAtItsLifetime) {
  const RecordStamp stamp{ManualClock().Now(), 3600s};
  EXPECT_EQ(FreshnessOf(stamp, stamp.stored_at + 3599999ms, {3600s}), kFresh);
  EXPECT_EQ(FreshnessOf(stamp, stamp.stored_at + 3600s, {3600s}), kStale);
}

// RFC 9111, section 5.2.1, of an entry that lives a minute.
TEST(FreshnessTest, BendsToTheRequestsDirectives) {
  const RecordStamp stamp{ManualClock().Now(), 60s};
  const struct {
    const char* name;
    std::chrono::milliseconds later;
    FreshnessLimits limits;
    Freshness expected;
  } cases[] = {
      {"min-fresh: enough left", 20s, {.lifetime = 90s, .min_fresh = 40s}, kFresh},
      {"min-fresh: too little left", 20001ms, {.lifetime = 90s, .min_fresh = 40s}, kRefused},
      {"min-fresh: of the shorter lifetime", 1s, {.lifetime = 30s, .min_fresh = 30s}, kRefused},
      {"max-stale: within it", 70s, {.lifetime = 90s, .max_stale = 10s}, kFresh},
      {"max-stale: beyond it", 70001ms, {.lifetime = 90s, .max_stale = 10s}, kStale},
      {"max-stale: without a number", 9000h, {.lifetime = 90s, .max_stale = kForever}, kFresh},
      {"max-stale: no prolonging of max-age",
       70s,
       {.lifetime = 90s, .max_age = 65s, .max_stale = 10s},
       kStale},
      {"any age", 9000h, {.lifetime = 1s, .max_age = 0s, .any_age = true}, kFresh},
  };
  for (const auto& row : cases) {
    EXPECT_EQ(FreshnessOf(stamp, stamp.stored_at + row.later, row.limits), row.expected)
        << row.name;
  }
}

TEST(StalenessTest, CountsFromTheEndOfTheShorterLifetime) {
  const RecordStamp stamp{ManualClock().Now(), 60s};
  EXPECT_EQ(StalenessOf(stamp, stamp.stored_at + 59s, 90s), -1s);
  EXPECT_EQ(StalenessOf(stamp, stamp.stored_at + 60s, 90s), 0s);
  EXPECT_EQ(StalenessOf(stamp, stamp.stored_at + 75s, 90s), 15s);
  EXPECT_EQ(StalenessOf(stamp, stamp.stored_at + 75s, 30s), 45s);
  // A clock that stands far behind: as stale as it is behind.
  EXPECT_EQ(StalenessOf(stamp, stamp.stored_at - 100s, 90s), 100s);
}

TEST(FreshnessTest, IsPositiveTtlWhereTheRequestSetsNoLimit) {
  for (const Case& row : kCases) {
    if (row.limit) continue;
    const RecordStamp stamp = StampOf(row);
    EXPECT_EQ(TtlOf(stamp, stamp.stored_at + row.later, row.configured) > 0s,
              row.expected == kFresh)
        << row.name;
  }
}

TEST(AgeTest, IsInWholeSecondsAndNeverNegative) {
  const RecordStamp stamp{ManualClock().Now(), 60s};
  const struct {
    std::chrono::milliseconds later;
    std::chrono::seconds age;
  } cases[] = {{0ms, 0s}, {999ms, 0s}, {1000ms, 1s}, {61500ms, 61s}, {-1ms, 0s}, {-3h, 0s}};
  for (const auto& row : cases) {
    EXPECT_EQ(AgeOf(stamp, stamp.stored_at + row.later), row.age) << row.later.count();
  }
}

TEST(TtlTest, IsWhatIsLeftOfTheShorterLifetime) {
  const RecordStamp stamp{ManualClock().Now(), 60s};
  const struct {
    const char* name;
    std::chrono::milliseconds later;
    std::chrono::seconds configured, ttl;
  } cases[] = {
      {"all of it", 0ms, 90s, 60s},
      {"begun seconds count", 1500ms, 90s, 59s},
      {"configured is shorter", 10s, 30s, 20s},
      {"at the end", 60s, 90s, 0s},
      {"past the end", 75s, 90s, -15s},
      {"stored in the tolerated future", -30s, 90s, 60s},
      {"stored in a future beyond tolerance", -100s, 90s, -100s},
  };
  for (const auto& row : cases) {
    EXPECT_EQ(TtlOf(stamp, stamp.stored_at + row.later, row.configured), row.ttl) << row.name;
  }
}

}  // namespace
}  // namespace larder

// Telemetry on a MemoryStore and a ManualClock, and the records of requests that finish now. For
// telemetry_test.cc and history_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/memory_store.h"
#include "proxy/admin/telemetry.h"
#include "proxy/json/json.h"
#include "tests/support/manual_clock.h"

namespace larder {

// The number at a dotted path ("responses.hits"); fails the test when there is none.
inline double NumberAt(const std::string& json, std::string_view path) {
  const auto document = JsonDocument::Parse(json);
  if (!document.ok()) {
    ADD_FAILURE() << "not JSON: " << json;
    return -1;
  }
  std::optional<JsonElement> at = document->root();
  std::string_view rest = path;
  while (at && !rest.empty()) {
    const std::size_t dot = rest.find('.');
    at = Member(*at, rest.substr(0, dot));
    rest = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  }
  double number = -1;
  EXPECT_TRUE(at && at->get(number) == simdjson::SUCCESS) << path << " in " << json;
  return number;
}

// `field` of every point of a timeseries.
inline std::vector<std::int64_t> Series(const std::string& json, std::string_view field) {
  std::vector<std::int64_t> values;
  const auto document = JsonDocument::Parse(json);
  EXPECT_TRUE(document.ok()) << json;
  JsonArray points;
  EXPECT_EQ(Member(document->root(), "points")->get(points), simdjson::SUCCESS);
  for (const JsonElement point : points) values.push_back(IntMember(point, field).value_or(-1));
  return values;
}

class TelemetryFixture : public testing::Test {
 protected:
  std::unique_ptr<Telemetry> Start() { return StartOn(store_); }
  std::unique_ptr<Telemetry> StartOn(Store& store) {
    return std::make_unique<Telemetry>(store, clock_,
                                       TelemetryInfo{"1.2.3", "builtin", "/var/lib/larder"},
                                       [this] { return gauges_; });
  }

  RequestRecord Finished(const char* route, CacheLayer layer, CacheOutcome outcome,
                         int status = 200) const {
    RequestRecord record;
    record.finished_at = clock_.Now();
    record.route = route;
    record.status = status;
    record.cache.layer = layer;
    record.cache.outcome = outcome;
    record.total = std::chrono::milliseconds(1);
    return record;
  }
  RequestRecord Embeddings(CacheOutcome outcome, int items, int items_hit) const {
    RequestRecord record = Finished("embeddings", CacheLayer::kEmbeddings, outcome);
    record.cache.items = items;
    record.cache.items_hit = items_hit;
    return record;
  }
  RequestRecord Chat(CacheOutcome outcome, int status = 200) const {
    return Finished("chat", CacheLayer::kResponses, outcome, status);
  }

  ManualClock clock_;  // 2026-01-01T00:00:00Z
  MemoryStore store_;
  Gauges gauges_;
};

}  // namespace larder

// Dashboard and alerts in packaging/ name metrics: each must be one that /metrics has.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>

#include "tests/proxy/telemetry_fixture.h"

namespace larder {
namespace {

using testing::Contains;
using testing::IsSubsetOf;

using Names = std::set<std::string>;

std::string Shipped(const std::string& name) {
  std::ifstream file(LARDER_SOURCE_DIR "/packaging/" + name);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

Names NamesIn(const std::string& text) {
  static const std::regex kName("larder_[a-z0-9_]+");
  return {std::sregex_token_iterator(text.begin(), text.end(), kName), {}};
}

class MetricNamesTest : public TelemetryFixture {
 protected:
  // As the sample lines of /metrics have them, a histogram's suffixes included.
  Names Served() {
    gauges_.upstreams.resize(1);
    gauges_.maintenance.resize(1);
    const auto telemetry = Start();
    telemetry->Record(Finished("chat", CacheLayer::kResponses, CacheOutcome::kHit));
    Names names = NamesIn(telemetry->RenderMetrics());
    // Of the telemetry of misses and money.
    names.insert({"larder_misses_total", "larder_cost_total"});
    return names;
  }
};

TEST_F(MetricNamesTest, TheGrafanaDashboardNamesOnlyMetricsThatThereAre) {
  const Names named = NamesIn(Shipped("grafana/larder.json"));
  EXPECT_THAT(named, Contains("larder_requests_total"));
  EXPECT_THAT(named, IsSubsetOf(Served()));
}

TEST_F(MetricNamesTest, TheAlertsNameOnlyMetricsThatThereAre) {
  const Names named = NamesIn(Shipped("prometheus/larder.rules.yml"));
  EXPECT_THAT(named, Contains("larder_disk_state"));
  EXPECT_THAT(named, IsSubsetOf(Served()));
}

}  // namespace
}  // namespace larder

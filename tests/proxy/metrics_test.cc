#include "proxy/admin/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/proxy/telemetry_fixture.h"

namespace larder {
namespace {

class MetricsTest : public TelemetryFixture {};

// The names that are defined: of "# TYPE name kind" lines.
std::set<std::string> NamesIn(const std::string& metrics) {
  std::set<std::string> names;
  std::istringstream lines(metrics);
  for (std::string hash, type, name, rest; lines >> hash >> type >> name;) {
    std::getline(lines, rest);
    if (hash == "#" && type == "TYPE") names.insert(name);
  }
  return names;
}

std::size_t SeriesIn(const std::string& metrics) {
  std::size_t series = 0;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) series += line.empty() || line[0] != '#';
  return series;
}

TEST_F(MetricsTest, AreThoseThatTheOperationsGuideDefines) {
  std::ifstream file(LARDER_SOURCE_DIR "/docs/operations.md");
  ASSERT_TRUE(file);
  std::string docs((std::istreambuf_iterator<char>(file)), {});
  docs = docs.substr(docs.find("## Metrics"));
  docs = docs.substr(0, docs.find("\n## ", 1));
  std::set<std::string> documented;
  const std::regex name("larder_[a-z0-9_]+");
  for (std::sregex_iterator at(docs.begin(), docs.end(), name), end; at != end; ++at) {
    documented.insert(at->str());
  }
  gauges_.upstreams = {{.label = "default"}};
  EXPECT_EQ(NamesIn(Start()->RenderMetrics()), documented);
}

TEST_F(MetricsTest, StayFewWhateverIsSent) {
  auto telemetry = Start();
  telemetry->Record(Chat(CacheOutcome::kHit));
  for (int i = 0; i < 3000; ++i) {
    const std::string hostile = "x\"\n} 1 #" + std::to_string(i);
    RequestRecord record = Chat(kAllOutcomes[i % kAllOutcomes.size()], i);
    record.route = i % 2 == 0 ? hostile : "route-" + std::to_string(i);
    record.model = hostile;
    record.partition = std::to_string(i);
    record.upstream = hostile;
    record.cache.upstream = hostile;
    record.cache.reason = hostile;
    record.cache.changed_field = hostile;
    record.cache.billed_tokens = 5;
    telemetry->Record(record);
  }
  // At most 33 routes, 5 outcomes and 6 classes of status, and what is there anyhow.
  const std::string text = telemetry->RenderMetrics();
  EXPECT_LT(SeriesIn(text), 33U * 5 * 6 + 400);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("x\\\"")));
  EXPECT_THAT(text, testing::HasSubstr("larder_unpriced_tokens_total 15000\n"));
}

TEST_F(MetricsTest, CostIsInTheCurrency) {
  auto telemetry = Start();
  RequestRecord record = Chat(CacheOutcome::kMiss);
  record.model = "gpt-4o";
  record.cache.billed_tokens = 1'000'000;
  record.cache.saved_tokens = 500'000;
  telemetry->Record(record);
  const std::string text = telemetry->RenderMetrics();
  EXPECT_THAT(text, testing::HasSubstr("larder_cost_total{kind=\"spent\"} 2.5\n"));
  EXPECT_THAT(text, testing::HasSubstr("larder_cost_total{kind=\"saved\"} 1.25\n"));
}

}  // namespace
}  // namespace larder

// The same traffic, through the whole proxy, in every place that shows it: the numbers agree.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <sstream>

#include "proxy/admin/live_tail.h"
#include "proxy/admin/rollup.h"
#include "tests/proxy/telemetry_fixture.h"
#include "tests/support/proxy_fixture.h"

namespace larder {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// What requests add up to in one of the places.
struct Totals {
  std::int64_t requests = 0;
  std::int64_t hits = 0;
  std::int64_t misses = 0;
  std::int64_t bypass = 0;
  std::int64_t inputs = 0;
  std::int64_t input_hits = 0;
  std::int64_t billed = 0;
  std::int64_t saved = 0;
  std::int64_t spent_micro = 0;  // millionths of the currency
  std::int64_t saved_micro = 0;
  auto operator<=>(const Totals&) const = default;
};

void PrintTo(const Totals& t, std::ostream* out) {
  *out << t.requests << " requests, " << t.hits << " hits, " << t.misses << " misses, " << t.bypass
       << " bypass, " << t.inputs << " inputs, " << t.input_hits << " input hits, " << t.billed
       << " billed, " << t.saved << " saved, " << t.spent_micro << " spent, " << t.saved_micro
       << " saved money";
}

std::int64_t Micro(double amount) {
  return std::llround(amount * 1e6);
}

// Of events, or of lines, which leave out what is zero.
Totals OfObjects(const std::vector<std::string>& objects) {
  Totals totals;
  for (const std::string& json : objects) {
    const std::string outcome = StringIn(json, "outcome").value_or("?");
    const auto number = [&](std::string_view name) {
      return static_cast<std::int64_t>(NumberIn(json, name).value_or(0));
    };
    ++totals.requests;
    totals.hits += outcome == "hit";
    totals.bypass += outcome == "bypass";
    totals.misses += outcome == "miss" || outcome == "stale" || outcome == "request";
    if (StringIn(json, "layer") == "embeddings" && outcome != "bypass") {
      totals.inputs += number("items");
      totals.input_hits += number("items_hit");
    }
    totals.billed += number("tokens_billed");
    totals.saved += number("tokens_saved");
    totals.spent_micro += Micro(NumberIn(json, "spent").value_or(0));
    totals.saved_micro += Micro(NumberIn(json, "saved").value_or(0));
  }
  return totals;
}

// The sum of a metric's series whose labels have `label`.
double Metric(const std::string& text, const std::string& name, const std::string& label) {
  double sum = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + "{") && line.find(label) != std::string::npos &&
        line.find("route=\"admin\"") == std::string::npos) {
      sum += std::stod(line.substr(line.rfind(' ')));
    }
  }
  return sum;
}

class TelemetryAgreementTest : public ProxyTest {
 protected:
  TelemetryAgreementTest()
      : telemetry_(memory_, clock_, {"1.2.3", "upstream", "/data"}, [] { return Gauges(); },
                   {.prices = {{{"m", "gpt-x"}, "1000000", "1000000"}}}, {.log = &log_}) {}

  // A bit of everything that a client does.
  void Talk() {
    UseEmbeddings();
    Embed(R"({"model":"m","input":["a","b","c"]})");
    Embed(R"({"model":"m","input":["a","b","c"]})");
    Embed(R"({"model":"m","input":["a","d"]})");
    Embed(R"({"model":"unpriced","input":"x"})");
    Embed(R"({"model":"m","input":"a"})", {{"cache-control", "no-store"}});
    Embed(R"({"model":"m"})");
    upstream_.ComputeAlways([this](const FakeCall&) -> Result<UpstreamReply> {
      return upstream_.Make({.body = R"({"id":"r","object":"chat.completion","choices":[],"usage":)"
                                     R"({"prompt_tokens":7,"completion_tokens":5,)"
                                     R"("total_tokens":12}})"});
    });
    const std::string question = R"({"model":"gpt-x","messages":[{"role":"user","content":"?"}]})";
    for (int i = 0; i < 3; ++i) Chat(question);
    Chat(question, {{"cf-aig-skip-cache", "true"}});
    Chat(R"({"model":"gpt-x","messages":[{"role":"user","content":"!"}]})");
    Get("/v1/files");
    Get("/admin/v1/stats");
  }

  void Count() {
    for (const RequestRecord& record : world().records()) telemetry_.Record(record);
  }

  Log log_{LogFormat::kJson, LogLevel::kInfo};
  Telemetry telemetry_;
};

TEST_F(TelemetryAgreementTest, EveryPlaceTellsTheSameOfTheSameTraffic) {
  Talk();
  testing::internal::CaptureStderr();
  Count();
  telemetry_.Tick();
  std::istringstream log(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);

  const auto stream = telemetry_.tail().Open({}, 500, std::nullopt);
  std::string text;
  while (stream->TryRead(1 << 16, text) == ReadState::kData) {
  }
  std::vector<std::string> events;
  std::istringstream tail(text);
  for (std::string line; std::getline(tail, line);) {
    if (line.starts_with("data: ")) events.push_back(line.substr(6));
  }

  const Totals logged = OfObjects(lines);
  EXPECT_EQ(logged.requests, 12);
  EXPECT_GT(logged.hits, 0);
  EXPECT_GT(logged.misses, 0);
  EXPECT_GT(logged.bypass, 0);
  EXPECT_GT(logged.input_hits, 0);
  EXPECT_GT(logged.spent_micro, 0);
  EXPECT_GT(logged.saved_micro, 0);
  EXPECT_EQ(OfObjects(events), logged);

  for (const seconds window : {seconds(0), seconds(hours(1)), seconds(hours(30 * 24))}) {
    const std::string stats = telemetry_.RenderStats(window);
    Totals told;
    told.requests = static_cast<std::int64_t>(NumberAt(stats, "requests.total"));
    told.inputs = static_cast<std::int64_t>(NumberAt(stats, "embeddings.inputs"));
    told.input_hits = static_cast<std::int64_t>(NumberAt(stats, "embeddings.input_hits"));
    told.billed = static_cast<std::int64_t>(NumberAt(stats, "tokens.billed"));
    told.saved = static_cast<std::int64_t>(NumberAt(stats, "tokens.saved"));
    told.spent_micro = Micro(NumberAt(stats, "money.spent"));
    told.saved_micro = Micro(NumberAt(stats, "money.saved"));
    const auto document = JsonDocument::Parse(stats);
    JsonArray rows;
    ASSERT_EQ(Member(document->root(), "by_route")->get(rows), simdjson::SUCCESS);
    for (const JsonElement row : rows) {
      told.hits += IntMember(row, "hits").value_or(0);
      told.misses += IntMember(row, "misses").value_or(0);
      told.bypass += IntMember(row, "bypass").value_or(0);
    }
    EXPECT_EQ(told, logged) << window.count();
  }

  for (const seconds window : {seconds(hours(1)), seconds(hours(24)), seconds(hours(48))}) {
    const std::string series = telemetry_.RenderTimeseries(window);
    const auto sum = [&](std::string_view field) {
      const auto values = Series(series, field);
      return std::accumulate(values.begin(), values.end(), std::int64_t{0});
    };
    EXPECT_EQ(sum("requests"), logged.requests);
    EXPECT_EQ(sum("hits"), logged.hits);
    EXPECT_EQ(sum("misses"), logged.misses);
    EXPECT_EQ(sum("bypass"), logged.bypass);
    EXPECT_EQ(sum("embedding_inputs"), logged.inputs);
    EXPECT_EQ(sum("embedding_input_hits"), logged.input_hits);
    EXPECT_EQ(sum("tokens_billed"), logged.billed);
    EXPECT_EQ(sum("tokens_saved"), logged.saved);
  }

  const std::string metrics = telemetry_.RenderMetrics();
  EXPECT_EQ(Metric(metrics, "larder_requests_total", "route"), logged.requests);
  EXPECT_EQ(Metric(metrics, "larder_requests_total", "outcome=\"hit\""), logged.hits);
  EXPECT_EQ(Metric(metrics, "larder_requests_total", "outcome=\"bypass\""), logged.bypass);
  EXPECT_EQ(Metric(metrics, "larder_embedding_inputs_total", "hit"), logged.input_hits);
  EXPECT_EQ(Metric(metrics, "larder_tokens_total", "billed"), logged.billed);
  EXPECT_EQ(Metric(metrics, "larder_tokens_total", "saved"), logged.saved);
  EXPECT_EQ(Micro(Metric(metrics, "larder_cost_total", "spent")), logged.spent_micro);
  EXPECT_EQ(Micro(Metric(metrics, "larder_cost_total", "saved")), logged.saved_micro);
}

TEST_F(TelemetryAgreementTest, LinesHoldNothingThatAClientSentInConfidence) {
  UseEmbeddings();
  Embed(R"({"model":"m","input":"my secret words"})");
  Get("/v1/files?api_key=hush&x=y", {{"authorization", "Bearer sk-confidential"}});
  testing::internal::CaptureStderr();
  Count();
  telemetry_.Tick();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, testing::HasSubstr("\"path\":\"/v1/files\""));
  for (const char* confidential : {"secret", "hush", "confidential", "key-a"}) {
    EXPECT_THAT(log, testing::Not(testing::HasSubstr(confidential)));
  }
}

TEST_F(TelemetryAgreementTest, LardersOwnRoutesAreLoggedAtTheLevelDebugAlone) {
  Get("/admin/v1/stats");
  Log debug(LogFormat::kJson, LogLevel::kDebug);
  Telemetry verbose(memory_, clock_, {}, [] { return Gauges(); }, {}, {.log = &debug});
  testing::internal::CaptureStderr();
  Count();
  telemetry_.Tick();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  for (const RequestRecord& record : world().records()) verbose.Record(record);
  verbose.Tick();
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_THAT(line, testing::HasSubstr(R"("level":"debug","message":"request","request_id")"));
}

TEST_F(TelemetryAgreementTest, LinesThatComeTooFastAreDroppedAndCounted) {
  Get("/v1/files");
  RequestRecord record = world().records().at(0);
  record.path = "/" + std::string(16'000, 'x');
  int many = 0;
  Telemetry busy(memory_, clock_, {}, [] { return Gauges(); }, {},
                 {.log = &log_, .many_lines = [&] { ++many; }});
  for (int i = 0; i < 400; ++i) busy.Record(record);
  EXPECT_EQ(many, 1);
  testing::internal::CaptureStderr();
  busy.Tick();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_LT(log.size(), std::size_t{5} << 20);
  const auto lines = std::count(log.begin(), log.end(), '\n') - 1;
  EXPECT_THAT(log, testing::HasSubstr("\"lines\":" + std::to_string(400 - lines) + "}"));
}

}  // namespace
}  // namespace larder

#include "proxy/admin/request_text.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "proxy/json/json.h"

namespace larder {
namespace {

RequestRecord Example() {
  RequestRecord record;
  record.finished_at = FromUnixMillis(1'767'225'600'123);
  record.request_id = "req-1";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.method = "POST";
  record.path = "/v1/chat/completions";
  record.route = "chat";
  record.model = "gpt-4o";
  record.partition = "01234567";
  record.upstream = "https://api.openai.com/v1";
  record.status = 200;
  record.cache.layer = CacheLayer::kResponses;
  record.cache.outcome = CacheOutcome::kMiss;
  record.cache.why = MissReason::kChanged;
  record.cache.changed_field = "temperature";
  record.cache.reason = "stateful";
  record.cache.items = 8;
  record.cache.items_hit = 5;
  record.cache.billed_tokens = 30;
  record.cache.saved_tokens = 50;
  record.cache.key = Digest{};
  (*record.cache.key)[0] = 0xab;
  record.times = {std::chrono::microseconds(1), std::chrono::microseconds(2),
                  std::chrono::microseconds(3)};
  record.to_first_byte = std::chrono::microseconds(4);
  record.total = std::chrono::microseconds(5);
  record.bytes_out = 6;
  record.cache.stored = true;
  return record;
}

const RequestCost kCost = {1'500'000, 0, 0};
const std::string kKey = "ab" + std::string(62, '0');

std::string JsonOf(const RequestRecord& record) {
  TextBuffer out;
  AppendRequestJson({12, record, kCost}, out);
  return std::string(out.view());
}

std::string LineOf(const RequestRecord& record, LogFormat format,
                   LogLevel level = LogLevel::kInfo) {
  TextBuffer out;
  RequestText().AppendLine({12, record, kCost}, format, level, out);
  return std::string(out.view());
}

TEST(RequestTextTest, AnEventHasEveryField) {
  EXPECT_EQ(JsonOf(Example()),
            R"({"seq":12,"time_ms":1767225600123,"request_id":"req-1",)"
            R"("trace_id":"0af7651916cd43dd8448eb211c80319c","method":"POST",)"
            R"("path":"/v1/chat/completions","route":"chat","status":200,"layer":"responses",)"
            R"("outcome":"miss","why":"changed","changed_field":"temperature","reason":"stateful",)"
            R"("model":"gpt-4o","upstream":"https://api.openai.com/v1","key":")" +
                kKey +
                R"(","partition":"01234567","items":8,"items_hit":5,"tokens_billed":30,)"
                R"("tokens_saved":50,"spent":0.0015,"saved":0,"parse_us":1,"lookup_us":2,)"
                R"("upstream_us":3,"first_byte_us":4,"total_us":5,"bytes_out":6,"complete":true,)"
                R"("stored":true,"collapsed":false})");
}

TEST(RequestTextTest, ALineLeavesOutWhatIsEmptyZeroOrFalse) {
  EXPECT_EQ(LineOf(Example(), LogFormat::kJson),
            R"({"time":"2026-01-01T00:00:00.123Z","level":"info","message":"request","seq":12,)"
            R"("request_id":"req-1","trace_id":"0af7651916cd43dd8448eb211c80319c",)"
            R"("method":"POST","path":"/v1/chat/completions","route":"chat","status":200,)"
            R"("layer":"responses","outcome":"miss","why":"changed",)"
            R"("changed_field":"temperature","reason":"stateful","model":"gpt-4o",)"
            R"("upstream":"https://api.openai.com/v1","key":")" +
                kKey +
                R"(","partition":"01234567","items":8,"items_hit":5,"tokens_billed":30,)"
                R"("tokens_saved":50,"spent":0.0015,"parse_us":1,"lookup_us":2,"upstream_us":3,)"
                R"("first_byte_us":4,"total_us":5,"bytes_out":6,"stored":true})"
                "\n");
  RequestRecord least;
  least.finished_at = FromUnixMillis(0);
  least.complete = false;
  TextBuffer out;
  RequestText().AppendLine({0, least, {}}, LogFormat::kJson, LogLevel::kInfo, out);
  EXPECT_EQ(out.view(), R"({"time":"1970-01-01T00:00:00.000Z","level":"info","message":"request",)"
                        R"("layer":"none","outcome":"bypass","incomplete":true})"
                        "\n");
}

TEST(RequestTextTest, TextIsWrittenAsTheLogWritesIt) {
  const RequestRecord record = Example();
  EXPECT_EQ(LineOf(record, LogFormat::kText, LogLevel::kDebug),
            Log::Format(LogFormat::kText, 1'767'225'600'123, LogLevel::kDebug, "request",
                        {{"seq", 12},
                         {"request_id", "req-1"},
                         {"trace_id", record.trace_id},
                         {"method", "POST"},
                         {"path", record.path},
                         {"route", "chat"},
                         {"status", 200},
                         {"layer", "responses"},
                         {"outcome", "miss"},
                         {"why", "changed"},
                         {"changed_field", "temperature"},
                         {"reason", "stateful"},
                         {"model", "gpt-4o"},
                         {"upstream", record.upstream},
                         {"key", kKey},
                         {"partition", "01234567"},
                         {"items", 8},
                         {"items_hit", 5},
                         {"tokens_billed", 30},
                         {"tokens_saved", 50},
                         {"spent", 0.0015},
                         {"parse_us", 1},
                         {"lookup_us", 2},
                         {"upstream_us", 3},
                         {"first_byte_us", 4},
                         {"total_us", 5},
                         {"bytes_out", 6},
                         {"stored", true}}) +
                "\n");
}

TEST(RequestTextTest, HostileTextStaysOneLineAndIsEscapedAsTheLogDoes) {
  const std::string hostile = "a\"\\ \n\r\t\x1b[31m\x7f=\xff\xe2\x80\xa8\xc2\x85 größe";
  for (const std::string& text : {hostile, std::string(20'000, '\x01'), std::string(20'000, 'x')}) {
    RequestRecord record = Example();
    record.model = text;
    record.path = "/" + text;
    record.request_id = text;
    record.cache.changed_field = text;
    record.trace_id = "";
    for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
      const std::string line = LineOf(record, format);
      EXPECT_EQ(line.find('\n'), line.size() - 1);
      const std::string field =
          Log::Format(format, 0, LogLevel::kInfo, "", {{"changed_field", text}});
      const std::string_view written = std::string_view(field).substr(field.find("changed_field"));
      EXPECT_NE(line.find(written.substr(0, written.size() - (format == LogFormat::kJson))),
                std::string::npos);
    }
    EXPECT_TRUE(JsonDocument::Parse(JsonOf(record)).ok());
    EXPECT_TRUE(JsonDocument::Parse(LineOf(record, LogFormat::kJson)).ok());
  }
}

TEST(RequestTextTest, EmptyTextIsQuotedInAnEventAndLeftOutOfALine) {
  RequestRecord record = Example();
  record.model.clear();
  record.cache.key = std::nullopt;
  EXPECT_NE(JsonOf(record).find(R"("model":"",)"), std::string::npos);
  EXPECT_NE(JsonOf(record).find(R"("key":"",)"), std::string::npos);
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    EXPECT_EQ(LineOf(record, format).find("model"), std::string::npos);
  }
}

TEST(RequestTextTest, TimesAreRightFromLineToLine) {
  RequestText text;
  for (const std::int64_t millis : {1'767'225'600'999, 1'767'225'601'000, 1'767'225'600'001,
                                    std::int64_t{0}, std::int64_t{-1}}) {
    RequestRecord record = Example();
    record.finished_at = FromUnixMillis(millis);
    TextBuffer out;
    text.AppendLine({1, record, kCost}, LogFormat::kText, LogLevel::kInfo, out);
    const std::string logged =
        Log::Format(LogFormat::kText, millis, LogLevel::kInfo, "request", {});
    EXPECT_EQ(out.view().substr(0, logged.size()), logged);
  }
}

}  // namespace
}  // namespace larder

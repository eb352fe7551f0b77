#include "proxy/admin/request_text.h"

#include <charconv>
#include <cstring>
#include <string>

#include "base/log_text.h"
#include "proxy/admin/price_rule.h"

namespace larder {
namespace {

// More than names, numbers and punctuation of all fields take together.
constexpr std::size_t kFixedBytes = 2048;

constexpr auto kHexPairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = "0123456789abcdef"[i >> 4];
    pairs[2 * i + 1] = "0123456789abcdef"[i & 15];
  }
  return pairs;
}();

std::size_t TextBytes(const RequestRecord& record) {
  const CacheStatus& cache = record.cache;
  return record.request_id.size() + record.trace_id.size() + record.method.size() +
         record.path.size() + record.route.size() + record.model.size() + record.partition.size() +
         record.upstream.size() + cache.reason.size() + cache.changed_field.size();
}

// Writes fields one behind another. There is always room for the fixed parts and for every string
// of the record as it is; an escaped one makes room for itself. kBrief leaves out what is empty,
// zero or false.
template <LogFormat kFormat, bool kBrief>
class Fields {
 public:
  Fields(TextBuffer& out, std::size_t room) : out_(out), room_(room), at_(out.Room(room)) {}

  void Finish() { out_.SetEnd(at_); }

  template <std::size_t kSize>
  void Literal(const char (&text)[kSize]) {
    std::memcpy(at_, text, kSize - 1);
    at_ += kSize - 1;
  }
  void Raw(std::string_view text) {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  template <std::size_t kSize>
  void Number(const char (&name)[kSize], std::int64_t value) {
    if (kBrief && value == 0) return;
    Name(name);
    at_ = std::to_chars(at_, at_ + 24, value).ptr;
  }
  template <std::size_t kSize>
  void Bool(const char (&name)[kSize], bool value) {
    if (kBrief && !value) return;
    Name(name);
    Raw(value ? "true" : "false");
  }
  template <std::size_t kSize>
  void Amount(const char (&name)[kSize], std::uint64_t nano) {
    if (kBrief && nano == 0) return;
    Name(name);
    if (nano == 0) {
      *at_++ = '0';
      return;
    }
    std::string amount;
    AppendAmount(nano, amount);
    Raw(amount);
  }
  // A word that needs no escape.
  template <std::size_t kSize>
  void Word(const char (&name)[kSize], std::string_view value) {
    if (kBrief && value.empty()) return;
    Name(name);
    const bool quoted = kFormat == LogFormat::kJson || value.empty();
    if (quoted) *at_++ = '"';
    Raw(value);
    if (quoted) *at_++ = '"';
  }
  template <std::size_t kSize>
  void String(const char (&name)[kSize], std::string_view value) {
    if (kBrief && value.empty()) return;
    if (IsPlainLogText(value, kFormat == LogFormat::kText)) {
      Word(name, value);
      return;
    }
    Name(name);
    std::string text;
    AppendLogValue(value, kFormat, text);
    out_.SetEnd(at_);
    at_ = out_.Room(text.size() + room_);
    Raw(text);
  }
  template <std::size_t kSize>
  void Hex(const char (&name)[kSize], const std::optional<Digest>& digest) {
    if (!digest) {
      Word(name, "");
      return;
    }
    Name(name);
    if (kFormat == LogFormat::kJson) *at_++ = '"';
    for (const std::uint8_t byte : *digest) {
      std::memcpy(at_, &kHexPairs[std::size_t{2} * byte], 2);
      at_ += 2;
    }
    if (kFormat == LogFormat::kJson) *at_++ = '"';
  }

  // Of JSON the object's first member: no comma stands in front.
  void First() { first_ = true; }

 private:
  template <std::size_t kSize>
  void Name(const char (&name)[kSize]) {
    if constexpr (kFormat == LogFormat::kJson) {
      if (!first_) *at_++ = ',';
      first_ = false;
      *at_++ = '"';
      Literal(name);
      *at_++ = '"';
      *at_++ = ':';
    } else {
      *at_++ = ' ';
      Literal(name);
      *at_++ = '=';
    }
  }

  TextBuffer& out_;
  const std::size_t room_;
  char* at_;
  bool first_ = false;
};

// The one list of what is shown of a request.
template <LogFormat kFormat, bool kBrief>
void WriteFields(const ShownRequest& request, Fields<kFormat, kBrief>& fields) {
  const RequestRecord& record = request.record;
  const CacheStatus& cache = record.cache;
  fields.Number("seq", static_cast<std::int64_t>(request.seq));
  // Of words, a method is a token, a route one of ours, the others are hexadecimal digits. A line
  // begins with its time.
  if (!kBrief) fields.Number("time_ms", ToUnixMillis(record.finished_at));
  fields.String("request_id", record.request_id);
  fields.Word("trace_id", record.trace_id);
  fields.Word("method", record.method);
  fields.String("path", record.path);
  fields.Word("route", record.route);
  fields.Number("status", record.status);
  fields.Word("layer", CacheLayerName(cache.layer));
  fields.Word("outcome", CacheOutcomeName(cache.outcome));
  fields.Word("why", MissReasonName(cache.why));
  fields.String("changed_field", cache.changed_field);
  fields.String("reason", cache.reason);
  fields.String("model", record.model);
  fields.String("upstream", record.upstream);
  fields.Hex("key", cache.key);
  fields.Word("partition", record.partition);
  fields.Number("items", cache.items);
  fields.Number("items_hit", cache.items_hit);
  fields.Number("tokens_billed", cache.billed_tokens);
  fields.Number("tokens_saved", cache.saved_tokens);
  fields.Amount("spent", request.cost.spent_nano);
  fields.Amount("saved", request.cost.saved_nano);
  fields.Number("parse_us", record.times.parse.count());
  fields.Number("lookup_us", record.times.lookup.count());
  fields.Number("upstream_us", record.times.upstream.count());
  fields.Number("first_byte_us", record.to_first_byte.count());
  fields.Number("total_us", record.total.count());
  fields.Number("bytes_out", static_cast<std::int64_t>(record.bytes_out));
  if (kBrief) {
    fields.Bool("incomplete", !record.complete);
  } else {
    fields.Bool("complete", record.complete);
  }
  fields.Bool("stored", cache.stored);
  fields.Bool("collapsed", cache.collapsed);
}

}  // namespace

void AppendRequestJson(const ShownRequest& request, TextBuffer& out) {
  Fields<LogFormat::kJson, false> fields(out, kFixedBytes + TextBytes(request.record));
  fields.Literal("{");
  fields.First();
  WriteFields(request, fields);
  fields.Literal("}");
  fields.Finish();
}

void RequestText::AppendLine(const ShownRequest& request, LogFormat format, LogLevel level,
                             TextBuffer& out) {
  const std::int64_t millis = ToUnixMillis(request.record.finished_at);
  const std::int64_t second = millis >= 0 ? millis / 1000 : (millis - 999) / 1000;
  if (second != second_ || second_text_[0] == '\0') {
    std::string text;
    AppendLogTime(millis, text);
    std::memcpy(second_text_.data(), text.data(), second_text_.size());
    second_ = second;
  }
  const auto part = static_cast<int>(millis - second * 1000);
  const char digits[4] = {static_cast<char>('0' + part / 100),
                          static_cast<char>('0' + part / 10 % 10),
                          static_cast<char>('0' + part % 10), 'Z'};
  const std::string_view time_of_second(second_text_.data(), second_text_.size());
  const bool debug = level == LogLevel::kDebug;
  const std::size_t room = kFixedBytes + TextBytes(request.record);
  if (format == LogFormat::kJson) {
    Fields<LogFormat::kJson, true> fields(out, room);
    fields.Literal(R"({"time":")");
    fields.Raw(time_of_second);
    fields.Raw({digits, sizeof(digits)});
    fields.Raw(debug ? R"(","level":"debug","message":"request")"
                     : R"(","level":"info","message":"request")");
    WriteFields(request, fields);
    fields.Literal("}\n");
    fields.Finish();
  } else {
    Fields<LogFormat::kText, true> fields(out, room);
    fields.Raw(time_of_second);
    fields.Raw({digits, sizeof(digits)});
    fields.Raw(debug ? " debug request" : " info  request");
    WriteFields(request, fields);
    fields.Literal("\n");
    fields.Finish();
  }
}

}  // namespace larder

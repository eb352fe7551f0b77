#include "base/log_text.h"

#include <array>
#include <chrono>

#include "base/clock.h"
#include "base/utf8.h"

namespace larder {
namespace {

enum : unsigned char { kInQuotes = 1, kBare = 2 };

// What a byte of ASCII may stand as.
constexpr std::array<unsigned char, 256> kPlain = [] {
  std::array<unsigned char, 256> plain{};
  for (unsigned byte = 0x20; byte < 0x7f; ++byte) plain[byte] = kInQuotes | kBare;
  plain['"'] = plain['\\'] = 0;
  plain[' '] = plain['='] = kInQuotes;
  return plain;
}();

void AppendHex(std::string_view prefix, unsigned value, int digits, std::string& out) {
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[value >> shift & 0xf];
  }
}

void AppendEscaped(std::string_view text, bool quoted, LogFormat format, std::string& out) {
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    if (point.bytes == 0) {
      if (format == LogFormat::kJson) {
        out += "\\ufffd";
      } else {
        AppendHex("\\x", static_cast<unsigned char>(text[0]), 2, out);
      }
      text.remove_prefix(1);
      continue;
    }
    if (point.value == '\n') {
      out += "\\n";
    } else if (point.value == '\r') {
      out += "\\r";
    } else if (point.value == '\t') {
      out += "\\t";
    } else if (IsControlCodePoint(point.value)) {
      AppendHex("\\u", static_cast<unsigned>(point.value), 4, out);
    } else {
      if (quoted && (point.value == '"' || point.value == '\\')) out += '\\';
      out += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  while (!value.empty()) {
    const CodePoint point = DecodeUtf8(value);
    if (point.bytes == 0 || IsControlCodePoint(point.value)) return true;
    if (point.value < 0x80 && (kPlain[point.value] & kBare) == 0) return true;
    value.remove_prefix(point.bytes);
  }
  return false;
}

void AppendPadded(std::int64_t number, std::size_t digits, std::string& out) {
  std::array<char, 20> text{};
  for (std::size_t i = digits; i-- > 0; number /= 10) {
    text[i] = static_cast<char>('0' + number % 10);
  }
  out.append(text.data(), digits);
}

}  // namespace

void AppendLogTime(std::int64_t unix_millis, std::string& out) {
  const WallTime time = FromUnixMillis(unix_millis);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  AppendPadded(static_cast<int>(date.year()), 4, out);
  out += '-';
  AppendPadded(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  AppendPadded(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  AppendPadded(clock.hours().count(), 2, out);
  out += ':';
  AppendPadded(clock.minutes().count(), 2, out);
  out += ':';
  AppendPadded(clock.seconds().count(), 2, out);
  out += '.';
  AppendPadded(clock.subseconds().count(), 3, out);
  out += 'Z';
}

bool IsPlainLogText(std::string_view text, bool bare) {
  unsigned char all = kInQuotes | kBare;
  for (const char byte : text) all &= kPlain[static_cast<unsigned char>(byte)];
  return (all & (bare ? kBare : kInQuotes)) != 0 && !(bare && text.empty());
}

void AppendLogText(std::string_view text, LogFormat format, std::string& out) {
  AppendEscaped(text, false, format, out);
}

void AppendLogValue(std::string_view value, LogFormat format, std::string& out) {
  if (format == LogFormat::kText && !NeedsQuotes(value)) {
    out += value;
    return;
  }
  out += '"';
  if (IsPlainLogText(value, false)) {
    out += value;
  } else {
    AppendEscaped(value, true, format, out);
  }
  out += '"';
}

}  // namespace larder

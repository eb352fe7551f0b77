#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/clock.h"

namespace larder {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string IsoTime(std::int64_t unix_millis) {
  const WallTime time = FromUnixMillis(unix_millis);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8 here
};

CodePoint Decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return {};
    value = value << 6 | (next & 0x3fU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (overlong || surrogate || value > 0x10ffff) return {};
  return {value, length};
}

// What would end a line or steer a terminal: C0, DEL, C1, and the separators U+2028 and U+2029.
bool IsControl(char32_t value) {
  return value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0x2028 || value == 0x2029;
}

void AppendHex(std::string_view prefix, unsigned value, int digits, std::string& out) {
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[value >> shift & 0xf];
  }
}

// Appends `text` so that it is one line and valid UTF-8, and quotable when `quoted`. A byte that is
// not UTF-8 becomes \xNN in text; JSON has no such escape and gets U+FFFD.
void AppendEscaped(std::string_view text, bool quoted, LogFormat format, std::string& out) {
  while (!text.empty()) {
    const CodePoint point = Decode(text);
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
    } else if (IsControl(point.value)) {
      AppendHex("\\u", static_cast<unsigned>(point.value), 4, out);
    } else {
      if (quoted && (point.value == '"' || point.value == '\\')) out += '\\';
      out += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
}

void AppendQuoted(std::string_view text, LogFormat format, std::string& out) {
  out += '"';
  AppendEscaped(text, true, format, out);
  out += '"';
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  while (!value.empty()) {
    const CodePoint point = Decode(value);
    if (point.bytes == 0 || IsControl(point.value)) return true;
    if (point.value == ' ' || point.value == '"' || point.value == '=' || point.value == '\\') {
      return true;
    }
    value.remove_prefix(point.bytes);
  }
  return false;
}

template <typename T>
void AppendNumber(T value, std::string& out) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

struct AppendValue {
  LogFormat format;
  std::string& out;

  void operator()(std::string_view value) const {
    if (format == LogFormat::kJson || NeedsQuotes(value)) {
      AppendQuoted(value, format, out);
    } else {
      out += value;
    }
  }
  void operator()(std::int64_t value) const { AppendNumber(value, out); }
  void operator()(double value) const {
    if (format == LogFormat::kJson && !std::isfinite(value)) {
      out += "null";
    } else {
      AppendNumber(value, out);
    }
  }
  void operator()(bool value) const { out += value ? "true" : "false"; }
};

}  // namespace

std::string Log::Format(LogFormat format, std::int64_t unix_millis, LogLevel level,
                        std::string_view message, std::initializer_list<LogField> fields) {
  const std::string_view name = LevelName(level);
  std::string line;
  if (format == LogFormat::kText) {
    line = IsoTime(unix_millis);
    line += ' ';
    line += name;
    line.append(6 - name.size(), ' ');
    AppendEscaped(message, false, format, line);
    for (const LogField& field : fields) {
      line += ' ';
      AppendEscaped(field.name, false, format, line);
      line += '=';
      std::visit(AppendValue{format, line}, field.value);
    }
    return line;
  }
  line = R"({"time":")" + IsoTime(unix_millis) + R"(","level":")";
  line += name;
  line += R"(","message":)";
  AppendQuoted(message, format, line);
  for (const LogField& field : fields) {
    line += ',';
    AppendQuoted(field.name, format, line);
    line += ':';
    std::visit(AppendValue{format, line}, field.value);
  }
  line += '}';
  return line;
}

Log::~Log() {
  if (fd_ != STDERR_FILENO) ::close(fd_);
}

Status Log::Open(const std::string& path) {
  int opened = STDERR_FILENO;
  if (!path.empty()) {
    opened = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (opened < 0) {
      return larder::Error{ErrorCode::kIo, ErrorOrigin::kSelf,
                           "cannot open the log file " + path + ": " + std::strerror(errno)};
    }
  }
  MutexLock lock(mutex_);
  std::swap(fd_, opened);
  if (opened != STDERR_FILENO) ::close(opened);
  return {};
}

void Log::WriteLines(std::string_view lines) {
  MutexLock lock(mutex_);
  while (!lines.empty()) {
    const ssize_t written = ::write(fd_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // there is nowhere left to say it
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Log::Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < this->level()) return;
  const std::int64_t now = ToUnixMillis(SystemClock().Now());
  WriteLines(Format(format_, now, level, message, fields) + '\n');
}

}  // namespace larder

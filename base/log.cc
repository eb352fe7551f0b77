#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "base/log_text.h"

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

template <typename T>
void AppendNumber(T value, std::string& out) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

struct AppendValue {
  LogFormat format;
  std::string& out;

  void operator()(std::string_view value) const { AppendLogValue(value, format, out); }
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
    AppendLogTime(unix_millis, line);
    line += ' ';
    line += name;
    line.append(6 - name.size(), ' ');
    AppendLogText(message, format, line);
    for (const LogField& field : fields) {
      line += ' ';
      AppendLogText(field.name, format, line);
      line += '=';
      std::visit(AppendValue{format, line}, field.value);
    }
    return line;
  }
  line = R"({"time":")";
  AppendLogTime(unix_millis, line);
  line += R"(","level":")";
  line += name;
  line += R"(","message":)";
  AppendLogValue(message, format, line);
  for (const LogField& field : fields) {
    line += ',';
    AppendLogValue(field.name, format, line);
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

// Logging: lines on stderr or in a file, as text for people or JSON for machines. Never prompt
// text, vectors or credentials. One call is one line, whatever is in it: control characters, line
// separators and bytes that are not UTF-8 are written as escapes. Thread-safe; lines do not mix.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/mutex.h"
#include "base/result.h"

namespace larder {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One named value of a log line. `name` is [a-z0-9_]+. Views live for the call.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  LogField(std::string_view n, std::int64_t v) : name(n), value(v) {}
  LogField(std::string_view n, std::uint64_t v) : name(n), value(static_cast<std::int64_t>(v)) {}
  LogField(std::string_view n, int v) : name(n), value(static_cast<std::int64_t>(v)) {}
};

class Log {
 public:
  // On stderr. Lines below `level` are dropped.
  Log(LogFormat format, LogLevel level) : format_(format), level_(level) {}
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // From now on lines go to the end of this file, which is made (mode 0640) when missing; empty: to
  // stderr. Of the path that is in use: the file is opened anew, for one that was moved away.
  // Errors: kIo; then they go where they went.
  Status Open(const std::string& path);

  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_ = level; }

  // text: 2026-01-01T00:00:00.000Z info  listening address=127.0.0.1:8787
  // json: {"time":"2026-01-01T00:00:00.000Z","level":"info","message":"listening","address":"..."}
  // Levels: debug, info, warn, error; times are UTC. In text a value that is empty or has blanks,
  // quotes, '=' or escapes stands in double quotes. A number that is not finite is null in JSON.
  // A line that is not taken (the disk is full) is lost.
  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarning, message, fields);
  }
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, message, fields);
  }

  // Whether a line of this level would be written.
  bool enabled(LogLevel level) const { return level >= this->level(); }
  LogFormat format() const { return format_; }
  // Writes whole lines that are formatted already (Format, base/log_text.h), each with its line
  // end, at once and whatever their level: for who gathers many of them.
  void WriteLines(std::string_view lines);

  // The line without its end, as Write prints it at `unix_millis`.
  static std::string Format(LogFormat format, std::int64_t unix_millis, LogLevel level,
                            std::string_view message, std::initializer_list<LogField> fields);

 private:
  const LogFormat format_;
  std::atomic<LogLevel> level_;
  Mutex mutex_;  // orders writers, and them with Open
  int fd_ LARDER_GUARDED_BY(mutex_) = 2;
};

}  // namespace larder

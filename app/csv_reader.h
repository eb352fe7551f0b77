// CsvReader: comma-separated values (RFC 4180) that come in pieces, taken apart into records. A
// record ends with LF, CRLF or the end; a quoted field may hold commas, quotes (doubled) and line
// ends. Beyond the RFC a byte order mark at the very beginning is passed over, and so are empty
// lines. Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class CsvReader {
 public:
  // A larger record is an error: memory is bounded by it.
  static constexpr std::size_t kMaxRecordBytes = 16UL << 20;
  static constexpr std::size_t kMaxFields = 10'000;

  explicit CsvReader(std::size_t max_record_bytes = kMaxRecordBytes)
      : max_record_bytes_(max_record_bytes) {}

  // Precondition: not ended.
  void Feed(std::string_view bytes) { buffer_.append(bytes); }
  void End() { ended_ = true; }

  enum class State { kRecord, kMore, kEnd, kBroken };
  // kRecord: `fields` is the next one. kMore: feed or end it. kBroken: problem() says where and
  // what, and so it stays.
  State Next(std::vector<std::string>& fields);

  // "line 7: a quote is not closed".
  const std::string& problem() const { return problem_; }
  // Where the record that was given last begins, from 1.
  std::int64_t line() const { return record_line_; }

 private:
  enum class Place { kFieldStart, kPlain, kQuoted, kQuoteInQuoted };

  // Takes one byte; true when it ended a record.
  bool Take(char c);
  void EndField();
  State Broken(const std::string& what);

  const std::size_t max_record_bytes_;
  std::string buffer_;
  std::size_t position_ = 0;
  bool ended_ = false;
  bool began_ = false;     // the byte order mark has been looked for
  bool after_cr_ = false;  // whose LF may come
  Place place_ = Place::kFieldStart;
  std::string field_;
  bool quoted_ = false;  // the field in hand was quoted
  std::vector<std::string> record_;
  std::size_t record_bytes_ = 0;
  std::int64_t line_ = 1;
  std::int64_t begun_line_ = 1;   // of the record in hand
  std::int64_t record_line_ = 0;  // of the one given last
  std::string problem_;
};

}  // namespace larder

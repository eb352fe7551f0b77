// LineReader: bytes that come in pieces, taken apart into lines. A line ends with LF or CRLF; the
// last one may lack its end. Thread-safety: none; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

class LineReader {
 public:
  // A longer line is an error: memory is bounded by it. A stored answer may have 25 MB, in base64.
  static constexpr std::size_t kMaxLineBytes = 64UL << 20;

  explicit LineReader(std::size_t max_line_bytes = kMaxLineBytes)
      : max_line_bytes_(max_line_bytes) {}

  void Feed(std::string_view bytes);
  // No more will come: a last line without end counts.
  void End() { ended_ = true; }
  // The next line without its end, in a view that lives until the next call of this or of Feed;
  // nullopt until more is fed. Cost: linear in all that is fed.
  std::optional<std::string_view> Next();
  // A line grew longer than allowed; Next gives no more.
  bool too_long() const { return too_long_; }
  // Of the line that Next gave last, from 1.
  std::int64_t line() const { return line_; }

 private:
  const std::size_t max_line_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;   // of the next line
  std::size_t looked_ = 0;  // how far its end has been looked for
  std::int64_t line_ = 0;
  bool ended_ = false;
  bool too_long_ = false;
};

}  // namespace larder

#include "app/line_reader.h"

namespace larder {

void LineReader::Feed(std::string_view bytes) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    looked_ -= begin_;
    begin_ = 0;
  }
  buffer_.append(bytes);
}

std::optional<std::string_view> LineReader::Next() {
  if (too_long_) return std::nullopt;
  std::size_t end = buffer_.find('\n', looked_);
  const bool found = end != std::string::npos;
  if (!found) end = buffer_.size();
  looked_ = end;
  if (end - begin_ > max_line_bytes_) {
    too_long_ = true;
    return std::nullopt;
  }
  if (!found && (!ended_ || end == begin_)) return std::nullopt;
  std::string_view text(buffer_.data() + begin_, end - begin_);
  if (text.ends_with('\r')) text.remove_suffix(1);
  begin_ = looked_ = found ? end + 1 : end;
  ++line_;
  return text;
}

}  // namespace larder

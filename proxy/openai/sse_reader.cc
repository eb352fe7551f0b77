#include "proxy/openai/sse_reader.h"

#include <algorithm>
#include <utility>

namespace larder {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The first line end at or behind `at`; npos when there is none. (find_first_of takes five times as
// long, which would be most of what reading a stream costs.)
std::size_t FindLineEnd(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '\n' && text[at] != '\r') ++at;
  return at < text.size() ? at : std::string_view::npos;
}

// Where the value of a line's field begins: behind the colon and one space.
std::size_t ValueOf(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  return colon + (line.substr(colon + 1).starts_with(' ') ? 2 : 1);
}

}  // namespace

void SseReader::Feed(std::string_view bytes) {
  if (block_is_whole_) StartBlock();
  if (block_ > 0) {
    buffer_.erase(0, block_);
    for (std::size_t* at : {&line_, &looked_, &name_.begin, &data_.begin}) {
      *at -= std::min(*at, block_);
    }
    block_ = 0;
  }
  buffer_ += bytes;
}

void SseReader::StartBlock() {
  block_is_whole_ = false;
  block_ = line_;
  name_ = {};
  data_ = {};
  joined_.clear();
  data_lines_ = 0;
}

std::optional<SseEvent> SseReader::Next() {
  if (block_is_whole_) StartBlock();
  while (line_ < buffer_.size()) {
    if (after_cr_) {
      after_cr_ = false;
      if (buffer_[line_] == '\n') {
        looked_ = ++line_;
        continue;
      }
    }
    const std::size_t end = FindLineEnd(buffer_, looked_);
    if (end == std::string_view::npos) break;
    const Slice line{line_, end - line_};
    after_cr_ = buffer_[end] == '\r';
    line_ = end + 1;
    if (after_cr_ && line_ < buffer_.size()) {
      if (buffer_[line_] == '\n') ++line_;
      after_cr_ = false;
    }
    looked_ = line_;
    if (line.size > 0) {
      TakeLine(line);
      continue;
    }
    block_is_whole_ = true;
    return SseEvent{View({block_, line_ - block_}), View(name_),
                    data_lines_ > 1 ? std::string_view(joined_) : View(data_), data_lines_ > 0};
  }
  looked_ = buffer_.size();
  return std::nullopt;
}

std::string_view SseReader::Rest() const {
  return std::string_view(buffer_).substr(block_is_whole_ ? line_ : block_);
}

void SseReader::TakeLine(Slice line) {
  if (std::exchange(at_start_, false) && View(line).starts_with(kByteOrderMark)) {
    line = {line.begin + kByteOrderMark.size(), line.size - kByteOrderMark.size()};
  }
  const std::string_view text = View(line);
  const std::string_view field = text.substr(0, text.find(':'));
  const std::size_t skip = ValueOf(text);
  const Slice value{line.begin + skip, line.size - skip};
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (data_lines_ == 0) {
      data_ = value;
    } else {
      if (data_lines_ == 1) joined_ = View(data_);
      joined_ += '\n';
      joined_ += View(value);
    }
    data_lines_ = std::min(data_lines_ + 1, 2);
  }
}

std::string WithData(const SseEvent& event, std::string_view data) {
  std::string out;
  bool written = false;
  std::string_view rest = event.raw;
  while (!rest.empty()) {
    const std::size_t text = std::min(rest.find_first_of("\r\n"), rest.size());
    const std::size_t end = text + (rest.substr(text).starts_with("\r\n") ? 2 : 1);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end, rest.size()));
    const std::string_view field = line.substr(0, text);
    if (field.substr(0, field.find(':')) != "data") {
      out += line;
      continue;
    }
    if (std::exchange(written, true)) continue;
    std::string_view left = data;
    while (true) {
      const std::size_t size = std::min(left.find('\n'), left.size());
      const std::string_view before = line.substr(0, ValueOf(field));
      out += before;
      out += left.substr(0, size);
      out += line.substr(text);
      if (size == left.size()) break;
      left.remove_prefix(size + 1);
    }
  }
  return out;
}

}  // namespace larder

#include "bench/stream_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace larder::bench {
namespace {

// The value of a field in a head in lower case; empty when it is absent.
std::string_view FieldOf(std::string_view head, std::string_view name) {
  const std::size_t at = head.find("\r\n" + std::string(name) + ":");
  if (at == std::string_view::npos) return {};
  const std::size_t begin = head.find_first_not_of(' ', at + 2 + name.size() + 1);
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

bool ParseNumber(std::string_view text, int base, std::size_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

StreamReader::State StreamReader::Take(std::string_view bytes, std::vector<std::string>& events) {
  in_ += bytes;
  State state = State::kMore;
  std::string_view line;
  bool stuck = false;
  while (!stuck && state == State::kMore) {
    switch (part_) {
      case Part::kHead:
        stuck = in_.find("\r\n\r\n", place_) == std::string::npos;
        if (!stuck) state = ReadHead();
        break;
      case Part::kChunkSize:
        stuck = !ReadLine(line);
        if (stuck) break;
        if (!ParseNumber(line, 16, missing_)) return State::kBroken;
        part_ = missing_ == 0 ? Part::kTrailer : Part::kChunk;
        break;
      case Part::kChunk:
        TakeBody(events);
        stuck = missing_ > 0;
        if (!stuck) part_ = Part::kChunkEnd;
        break;
      case Part::kChunkEnd:
        stuck = !ReadLine(line);
        if (!stuck) part_ = Part::kChunkSize;
        break;
      case Part::kTrailer:
        stuck = !ReadLine(line);
        if (!stuck && line.empty()) state = State::kWhole;
        break;
      case Part::kLength:
        TakeBody(events);
        stuck = missing_ > 0;
        if (!stuck) state = State::kWhole;
        break;
    }
  }
  if (state == State::kWhole) {
    part_ = Part::kHead;
    text_.clear();
  }
  in_.erase(0, place_);
  place_ = 0;
  return state;
}

StreamReader::State StreamReader::ReadHead() {
  const std::size_t end = in_.find("\r\n\r\n", place_) + 4;
  std::string head = in_.substr(place_, end - place_);
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  place_ = end;
  if (!head.starts_with("http/1.1 200 ")) return State::kBroken;
  if (FieldOf(head, "transfer-encoding") == "chunked") {
    part_ = Part::kChunkSize;
  } else if (ParseNumber(FieldOf(head, "content-length"), 10, missing_)) {
    part_ = Part::kLength;
  } else {
    return State::kBroken;
  }
  return State::kMore;
}

bool StreamReader::ReadLine(std::string_view& line) {
  const std::size_t end = in_.find("\r\n", place_);
  if (end == std::string::npos) return false;
  line = std::string_view(in_).substr(place_, end - place_);
  place_ = end + 2;
  return true;
}

void StreamReader::TakeBody(std::vector<std::string>& events) {
  const std::size_t size = std::min(missing_, in_.size() - place_);
  text_.append(in_, place_, size);
  place_ += size;
  missing_ -= size;
  std::size_t begin = 0;
  for (auto end = text_.find("\n\n"); end != text_.npos; end = text_.find("\n\n", begin)) {
    events.push_back(text_.substr(begin, end - begin));
    begin = end + 2;
  }
  text_.erase(0, begin);
}

}  // namespace larder::bench

#include "proxy/http/body_decoder.h"

#include <algorithm>

namespace larder {
namespace {

constexpr std::size_t kMaxSizeLine = 256;
constexpr std::size_t kMaxTrailers = 8192;

// Takes a token, or a quoted string where that is allowed, off the front; false when there is none.
bool TakeWord(std::string_view& rest, bool may_be_quoted) {
  std::size_t size = 0;
  if (may_be_quoted && rest.starts_with('"')) {
    for (size = 1; size < rest.size() && rest[size] != '"'; ++size) {
      if (rest[size] == '\\') ++size;
    }
    if (size >= rest.size()) return false;
    ++size;
  } else {
    while (size < rest.size() && IsToken(rest.substr(size, 1))) ++size;
  }
  rest.remove_prefix(size);
  return size > 0;
}

void SkipOws(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

// Chunk extensions (RFC 9112, section 7.1.1), or none; what they say is dropped. White space is
// taken behind ';' and around '=', not before ';', where other servers read it as part of the size.
bool AreExtensions(std::string_view rest) {
  while (!rest.empty()) {
    if (rest.front() != ';') return false;
    rest.remove_prefix(1);
    SkipOws(rest);
    if (!TakeWord(rest, false)) return false;
    std::string_view value = rest;
    SkipOws(value);
    if (!value.starts_with('=')) continue;
    value.remove_prefix(1);
    SkipOws(value);
    if (!TakeWord(value, true)) return false;
    rest = value;
  }
  return true;
}

}  // namespace

BodyDecoder::BodyDecoder(const RequestHead& head)
    : step_(head.chunked ? Step::kSize : Step::kLength),
      remaining_(head.content_length.value_or(0)) {
  if (step_ == Step::kLength && remaining_ == 0) step_ = Step::kDone;
}

BodyDecoder::State BodyDecoder::Decode(std::string_view bytes, std::size_t max_out,
                                       std::size_t& consumed, std::string& out) {
  const std::size_t given = bytes.size();
  State state = State::kMore;
  while (state == State::kMore && step_ != Step::kDone) {
    if (step_ == Step::kData || step_ == Step::kLength) {
      const std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>({bytes.size(), remaining_, max_out}));
      if (size == 0) break;
      out.append(bytes, 0, size);
      bytes.remove_prefix(size);
      max_out -= size;
      remaining_ -= size;
      decoded_ += size;
      if (remaining_ == 0) step_ = step_ == Step::kLength ? Step::kDone : Step::kDataEnd;
    } else {
      if (bytes.empty()) break;
      state = DecodeLine(bytes);
    }
  }
  consumed = given - bytes.size();
  if (step_ == Step::kDone) return State::kEnd;
  return state;
}

// Takes one byte's worth or more of a line; acts on the line when its CRLF is there.
BodyDecoder::State BodyDecoder::DecodeLine(std::string_view& bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
  const std::size_t limit = step_ == Step::kDataEnd ? 2
                            : step_ == Step::kSize  ? kMaxSizeLine
                                                    : kMaxTrailers;
  if (line_.size() + size > limit) return State::kRefused;
  line_.append(bytes, 0, size);
  bytes.remove_prefix(size);
  if (!line_.ends_with('\n')) {
    // A CR may only be the last byte so far: anything behind it must be the LF.
    const std::size_t cr = line_.find('\r');
    return cr == std::string::npos || cr + 1 == line_.size() ? State::kMore : State::kRefused;
  }
  if (!line_.ends_with("\r\n") || line_.find('\r') != line_.size() - 2) return State::kRefused;
  const std::string_view line = std::string_view(line_).substr(0, line_.size() - 2);
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return State::kRefused;
  }
  switch (step_) {
    case Step::kSize:
      if (!TakeChunkSize(line)) return State::kRefused;
      step_ = remaining_ == 0 ? Step::kTrailer : Step::kData;
      break;
    case Step::kDataEnd:
      if (!line.empty()) return State::kRefused;
      step_ = Step::kSize;
      break;
    default:  // trailers are read and dropped
      trailer_bytes_ += line_.size();
      if (trailer_bytes_ > kMaxTrailers) return State::kRefused;
      if (line.empty()) {
        step_ = Step::kDone;
      } else if (const std::size_t colon = line.find(':');
                 colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
        return State::kRefused;
      }
  }
  line_.clear();
  return State::kMore;
}

// Hexadecimal digits, then nothing or extensions.
bool BodyDecoder::TakeChunkSize(std::string_view line) {
  std::size_t digits = 0;
  remaining_ = 0;
  for (; digits < line.size(); ++digits) {
    const char c = line[digits];
    std::uint64_t value = 0;
    if (c >= '0' && c <= '9') {
      value = static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = static_cast<std::uint64_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value = static_cast<std::uint64_t>(c - 'A' + 10);
    } else {
      break;
    }
    if (digits >= 15) return false;
    remaining_ = remaining_ * 16 + value;
  }
  return digits > 0 && AreExtensions(line.substr(digits));
}

}  // namespace larder

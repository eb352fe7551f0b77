#include "proxy/http/reply_head.h"

#include <utility>

#include "proxy/http/field_lines.h"

namespace larder {
namespace {

ReplyHeadParse Refuse(std::string_view reason) {
  ReplyHeadParse parse;
  parse.state = ReplyHeadParse::State::kRefused;
  parse.reason = reason;
  return parse;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// "HTTP/1.1 101 Switching Protocols"; the space before an empty reason may be absent, as many
// servers leave it out. 0 when it is no status line.
int ParseStatusLine(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || !IsDigit(line[7]) || line[8] != ' ') {
    return 0;
  }
  if (line[9] < '1' || line[9] > '5' || !IsDigit(line[10]) || !IsDigit(line[11])) return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  for (const char c : line.substr(12)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return 0;
  }
  return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

// Empty when the framing is clear, else what is wrong with it.
std::string_view DecideFraming(ReplyHead& head) {
  for (const auto& [name, value] : head.headers.fields()) {
    if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (head.chunked || !EqualsIgnoreCase(value, "chunked")) {
        return "it has a transfer coding other than chunked";
      }
      head.chunked = true;
    } else if (EqualsIgnoreCase(name, "content-length")) {
      const auto length = ParseContentLength(value);
      if (!length || (head.content_length && *head.content_length != *length)) {
        return "its Content-Length is not one number";
      }
      head.content_length = length;
    }
  }
  if (head.chunked && head.content_length) {
    head.headers.Remove("content-length");
    head.content_length.reset();
  }
  return {};
}

}  // namespace

ReplyHeadParse ParseReplyHead(std::string_view bytes, const HeadLimits& limits,
                              std::size_t& scanned) {
  const std::size_t seen = std::exchange(scanned, bytes.size());
  const std::size_t end = bytes.find("\r\n\r\n", seen > 3 ? seen - 3 : 0);
  if (end == std::string_view::npos || end + 4 > limits.head_bytes) {
    if (HasBareLineEnd(bytes, seen > 0 ? seen - 1 : 0))
      return Refuse("a line does not end in CRLF");
    if (!bytes.starts_with(std::string_view("HTTP/1.").substr(0, bytes.size()))) {
      return Refuse("it does not begin with an HTTP/1 status line");
    }
    if (bytes.size() >= limits.head_bytes) return Refuse("its head is too long");
    return {};
  }
  ReplyHeadParse parse;
  std::string_view lines = bytes.substr(0, end + 2);
  const auto status_line = TakeLine(lines);
  if (!status_line) return Refuse("a line does not end in CRLF");
  parse.head.status = ParseStatusLine(*status_line);
  if (parse.head.status == 0) return Refuse("it does not begin with an HTTP/1 status line");
  switch (ParseFieldLines(lines, limits.fields, parse.head.headers)) {
    case FieldLines::kRight:
      break;
    case FieldLines::kBareLineEnd:
      return Refuse("a line does not end in CRLF");
    case FieldLines::kNoField:
      return Refuse("a header field is not: name, colon, value");
    case FieldLines::kControlByte:
      return Refuse("a header field has a control byte");
    case FieldLines::kTooMany:
      return Refuse("it has too many header fields");
  }
  if (const std::string_view wrong = DecideFraming(parse.head); !wrong.empty()) {
    return Refuse(wrong);
  }
  parse.state = ReplyHeadParse::State::kComplete;
  parse.consumed = end + 4;
  return parse;
}

}  // namespace larder

#include "proxy/upstream/reply_reader.h"

#include <algorithm>
#include <optional>

#include "proxy/http/field_lines.h"
#include "proxy/http/hop_by_hop.h"

namespace larder {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";
constexpr std::string_view kNotHttp = "the answer does not begin with an HTTP/1 status line";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool HasControlByte(std::string_view text) {
  bool found = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= (byte < 0x20 && byte != '\t') || byte == 0x7f;
  }
  return found;
}

}  // namespace

ReplyReader::State ReplyReader::Read(std::string_view bytes, std::size_t& consumed) {
  const std::size_t given = bytes.size();
  consumed = given;
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
    head_bytes_ += size;
    if (head_bytes_ > kMaxHeadBytes) {
      Refuse("the head of the answer is too large");
      return State::kRefused;
    }
    std::string_view line = bytes.substr(0, size);
    bytes.remove_prefix(size);
    if (!line_.empty() || newline == std::string_view::npos) line = line_.append(line);
    // What is no HTTP is not waited for.
    if (!in_fields_ && line.substr(0, kVersion.size()) != kVersion.substr(0, line.size())) {
      Refuse(kNotHttp);
      return State::kRefused;
    }
    if (newline == std::string_view::npos) break;
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    const bool right = TakeLine(line);
    line_.clear();
    if (!right) return State::kRefused;
    if (done_) {
      consumed = given - bytes.size();
      return State::kHead;
    }
  }
  return State::kMore;
}

bool ReplyReader::Refuse(std::string_view reason) {
  reason_ = reason;
  return false;
}

bool ReplyReader::TakeLine(std::string_view line) {
  if (!in_fields_) return TakeStatusLine(line);
  return line.empty() ? EndHead() : TakeField(line);
}

// "HTTP/1.1 200 OK"; the space before an empty reason may be absent.
bool ReplyReader::TakeStatusLine(std::string_view line) {
  if (line.size() < 12 || !IsDigit(line[7]) || line[8] != ' ' || line[9] < '1' || line[9] > '5' ||
      !IsDigit(line[10]) || !IsDigit(line[11]) || (line.size() > 12 && line[12] != ' ') ||
      HasControlByte(line)) {
    return Refuse(kNotHttp);
  }
  http10_ = line[7] == '0';
  head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  head_.headers = {};
  field_lines_ = 0;
  in_fields_ = true;
  return true;
}

// RFC 9112, sections 5.1 and 5.2: white space before a colon is removed, a folded line joined.
bool ReplyReader::TakeField(std::string_view line) {
  if (HasControlByte(line)) return Refuse("a header field has a control byte");
  if (++field_lines_ > kMaxFieldLines) return Refuse("the head of the answer is too large");
  Headers& headers = head_.headers;
  if (line.front() == ' ' || line.front() == '\t') {
    if (headers.size() == 0) return Refuse("the first header field is a folded line");
    headers.ReplaceLast(headers.fields().back().second + " " + std::string(TrimOws(line)));
    return true;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = TrimOws(line.substr(0, colon));
  if (colon == std::string_view::npos || !IsToken(name)) {
    return Refuse("a header field is not: name, colon, value");
  }
  headers.Add(std::string(name), std::string(TrimOws(line.substr(colon + 1))));
  return true;
}

bool ReplyReader::EndHead() {
  in_fields_ = false;
  if (head_.status == 101) {
    return Refuse("the answer switches protocols, which was not asked for");
  }
  if (head_.status < 200) return true;  // interim
  std::optional<std::string> length;
  bool chunked = false;
  bool repeated = false;
  for (const auto& [name, value] : head_.headers.fields()) {
    if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (chunked || !EqualsIgnoreCase(value, "chunked")) {
        return Refuse("the answer has a transfer coding other than chunked");
      }
      chunked = true;
    } else if (EqualsIgnoreCase(name, "content-length")) {
      if (!ParseContentLength(value) || (length && *length != value)) {
        return Refuse("the answer's Content-Length is not one number");
      }
      repeated = length.has_value();
      length = value;
    }
  }
  if (chunked && length) {
    head_.headers.Remove("content-length");
  } else if (repeated) {
    head_.headers.Set("content-length", *length);
  }
  // RFC 9112, section 6.3.
  const bool bodiless = to_head_ || head_.status == 204 || head_.status == 304;
  head_.framing = bodiless  ? Framing::kNone
                  : chunked ? Framing::kChunked
                  : length  ? Framing::kLength
                            : Framing::kClose;
  if (length) head_.length = ParseContentLength(*length).value_or(0);
  head_.framed = !(chunked && length) && head_.framing != Framing::kClose;
  const bool close = head_.headers.ListsToken("connection", "close");
  head_.keep_alive =
      head_.framed && !close && (!http10_ || head_.headers.ListsToken("connection", "keep-alive"));
  RemoveHopByHop(head_.headers);
  done_ = true;
  return true;
}

}  // namespace larder

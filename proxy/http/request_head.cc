#include "proxy/http/request_head.h"

#include "proxy/http/field_lines.h"

namespace larder {
namespace {

bool IsTarget(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || byte == '#') return false;
  }
  return !text.empty();
}

HeadViewParse Refuse(int status, std::string_view reason) {
  HeadViewParse parse;
  parse.state = HeadViewParse::State::kRefused;
  parse.status = status;
  parse.reason = reason;
  return parse;
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A reg-name of RFC 3986, section 3.2.2, with ':' where an address in brackets has it.
bool IsHostName(std::string_view text, bool in_brackets) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3 || !IsHexDigit(text[i + 1]) || !IsHexDigit(text[i + 2])) return false;
      i += 2;
    } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 kMarks.find(c) != std::string_view::npos || (in_brackets && c == ':'))) {
      return false;
    }
  }
  return true;
}

// A host and, behind a colon, a port, which may be empty; an empty text is one too.
bool IsHost(std::string_view text) {
  const bool in_brackets = text.starts_with('[');
  const std::size_t end = std::min(text.find(in_brackets ? ']' : ':'), text.size());
  if (in_brackets && end == text.size()) return false;
  const std::size_t begin = in_brackets ? 1 : 0;
  if (!IsHostName(text.substr(begin, end - begin), in_brackets)) return false;
  const std::string_view port = text.substr(in_brackets ? end + 1 : end);
  return port.empty() ||
         (port[0] == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

// Absolute-form to origin-form, `authority` set from it; false when it is neither.
bool NormaliseTarget(RequestHeadView& head, std::string_view& authority) {
  if (head.target == "*") return head.method == "OPTIONS";
  if (head.target.starts_with('/')) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoreCase(head.target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = head.target.find_first_of("/?", scheme.size());
    authority = head.target.substr(scheme.size(), path - scheme.size());
    if (authority.empty() || !IsHost(authority)) return false;
    const std::string_view origin =
        path == std::string_view::npos ? std::string_view() : head.target.substr(path);
    if (origin.starts_with('/')) {
      head.target = origin;
    } else {
      head.rewritten = "/" + std::string(origin);
      head.target = head.rewritten;
    }
    return true;
  }
  return false;
}

// Empty when the request line is right, else why not (and the status).
std::optional<HeadViewParse> ParseRequestLine(std::string_view line, RequestHeadView& head,
                                              std::string_view& authority) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) {
    return Refuse(400, "the request line must be: method, target, version");
  }
  const std::string_view version = line.substr(last + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' ||
      version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9') {
    return Refuse(400, "the request line must end in an HTTP version");
  }
  if (version[5] != '1') return Refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  head.minor_version = version[7] == '0' ? 0 : 1;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!IsToken(head.method)) return Refuse(400, "the method is not a token");
  if (!IsTarget(head.target))
    return Refuse(400, "the request target has a byte that must be escaped");
  if (head.method == "CONNECT") return Refuse(501, "CONNECT is not served here");
  if (!NormaliseTarget(head, authority))
    return Refuse(400, "the request target must begin with '/'");
  return std::nullopt;
}

std::optional<HeadViewParse> DecideFraming(RequestHeadView& head, std::string_view authority) {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::string_view host;
  std::string_view length;
  std::string_view coding;
  bool close = false;
  bool keep_alive = false;
  for (const auto& [name, value] : head.fields) {
    if (EqualsIgnoreCase(name, "host")) {
      ++hosts;
      host = value;
    } else if (EqualsIgnoreCase(name, "content-length")) {
      ++lengths;
      length = value;
    } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
      ++codings;
      coding = value;
    } else if (EqualsIgnoreCase(name, "connection")) {
      close = close || ListsToken(value, "close");
      keep_alive = keep_alive || ListsToken(value, "keep-alive");
    } else if (EqualsIgnoreCase(name, "expect") && head.minor_version == 1) {
      if (!EqualsIgnoreCase(value, "100-continue")) {
        return Refuse(417, "the only expectation understood here is 100-continue");
      }
      head.expect_continue = true;
    }
  }
  if (hosts > 1) return Refuse(400, "there must be one Host field");
  if (hosts == 0 && head.minor_version == 1) return Refuse(400, "the Host field is missing");
  if (!IsHost(host)) return Refuse(400, "the Host field is not a host");
  if (hosts > 0 && !authority.empty() && !EqualsIgnoreCase(host, authority)) {
    return Refuse(400, "the Host field and the request target name different hosts");
  }
  if (codings > 0 && lengths > 0) {
    return Refuse(400, "Content-Length and Transfer-Encoding must not stand together");
  }
  if (codings > 0) {
    if (head.minor_version == 0) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (codings > 1) return Refuse(400, "there must be one Transfer-Encoding field");
    if (!EqualsIgnoreCase(coding, "chunked")) {
      return Refuse(501, "the only transfer coding understood here is chunked");
    }
    head.chunked = true;
  }
  if (lengths > 0) {
    head.content_length = ParseContentLength(length);
    if (lengths > 1 || !head.content_length) {
      return Refuse(400, "Content-Length must be one decimal number");
    }
  }
  head.keep_alive = !close && (head.minor_version == 1 || keep_alive);
  return std::nullopt;
}

}  // namespace

HeadViewParse ParseRequestHead(std::string_view bytes, const HeadLimits& limits,
                               std::size_t& scanned, RequestHeadView& head) {
  // RFC 9112, section 2.2: an empty line before the request line is ignored.
  const std::size_t skipped = bytes.starts_with("\r\n") ? 2 : 0;
  const std::size_t seen = scanned;
  const std::size_t end = bytes.find("\r\n\r\n", std::max(skipped, seen > 3 ? seen - 3 : 0));
  scanned = bytes.size();
  std::string_view authority;
  if (end == std::string_view::npos || end + 4 > limits.head_bytes) {
    // What can only be wrong is told before the head is whole; each byte is looked at once.
    const std::size_t line_end = std::min(bytes.find_first_of("\r\n", skipped), bytes.size());
    if (line_end - skipped > limits.line_bytes) {
      return Refuse(414, "the request line is too long");
    }
    const std::size_t newline = bytes.find('\n', line_end);
    if (newline != std::string_view::npos && newline >= seen) {
      std::string_view rest = bytes.substr(skipped);
      const auto line = TakeLine(rest);
      if (!line) return Refuse(400, "lines must end in CRLF");
      if (auto refused = ParseRequestLine(*line, head, authority)) return *refused;
    }
    if (HasBareLineEnd(bytes, seen > 0 ? seen - 1 : 0)) {
      return Refuse(400, "lines must end in CRLF");
    }
    if (bytes.size() >= limits.head_bytes) return Refuse(431, "the request head is too long");
    return {};
  }

  head.chunked = false;
  head.content_length.reset();
  head.expect_continue = false;
  std::string_view rest = bytes.substr(skipped, end + 2 - skipped);
  const auto request_line = TakeLine(rest);
  if (!request_line) return Refuse(400, "lines must end in CRLF");
  if (request_line->size() > limits.line_bytes) return Refuse(414, "the request line is too long");
  if (auto refused = ParseRequestLine(*request_line, head, authority)) return *refused;
  switch (ParseFieldLines(rest, limits.fields, head.fields)) {
    case FieldLines::kRight:
      break;
    case FieldLines::kBareLineEnd:
      return Refuse(400, "lines must end in CRLF");
    case FieldLines::kNoField:
      return Refuse(400, "a header field must be: name, colon, value");
    case FieldLines::kControlByte:
      return Refuse(400, "a header field value has a control byte");
    case FieldLines::kTooMany:
      return Refuse(431, "there are too many header fields");
  }
  if (auto refused = DecideFraming(head, authority)) return *refused;
  HeadViewParse parse;
  parse.state = HeadViewParse::State::kComplete;
  parse.consumed = end + 4;
  return parse;
}

RequestHead CopyHead(const RequestHeadView& view) {
  RequestHead head;
  head.method = view.method;
  head.target = view.target;
  head.minor_version = view.minor_version;
  head.headers.Reserve(view.fields.size());
  for (const auto& [name, value] : view.fields) {
    head.headers.Add(std::string(name), std::string(value));
  }
  head.chunked = view.chunked;
  head.content_length = view.content_length;
  head.keep_alive = view.keep_alive;
  head.expect_continue = view.expect_continue;
  return head;
}

HeadParse ParseRequestHead(std::string_view bytes, const HeadLimits& limits, std::size_t& scanned) {
  RequestHeadView view;
  HeadParse parse{ParseRequestHead(bytes, limits, scanned, view), {}};
  if (parse.state == HeadParse::State::kComplete) parse.head = CopyHead(view);
  return parse;
}

}  // namespace larder

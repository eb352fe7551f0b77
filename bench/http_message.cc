#include "bench/http_message.h"

#include <strings.h>

#include <charconv>

namespace larder::bench {
namespace {

bool Is(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && ::strncasecmp(text.data(), lower.data(), text.size()) == 0;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Framing {
  std::size_t length = 0;
  bool chunked = false;
  bool expects_continue = false;
  bool broken = false;
};

void TakeField(std::string_view line, Framing& framing, HttpMessage& message) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (Is(name, "content-length")) {
    const auto end = value.data() + value.size();
    framing.broken = std::from_chars(value.data(), end, framing.length).ptr != end;
  } else if (Is(name, "transfer-encoding")) {
    framing.chunked = Is(value, "chunked");
    framing.broken = !framing.chunked;
  } else if (Is(name, "connection")) {
    message.keep_alive = !Is(value, "close");
  } else if (Is(name, "expect")) {
    framing.expects_continue = Is(value, "100-continue");
  }
}

// Takes the chunks at the front of `bytes` off; `used` is what they took, trailers included.
MessageState ReadChunks(std::string_view bytes, std::string& body, std::size_t& used) {
  body.clear();
  used = 0;
  while (true) {
    const std::size_t line_end = bytes.find("\r\n", used);
    if (line_end == std::string_view::npos) return MessageState::kMore;
    std::size_t size = 0;
    const char* begin = bytes.data() + used;
    const auto [end, error] = std::from_chars(begin, bytes.data() + line_end, size, 16);
    if (error != std::errc() || end == begin) return MessageState::kBroken;
    used = line_end + 2;
    if (size == 0) break;
    if (bytes.size() < used + size + 2) return MessageState::kMore;
    body.append(bytes, used, size);
    used += size + 2;
  }
  while (true) {  // trailers, then an empty line
    const std::size_t line_end = bytes.find("\r\n", used);
    if (line_end == std::string_view::npos) return MessageState::kMore;
    const bool last = line_end == used;
    used = line_end + 2;
    if (last) return MessageState::kWhole;
  }
}

}  // namespace

std::string_view HttpMessage::Word(std::size_t words) const {
  std::string_view rest = start_line;
  for (; words > 0; --words) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return {};
    rest.remove_prefix(space + 1);
  }
  return rest.substr(0, rest.find(' '));
}

HttpMessage ReadMessage(std::string_view buffer, std::string& decoded) {
  HttpMessage message;
  const std::size_t head_end = buffer.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return message;
  const std::string_view head = buffer.substr(0, head_end + 2);
  const std::size_t body_begin = head_end + 4;
  std::size_t line = head.find("\r\n");
  message.start_line = head.substr(0, line);
  Framing framing;
  for (line += 2; line < head.size();) {
    const std::size_t end = head.find("\r\n", line);
    TakeField(head.substr(line, end - line), framing, message);
    line = end + 2;
  }
  const std::string_view rest = buffer.substr(body_begin);
  if (framing.broken) {
    message.state = MessageState::kBroken;
  } else if (framing.chunked) {
    std::size_t used = 0;
    message.state = ReadChunks(rest, decoded, used);
    message.body = decoded;
    message.size = body_begin + used;
  } else if (rest.size() >= framing.length) {
    message.state = MessageState::kWhole;
    message.body = rest.substr(0, framing.length);
    message.size = body_begin + framing.length;
  }
  if (message.state == MessageState::kMore && framing.expects_continue && rest.empty()) {
    message.state = MessageState::kContinue;
  }
  return message;
}

}  // namespace larder::bench

// Parsing a response head (RFC 9112, sections 4 to 6.3) where no HTTP library reads it for us: that
// of a websocket handshake. Refuses whatever two readers could understand differently: bare CR or
// LF, folded lines, control bytes, white space before a colon, other codings than chunked, lengths
// that differ. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/headers.h"
#include "proxy/http/request_head.h"

namespace larder {

struct ReplyHead {
  int status = 0;  // 100..599
  // As received, without Content-Length where Transfer-Encoding overrides it.
  Headers headers;
  // Framing: chunked, or content_length bytes; neither: until the connection ends, unless the
  // status or the method says that there is no body.
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
};

struct ReplyHeadParse {
  enum class State { kIncomplete, kComplete, kRefused };
  State state = State::kIncomplete;
  std::size_t consumed = 0;  // bytes of the head, when complete
  ReplyHead head;            // when complete
  std::string_view reason;   // when refused: what is wrong with it ("a field has a control byte")
};

// Parses the head at the start of `bytes`, interim ones like any other. Called again with more
// bytes while incomplete (`scanned`: as for ParseRequestHead; 0 at first). A head that reaches
// limits.head_bytes without its end is refused.
ReplyHeadParse ParseReplyHead(std::string_view bytes, const HeadLimits& limits,
                              std::size_t& scanned);

}  // namespace larder

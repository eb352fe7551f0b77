// Parsing a request head (RFC 9112, sections 2 to 7). It decides the framing before anything else
// sees the bytes, and refuses whatever two readers could understand differently: Content-Length
// beside Transfer-Encoding, several or signed lengths, other codings, white space before a colon,
// folded lines, bare CR or LF, control bytes, a missing or doubled Host, or one that differs from
// an absolute target's. Values are kept byte for byte. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/field_lines.h"
#include "proxy/http/headers.h"

namespace larder {

struct HeadLimits {
  std::size_t line_bytes = 16 * 1024;  // of the request line
  std::size_t head_bytes = 64 * 1024;  // of request line, fields and empty line together
  std::size_t fields = 128;
};

// A head as it stands in the bytes that it was parsed from, and lives as long as they do.
struct RequestHeadView {
  std::string_view method;
  // Origin-form ("/v1/models?x=1"), made so from absolute-form (it then stands in `rewritten`), or
  // "*" for OPTIONS.
  std::string_view target;
  int minor_version = 1;
  std::vector<FieldView> fields;
  // Framing: chunked, or content_length bytes, or no body when neither is set.
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  bool expect_continue = false;
  std::string rewritten;
};

struct HeadViewParse {
  enum class State { kIncomplete, kComplete, kRefused };
  State state = State::kIncomplete;
  std::size_t consumed = 0;  // bytes of the head, when complete
  int status = 0;            // to answer before closing, when refused: 400, 414, 431, 501, 505
  std::string_view reason;   // a sentence for the error object, when refused
};

// Parses the head at the start of `bytes` into `head`, which is replaced (what it holds of memory
// is used again). Cost: linear; called again with more bytes while incomplete (`scanned` remembers
// how far the end of the head has been looked for; 0 at first).
HeadViewParse ParseRequestHead(std::string_view bytes, const HeadLimits& limits,
                               std::size_t& scanned, RequestHeadView& head);

// The same with values of its own.
struct RequestHead {
  std::string method;
  std::string target;
  int minor_version = 1;
  Headers headers;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  bool expect_continue = false;
};
RequestHead CopyHead(const RequestHeadView& view);

struct HeadParse : HeadViewParse {
  RequestHead head;  // when complete
};
HeadParse ParseRequestHead(std::string_view bytes, const HeadLimits& limits, std::size_t& scanned);

}  // namespace larder

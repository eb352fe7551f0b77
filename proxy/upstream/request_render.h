// The head of a request as PlainEngine sends it (RFC 9112, sections 3 and 6). Nothing that could
// end a line or the head early leaves. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/upstream/upstream.h"

namespace larder {

struct RenderedRequest {
  std::string authority;  // "localhost:8080", "[::1]:8080": as Host says it; names the pool
  std::string host;       // "localhost", "::1"
  std::uint16_t port = 80;
  std::string head;  // request line and fields, with the empty line
  // What follows the head.
  enum class Body { kNone, kString, kSized, kChunked };
  Body body = Body::kNone;
  bool close = false;  // its own fields ask for the end of the connection
};

// `url` begins with "http://". The fields go in their order, byte for byte, behind Host and before
// the framing; Host, Content-Length and Transfer-Encoding of the request's own do not go.
// Errors: kInvalidArgument (a method, URL or field that cannot be sent).
Result<RenderedRequest> RenderRequest(std::string_view url, const UpstreamRequest& request);

}  // namespace larder

// Writing a response head and body framing (RFC 9112, sections 4 to 7). Thread-safety: pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace larder {

enum class BodyFraming {
  kNone,  // HEAD, 1xx, 204, 304
  kLength,
  kChunked,
  kUntilClose,  // HTTP/1.0 and the length is not known
  kTunnel,      // behind a 101: the bytes of a websocket
};

// How the response is framed for a request of this method and version; never kTunnel.
BodyFraming DecideResponseFraming(const Response& response, std::string_view method,
                                  int minor_version);

// Appends status line, fields (those that are the front's own are left out: Connection, Keep-Alive,
// Transfer-Encoding, Content-Length, Upgrade) and the empty line. CR, LF and NUL in a value become
// spaces. With kTunnel it says Connection: Upgrade and Upgrade: websocket.
void AppendResponseHead(const Response& response, BodyFraming framing, bool keep_alive,
                        std::string_view date, std::string& out);

// Its pieces. A field that is the front's own is left out.
void AppendStatusLine(int status, std::string& out);
void AppendField(std::string_view name, std::string_view value, std::string& out);

// Appends one chunk. Precondition: data is not empty.
void AppendChunk(std::string_view data, std::string& out);

// "Sat, 21 Nov 2026 05:28:47 GMT" (RFC 9110, section 5.6.7).
std::string HttpDate(WallTime time);

}  // namespace larder

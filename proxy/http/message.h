// Request and Response: HTTP messages as handlers see them, whatever front reads and writes the
// bytes. Thread-safety: values; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/body.h"
#include "proxy/http/headers.h"

namespace larder {

struct Request {
  std::string method;
  std::string target;     // as received, origin-form: path and query, not decoded
  int minor_version = 1;  // of HTTP/1.x
  Headers headers;        // as received, hop-by-hop fields included
  std::string peer;       // "127.0.0.1:50412"
  MonoTime received{};    // when the first byte of the request had been read

  // Exactly one holds the body: `body` when the plan asked for it whole, else `body_source`.
  std::string body;
  std::shared_ptr<BodySource> body_source;  // owned by the handler and the connection that fills it
  std::optional<std::uint64_t> body_size;   // when the framing told it
  bool tunnel = false;                      // see RequestPlan::tunnel

  // Both not decoded: "/v1/files/a%2Fb" and "limit=2" ("" when there is no query).
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const {
    const std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view()
                                     : std::string_view(target).substr(mark + 1);
  }
};

// What became of a response once the front was done with it.
struct SendOutcome {
  std::uint64_t body_bytes = 0;  // given to the socket
  bool complete = false;         // false: the client left, or the body broke off
  MonoTime first_byte{};         // when the head was handed to the socket
};

struct Response {
  int status = 200;
  Headers headers;                     // end-to-end fields; the front adds framing and Date
  std::string body;                    // used when `stream` is null
  std::shared_ptr<BodySource> stream;  // sent as it becomes available; broken off when it breaks
  std::optional<std::uint64_t> stream_size;  // when known: sent with Content-Length
  bool close = false;                        // end the connection after this response
  // Called once on a front thread when nothing more of it will be sent. Must be quick.
  std::function<void(const SendOutcome&)> on_sent;
};

// The value of one query parameter, percent-decoded ('+' is a space); nullopt when absent.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name);
// Percent-decodes a path segment or query value; bytes that are not valid escapes stay as they are.
std::string PercentDecode(std::string_view text, bool plus_is_space = false);

// The reason phrase of a status ("Not Found"); "Status" for unknown ones.
std::string_view ReasonPhrase(int status);

}  // namespace larder

// Upstream: one model provider. Seam: HttpUpstream, BuiltinUpstream (offline stand-in),
// FakeUpstream in tests/support. tests/proxy/upstream_contract_test.cc states what each must do.
//
// Any HTTP status is a value; an error means that no answer arrived.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/http/body.h"
#include "proxy/http/headers.h"

namespace larder {

struct UpstreamRequest {
  std::string method;          // "POST"
  std::string path_and_query;  // below the upstream's base URL: "/embeddings?x=1"; starts with '/'
  bool from_origin = false;    // path_and_query counts from the base URL's origin instead
  Headers headers;             // end-to-end fields only; the upstream adds Host and framing
  std::string body;            // used when body_source is null
  // A body still arriving from the client; sent with `body_size` when known, else chunked.
  std::shared_ptr<BodySource> body_source = nullptr;
  std::optional<std::uint64_t> body_size = std::nullopt;
  // Longest wait for the response head, and for each further piece of the body.
  std::chrono::milliseconds first_byte_timeout{600'000};
  std::chrono::milliseconds idle_timeout{600'000};
  // Longest time from Send to the last byte of the body; 0 = no limit.
  std::chrono::milliseconds total_timeout{0};
};

// Whether an answer says that upstream is down or full: 500, 502, 503, 504, and 529 (Anthropic:
// overloaded). The breaker counts these, and a stale entry may answer instead of them (RFC 5861,
// section 4).
inline bool IsUpstreamFailure(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504 || status == 529;
}

// The shorter of two timeouts of which each may be 0 for no limit.
inline std::chrono::milliseconds ShorterTimeout(std::chrono::milliseconds a,
                                                std::chrono::milliseconds b) {
  if (a.count() == 0 || b.count() == 0) return a + b;
  return a < b ? a : b;
}

struct UpstreamReply {
  int status = 0;   // 100..599, never an interim 1xx but 101
  Headers headers;  // hop-by-hop fields removed
  // The decoded body. kEnd only when it arrived whole by its own framing: a broken chunked body, a
  // short one, or one delimited by close alone with `framed` false must not be stored.
  // Dropping it before its end cancels the exchange.
  std::shared_ptr<BodySource> body;
  // False when only the end of the connection told the end of the body (RFC 9112, section 6.3, rule
  // 8), or when it was told twice: by chunks, which counts, and by a Content-Length.
  bool framed = true;
};

// Thread-safety: every method may be called from any thread, many at once.
class Upstream {
 public:
  virtual ~Upstream() = default;

  // Part of every cache key: entries of one upstream never answer for another. "builtin" or a base
  // URL.
  virtual const std::string& name() const = 0;

  // What people call it, for metrics and Cache-Status; bounded, no credential. The name unless the
  // configuration gives another.
  virtual const std::string& label() const { return name(); }

  // Sends the request and returns as soon as the response head has arrived.
  // Errors: kUnavailable (could not connect, connection lost before a head), kDeadlineExceeded,
  // kInvalidReply (not HTTP, broken framing), kOverloaded (no connection came free in time).
  virtual Result<UpstreamReply> Send(UpstreamRequest request) = 0;

  // Asks for a websocket and returns when the answer is there. Status 101: body_source's bytes go
  // up from now on, the reply's body has those that come down, neither with an end that was known
  // before. The body's kEnd: upstream closed the connection. body_source's kEnd: upstream is told
  // that no more will come. Dropping the body closes the connection. Any other status: upstream
  // refused; the body is whole. `request`: end-to-end fields, to which the upstream adds Connection
  // and Upgrade; idle_timeout and total_timeout do not concern it. Errors: those of Send, and
  // kOverloaded when too many are open, kNotFound when this upstream has none.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): those that override it take it
  virtual Result<UpstreamReply> OpenTunnel(UpstreamRequest /*request*/) {
    return Error{ErrorCode::kNotFound, ErrorOrigin::kUpstream,
                 "this upstream has no websockets; set --upstream to a provider that has"};
  }
};

}  // namespace larder

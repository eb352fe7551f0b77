// RetryPolicy: whether a failed attempt is repeated, and after which pause. Everything here happens
// before the first byte of an answer has gone on; afterwards nothing is repeated.
//
// Repeated are: no connection, or one lost before a head (kUnavailable), an answer that is none
// (kInvalidReply), and the statuses 408, 409, 429, 500, 502, 503, 504, 529, as OpenAI's SDKs do.
// Upstream may have done the work already when a connection is lost; the SDKs take that risk too.
// Not repeated: an answer that did not begin in time (kDeadlineExceeded: the client has waited long
// enough, and upstream is at work; a connection that is not made in time is kUnavailable), a full
// queue (kOverloaded), and whatever the request itself is to blame for.
//
// `x-should-retry: true|false` on an answer of 400 and above overrules its status.
// Thread-safety: a value; pure functions.
#pragma once

#include <chrono>
#include <optional>

#include "proxy/upstream/upstream.h"
#include "proxy/upstream/upstream_options.h"

namespace larder {

// The pause that an answer asks for: `retry-after-ms` (milliseconds), else `retry-after` (seconds,
// or a date compared with `now`); what cannot be read is no wish. Source: RFC 9110, section 10.2.3.
std::optional<std::chrono::milliseconds> PauseAskedFor(const Headers& headers, WallTime now);

class RetryPolicy {
 public:
  explicit RetryPolicy(RetryOptions options) : options_(options) {}

  // The pause before the next attempt; nullopt: `outcome` is passed on. `attempts` (>= 1) have been
  // made. `repeatable`: the request's body is still whole. `random` is in [0, 1).
  //
  // The pause is PauseAskedFor; more than max_retry_after: nullopt, the client is to know.
  // Otherwise backoff * 2^(attempts - 1), at most max_backoff, less a random part of up to its half
  // ("equal jitter"). Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
  // 2015.
  std::optional<std::chrono::milliseconds> Pause(int attempts, const Result<UpstreamReply>& outcome,
                                                 bool repeatable, double random,
                                                 WallTime now) const;

  // Attempts that there can be.
  int max_attempts() const { return 1 + options_.max_retries; }

 private:
  RetryOptions options_;
};

}  // namespace larder

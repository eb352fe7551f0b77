// RetryingUpstream: an Upstream whose failed attempts are repeated (retry_policy.h) and which is
// left alone while it is down (circuit_breaker.h). A decorator: it works over any Upstream.
// Thread-safety: as Upstream.
#pragma once

#include <atomic>
#include <functional>

#include "proxy/upstream/circuit_breaker.h"
#include "proxy/upstream/retry_policy.h"

namespace larder {

class RetryingUpstream final : public Upstream {
 public:
  // Waits that long; false when the server stops meanwhile. Called from many threads.
  using Sleep = std::function<bool(std::chrono::milliseconds)>;
  // In [0, 1). Called from many threads.
  using Random = std::function<double()>;

  // Of `options` it uses name, retry, breaker and total_timeout. `inner` and `clock` outlive it.
  RetryingUpstream(Upstream& inner, const UpstreamOptions& options, const Clock& clock, Sleep sleep,
                   Random random);

  const std::string& name() const override { return inner_.name(); }
  // The configured name.
  const std::string& label() const override { return label_; }

  // The last attempt's outcome. The total timeout (the shorter one of the request's and the
  // options') covers all attempts, their pauses and the body: a pause that would not end before it
  // is not begun. A request with a body_source is sent once. An answer that is given up is dropped.
  // Errors besides `inner`'s: kUnavailable at once while the breaker is open, kCancelled when the
  // server stops during a pause.
  Result<UpstreamReply> Send(UpstreamRequest request) override;

  // Never repeated, since a client tries again itself; the breaker and the counts include it.
  Result<UpstreamReply> OpenTunnel(UpstreamRequest request) override;

  // All but `queued`.
  UpstreamStats stats() const;

 private:
  // Counts one attempt and tells the breaker of it.
  Result<UpstreamReply> Attempt(Result<UpstreamReply> (Upstream::*call)(UpstreamRequest),
                                UpstreamRequest request, CircuitBreaker::Permit permit);
  Error Refused(const CircuitBreaker::Refusal& refusal) const;

  Upstream& inner_;
  const std::string label_;
  const std::chrono::milliseconds total_timeout_;
  const RetryPolicy policy_;
  const Clock& clock_;
  const Sleep sleep_;
  const Random random_;
  CircuitBreaker breaker_;
  std::atomic<std::uint64_t> attempts_{0};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace larder

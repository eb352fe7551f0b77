#include "proxy/upstream/retrying_upstream.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

CircuitBreaker::Outcome OutcomeOf(const Result<UpstreamReply>& reply) {
  using Outcome = CircuitBreaker::Outcome;
  if (!reply.ok()) {
    const ErrorCode code = reply.error().code;
    const bool upstreams = code == ErrorCode::kUnavailable || code == ErrorCode::kInvalidReply ||
                           code == ErrorCode::kDeadlineExceeded;
    return upstreams ? Outcome::kFailure : Outcome::kNeither;
  }
  return IsUpstreamFailure(reply->status) ? Outcome::kFailure : Outcome::kSuccess;
}

}  // namespace

RetryingUpstream::RetryingUpstream(Upstream& inner, const UpstreamOptions& options,
                                   const Clock& clock, Sleep sleep, Random random)
    : inner_(inner),
      label_(options.name),
      total_timeout_(options.total_timeout),
      policy_(options.retry),
      clock_(clock),
      sleep_(std::move(sleep)),
      random_(std::move(random)),
      breaker_(options.breaker, clock) {}

Result<UpstreamReply> RetryingUpstream::Send(UpstreamRequest request) {
  const bool repeatable = request.body_source == nullptr;
  const milliseconds total = ShorterTimeout(request.total_timeout, total_timeout_);
  const MonoTime begun = clock_.Monotonic();
  for (int attempt = 1;; ++attempt) {
    const auto asked = breaker_.Ask();
    if (const auto* refusal = std::get_if<CircuitBreaker::Refusal>(&asked)) {
      ++refused_;
      return Refused(*refusal);
    }
    request.total_timeout = total;  // NOLINT(bugprone-use-after-move): as below
    if (total.count() > 0) {
      const auto spent = std::chrono::duration_cast<milliseconds>(clock_.Monotonic() - begun);
      request.total_timeout = std::max(milliseconds(1), total - spent);
    }
    if (attempt > 1) ++retries_;
    const bool last = !repeatable || attempt >= policy_.max_attempts();
    // NOLINTNEXTLINE(bugprone-use-after-move): nothing follows the last attempt
    auto outcome = Attempt(&Upstream::Send, last ? std::move(request) : request,
                           std::get<CircuitBreaker::Permit>(asked));
    if (last) return outcome;  // no pause follows, and chance need not be asked
    const auto pause = policy_.Pause(attempt, outcome, repeatable, random_(), clock_.Now());
    if (!pause || breaker_.state() == BreakerState::kOpen) return outcome;
    if (total.count() > 0 && clock_.Monotonic() - begun + *pause >= total) return outcome;
    // Its connection is closed, or free again, before the pause begins.
    outcome = UpstreamError(ErrorCode::kUnavailable, "upstream: it is asked again");
    if (!sleep_(*pause)) {
      return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the server is shutting down"};
    }
  }
}

Result<UpstreamReply> RetryingUpstream::OpenTunnel(UpstreamRequest request) {
  const auto asked = breaker_.Ask();
  if (const auto* refusal = std::get_if<CircuitBreaker::Refusal>(&asked)) {
    ++refused_;
    return Refused(*refusal);
  }
  return Attempt(&Upstream::OpenTunnel, std::move(request),
                 std::get<CircuitBreaker::Permit>(asked));
}

Result<UpstreamReply> RetryingUpstream::Attempt(
    Result<UpstreamReply> (Upstream::*call)(UpstreamRequest), UpstreamRequest request,
    CircuitBreaker::Permit permit) {
  ++attempts_;
  auto reply = (inner_.*call)(std::move(request));
  const auto outcome = OutcomeOf(reply);
  if (outcome == CircuitBreaker::Outcome::kFailure) ++failures_;
  breaker_.Report(permit, outcome);
  return reply;
}

Error RetryingUpstream::Refused(const CircuitBreaker::Refusal& refusal) const {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(refusal.wait).count();
  return UpstreamError(ErrorCode::kUnavailable,
                       "upstream " + label_ + " has failed " + std::to_string(refusal.failures) +
                           " times in a row; it is asked again " +
                           (seconds == 0 ? "just now" : "in " + std::to_string(seconds) + " s"));
}

UpstreamStats RetryingUpstream::stats() const {
  UpstreamStats stats;
  stats.label = label_;
  stats.attempts = attempts_;
  stats.retries = retries_;
  stats.failures = failures_;
  stats.refused = refused_;
  stats.breaker = breaker_.state();
  return stats;
}

}  // namespace larder

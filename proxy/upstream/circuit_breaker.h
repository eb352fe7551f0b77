// CircuitBreaker: after several failures in a row an upstream is left alone for a while, then asked
// by one request that decides. Source of the states: M. Nygard, "Release It!", 2007, chapter 5.
//
//   closed -- `failures` in a row --> open -- `open` has passed --> half-open
//   half-open -- the one request succeeds --> closed, -- it fails --> open
//
// Thread-safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <variant>

#include "base/clock.h"
#include "base/mutex.h"
#include "proxy/upstream/upstream_options.h"
#include "proxy/upstream/upstream_stats.h"

namespace larder {

class CircuitBreaker {
 public:
  // Leave to send one request; Report must follow.
  struct Permit {
    std::uint64_t period = 0;
  };
  struct Refusal {
    int failures = 0;                   // in a row, before it opened
    std::chrono::milliseconds wait{0};  // until the next is let through; 0: one is on its way now
  };
  enum class Outcome {
    kSuccess,
    kFailure,
    kNeither,  // nothing was learnt, such as when the client's own body broke off
  };

  // With `options.failures` 0 it never opens. `clock` outlives it.
  CircuitBreaker(BreakerOptions options, const Clock& clock) : options_(options), clock_(clock) {}

  std::variant<Permit, Refusal> Ask();
  // What became of the request. Without effect when the breaker has changed its state since the
  // permit: old news.
  void Report(Permit permit, Outcome outcome);

  BreakerState state() const;

 private:
  void Enter(BreakerState state) LARDER_REQUIRES(mutex_);

  const BreakerOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  BreakerState state_ LARDER_GUARDED_BY(mutex_) = BreakerState::kClosed;
  std::uint64_t period_ LARDER_GUARDED_BY(mutex_) = 0;  // counts changes of state_
  int failures_ LARDER_GUARDED_BY(mutex_) = 0;          // in a row
  MonoTime opened_ LARDER_GUARDED_BY(mutex_){};
  bool asking_ LARDER_GUARDED_BY(mutex_) = false;  // half-open, and the one request is on its way
};

}  // namespace larder

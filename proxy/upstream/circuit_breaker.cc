#include "proxy/upstream/circuit_breaker.h"

namespace larder {

using std::chrono::milliseconds;

void CircuitBreaker::Enter(BreakerState state) {
  state_ = state;
  ++period_;
  asking_ = false;
  if (state == BreakerState::kClosed) failures_ = 0;
  if (state == BreakerState::kOpen) opened_ = clock_.Monotonic();
}

std::variant<CircuitBreaker::Permit, CircuitBreaker::Refusal> CircuitBreaker::Ask() {
  MutexLock lock(mutex_);
  if (state_ == BreakerState::kOpen) {
    const auto left = options_.open - (clock_.Monotonic() - opened_);
    if (left.count() > 0) return Refusal{failures_, std::chrono::ceil<milliseconds>(left)};
    Enter(BreakerState::kHalfOpen);
  }
  if (state_ == BreakerState::kHalfOpen) {
    if (asking_) return Refusal{failures_, milliseconds(0)};
    asking_ = true;
  }
  return Permit{period_};
}

void CircuitBreaker::Report(Permit permit, Outcome outcome) {
  if (options_.failures == 0) return;
  MutexLock lock(mutex_);
  if (permit.period != period_) return;
  asking_ = false;
  if (outcome == Outcome::kNeither) return;
  if (outcome == Outcome::kSuccess) {
    failures_ = 0;
    if (state_ == BreakerState::kHalfOpen) Enter(BreakerState::kClosed);
    return;
  }
  ++failures_;
  if (state_ == BreakerState::kHalfOpen || failures_ >= options_.failures) {
    Enter(BreakerState::kOpen);
  }
}

BreakerState CircuitBreaker::state() const {
  MutexLock lock(mutex_);
  if (state_ == BreakerState::kOpen && clock_.Monotonic() - opened_ >= options_.open) {
    return BreakerState::kHalfOpen;
  }
  return state_;
}

}  // namespace larder

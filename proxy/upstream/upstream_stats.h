// What has happened at one upstream since the start, for metrics. Thread-safety: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larder {

// Of the circuit breaker in front of an upstream.
enum class BreakerState {
  kClosed,    // requests go through
  kOpen,      // they are refused, until the pause is over
  kHalfOpen,  // the pause is over: one request goes through and decides
};

// "closed", "open", "half-open".
constexpr std::string_view BreakerStateName(BreakerState state) {
  switch (state) {
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      return "half-open";
    case BreakerState::kClosed:
      break;
  }
  return "closed";
}

struct UpstreamStats {
  std::string label;
  std::uint64_t attempts = 0;  // requests sent, repetitions included
  std::uint64_t retries = 0;   // of these, repetitions
  std::uint64_t failures = 0;  // attempts without an answer, or with one of 500, 502, 503, 504, 529
  std::uint64_t refused = 0;   // requests that the open breaker answered
  BreakerState breaker = BreakerState::kClosed;
  std::size_t queued = 0;  // requests that wait for a connection now
};

}  // namespace larder

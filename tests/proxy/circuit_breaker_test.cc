#include "proxy/upstream/circuit_breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/manual_clock.h"

namespace larder {
namespace {

using std::chrono::milliseconds;
using Outcome = CircuitBreaker::Outcome;

class CircuitBreakerTest : public testing::Test {
 protected:
  static constexpr BreakerOptions kThreeFailures{.failures = 3, .open = milliseconds(10'000)};

  CircuitBreaker::Permit Asked() {
    const auto asked = breaker_.Ask();
    EXPECT_TRUE(std::holds_alternative<CircuitBreaker::Permit>(asked));
    return std::get<CircuitBreaker::Permit>(asked);
  }
  CircuitBreaker::Refusal Refused() {
    const auto asked = breaker_.Ask();
    EXPECT_TRUE(std::holds_alternative<CircuitBreaker::Refusal>(asked));
    return std::get<CircuitBreaker::Refusal>(asked);
  }
  void Pass(Outcome outcome) { breaker_.Report(Asked(), outcome); }
  void Open() {
    for (int i = 0; i < 3; ++i) Pass(Outcome::kFailure);
    EXPECT_EQ(breaker_.state(), BreakerState::kOpen);
  }

  ManualClock clock_;
  CircuitBreaker breaker_{kThreeFailures, clock_};
};

TEST_F(CircuitBreakerTest, OpensAfterThatManyFailuresInARow) {
  Pass(Outcome::kFailure);
  Pass(Outcome::kFailure);
  Pass(Outcome::kSuccess);
  Pass(Outcome::kFailure);
  Pass(Outcome::kFailure);
  EXPECT_EQ(breaker_.state(), BreakerState::kClosed);
  Pass(Outcome::kFailure);
  EXPECT_EQ(breaker_.state(), BreakerState::kOpen);
}

TEST_F(CircuitBreakerTest, WhatTeachesNothingNeitherCountsNorForgives) {
  Pass(Outcome::kFailure);
  Pass(Outcome::kFailure);
  Pass(Outcome::kNeither);
  EXPECT_EQ(breaker_.state(), BreakerState::kClosed);
  Pass(Outcome::kFailure);
  EXPECT_EQ(breaker_.state(), BreakerState::kOpen);
}

TEST_F(CircuitBreakerTest, WhileOpenItRefusesAndSaysForHowLong) {
  Open();
  clock_.Advance(milliseconds(4000));
  EXPECT_EQ(Refused().wait, milliseconds(6000));
  EXPECT_EQ(Refused().failures, 3);
  clock_.Advance(milliseconds(5999));
  EXPECT_EQ(Refused().wait, milliseconds(1));
}

TEST_F(CircuitBreakerTest, AfterThePauseOneRequestIsLetThroughAndDecides) {
  Open();
  clock_.Advance(milliseconds(10'000));
  EXPECT_EQ(breaker_.state(), BreakerState::kHalfOpen);
  const auto probe = Asked();
  EXPECT_EQ(Refused().wait, milliseconds(0));
  breaker_.Report(probe, Outcome::kSuccess);
  EXPECT_EQ(breaker_.state(), BreakerState::kClosed);
  Pass(Outcome::kFailure);
  Pass(Outcome::kFailure);
  EXPECT_EQ(breaker_.state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, AFailureOfThatRequestOpensItAgainForTheWholePause) {
  Open();
  clock_.Advance(milliseconds(15'000));
  Pass(Outcome::kFailure);
  EXPECT_EQ(breaker_.state(), BreakerState::kOpen);
  EXPECT_EQ(Refused().wait, milliseconds(10'000));
}

TEST_F(CircuitBreakerTest, WhenThatRequestTeachesNothingTheNextDecides) {
  Open();
  clock_.Advance(milliseconds(10'000));
  Pass(Outcome::kNeither);
  EXPECT_EQ(breaker_.state(), BreakerState::kHalfOpen);
  Pass(Outcome::kSuccess);
  EXPECT_EQ(breaker_.state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, NewsOfRequestsFromBeforeItOpenedChangeNothing) {
  const auto late_success = Asked();
  const auto late_failure = Asked();
  Open();
  breaker_.Report(late_success, Outcome::kSuccess);
  EXPECT_EQ(breaker_.state(), BreakerState::kOpen);
  clock_.Advance(milliseconds(10'000));
  const auto probe = Asked();
  breaker_.Report(late_failure, Outcome::kFailure);
  EXPECT_EQ(breaker_.state(), BreakerState::kHalfOpen);
  breaker_.Report(probe, Outcome::kSuccess);
  EXPECT_EQ(breaker_.state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, WithoutANumberOfFailuresItNeverOpens) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 100; ++i) {
    const auto asked = breaker.Ask();
    ASSERT_TRUE(std::holds_alternative<CircuitBreaker::Permit>(asked));
    breaker.Report(std::get<CircuitBreaker::Permit>(asked), Outcome::kFailure);
  }
  EXPECT_EQ(breaker.state(), BreakerState::kClosed);
}

TEST_F(CircuitBreakerTest, OfManyThreadsOneIsLetThroughHalfOpen) {
  Open();
  clock_.Advance(milliseconds(10'000));
  std::atomic<int> let_through{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        let_through += std::holds_alternative<CircuitBreaker::Permit>(breaker_.Ask()) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(let_through, 1);
}

}  // namespace
}  // namespace larder

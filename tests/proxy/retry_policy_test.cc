#include "proxy/upstream/retry_policy.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::chrono::milliseconds;

// 2026-01-01T00:00:00Z.
const WallTime kNow = FromUnixMillis(1767225600000);
constexpr std::optional<milliseconds> kPassOn;

Result<UpstreamReply> Answer(int status, Headers headers = {}) {
  return UpstreamReply{.status = status, .headers = std::move(headers), .body = nullptr};
}

std::optional<milliseconds> Pause(const Result<UpstreamReply>& outcome, int attempts = 1,
                                  double random = 0) {
  RetryOptions options;
  options.max_retries = 5;
  return RetryPolicy(options).Pause(attempts, outcome, true, random, kNow);
}

TEST(RetryPolicyTest, StatusesThatSpeakOfAPassingStateAreRepeatedAndNoOthers) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(Pause(Answer(status))) << status;
  }
  for (const int status : {200, 204, 301, 304, 400, 401, 403, 404, 413, 422, 501}) {
    EXPECT_FALSE(Pause(Answer(status))) << status;
  }
}

TEST(RetryPolicyTest, ErrorsAreRepeatedWhenNoAnswerBeganAndTheClientHasNotWaitedForOne) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kInvalidReply}) {
    EXPECT_TRUE(Pause(UpstreamError(code, ""))) << ErrorCodeName(code);
  }
  for (const ErrorCode code :
       {ErrorCode::kDeadlineExceeded, ErrorCode::kOverloaded, ErrorCode::kInvalidArgument,
        ErrorCode::kCancelled, ErrorCode::kTooLarge, ErrorCode::kInternal}) {
    EXPECT_FALSE(Pause(UpstreamError(code, ""))) << ErrorCodeName(code);
  }
}

TEST(RetryPolicyTest, ARequestWhoseBodyIsSpentIsNotRepeated) {
  RetryOptions options;
  options.max_retries = 5;
  EXPECT_FALSE(RetryPolicy(options).Pause(1, Answer(503), false, 0, kNow));
}

TEST(RetryPolicyTest, RepeatsAsOftenAsConfiguredAndByDefaultNever) {
  EXPECT_FALSE(RetryPolicy({}).Pause(1, Answer(503), true, 0, kNow));
  EXPECT_TRUE(Pause(Answer(503), 5));
  EXPECT_FALSE(Pause(Answer(503), 6));
}

TEST(RetryPolicyTest, XShouldRetryOverrulesTheStatusOfAnError) {
  EXPECT_FALSE(Pause(Answer(503, {{"X-Should-Retry", "false"}})));
  EXPECT_TRUE(Pause(Answer(400, {{"x-should-retry", "true"}})));
  EXPECT_TRUE(Pause(Answer(503, {{"x-should-retry", "perhaps"}})));
  EXPECT_FALSE(Pause(Answer(200, {{"x-should-retry", "true"}})));
}

TEST(RetryPolicyTest, ThePauseDoublesUpToItsBound) {
  const std::vector<int> expected = {500, 1000, 2000, 4000, 8000};
  for (int attempts = 1; attempts <= 5; ++attempts) {
    EXPECT_EQ(Pause(Answer(503), attempts),
              milliseconds(expected[static_cast<std::size_t>(attempts) - 1]));
  }
  RetryOptions options;
  options.max_retries = 10;
  EXPECT_EQ(RetryPolicy(options).Pause(10, Answer(503), true, 0, kNow), options.max_backoff);
}

TEST(RetryPolicyTest, JitterTakesAwayUpToHalfOfThePause) {
  EXPECT_EQ(Pause(Answer(503), 2, 0.5), milliseconds(750));
  const auto least = Pause(Answer(503), 2, 0.999999);
  ASSERT_TRUE(least);
  EXPECT_GE(*least, milliseconds(500));
  EXPECT_LE(*least, milliseconds(501));
}

struct AskedRow {
  std::string name;
  Headers headers;
  std::optional<milliseconds> pause;
};

TEST(RetryPolicyTest, WhatUpstreamAsksForReplacesTheBackoff) {
  const milliseconds backoff(500);
  const std::vector<AskedRow> rows = {
      {"milliseconds", {{"retry-after-ms", "1250"}}, milliseconds(1250)},
      {"fraction of a millisecond, rounded up", {{"retry-after-ms", "1.5"}}, milliseconds(2)},
      {"milliseconds before seconds",
       {{"retry-after", "7"}, {"retry-after-ms", "30"}},
       milliseconds(30)},
      {"seconds", {{"Retry-After", "7"}}, milliseconds(7000)},
      {"fraction of a second", {{"Retry-After", "0.25"}}, milliseconds(250)},
      {"zero", {{"Retry-After", "0"}}, milliseconds(0)},
      {"the bound", {{"Retry-After", "60"}}, milliseconds(60'000)},
      {"beyond the bound", {{"Retry-After", "61"}}, kPassOn},
      {"milliseconds beyond the bound", {{"retry-after-ms", "60001"}}, kPassOn},
      {"far beyond", {{"Retry-After", "1e300"}}, kPassOn},
      {"out of range", {{"Retry-After", "1e999"}}, kPassOn},
      {"a date", {{"Retry-After", "Thu, 01 Jan 2026 00:00:09 GMT"}}, milliseconds(9000)},
      {"a date that has passed",
       {{"Retry-After", "Wed, 31 Dec 2025 00:00:00 GMT"}},
       milliseconds(0)},
      {"a date beyond the bound", {{"Retry-After", "Fri, 02 Jan 2026 00:00:00 GMT"}}, kPassOn},
      {"unreadable milliseconds, then seconds",
       {{"retry-after-ms", "soon"}, {"retry-after", "3"}},
       milliseconds(3000)},
      {"negative", {{"Retry-After", "-1"}}, backoff},
      {"words", {{"Retry-After", "a while"}}, backoff},
      {"with a unit", {{"Retry-After", "5s"}}, backoff},
      {"infinite", {{"Retry-After", "inf"}}, backoff},
      {"not a number", {{"Retry-After", "nan"}}, backoff},
      {"empty", {{"Retry-After", ""}}, backoff},
  };
  for (const AskedRow& row : rows)
    EXPECT_EQ(Pause(Answer(429, row.headers)), row.pause) << row.name;
}

}  // namespace
}  // namespace larder

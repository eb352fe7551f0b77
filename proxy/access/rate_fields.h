// What a caller is told of its limits: OpenAI's x-ratelimit-* fields on every answer, and 429 when
// a request is refused. Sources: OpenAI API reference, "Rate limits"; RFC 6585, section 4; the
// SDKs, which obey x-should-retry, then retry-after-ms, then Retry-After, and no pause above a
// minute. Thread-safety: pure functions.
#pragma once

#include <string>

#include "proxy/access/caller_account.h"
#include "proxy/http/headers.h"
#include "proxy/http/message.h"

namespace larder {

inline constexpr std::chrono::milliseconds kLongestRetryAfter{60'000};

// Replaces whatever x-ratelimit-* upstream has told by the caller's own limit, remaining and reset,
// of requests and of tokens, each where it has one; upstream's stay where it has neither.
void SetRateFields(const RateState& state, Headers& headers);
// The same as lines of a head ("x-ratelimit-limit-requests: 60\r\n..."), in the same order.
void AppendRateFields(const RateState& state, std::string& head);

// "0s", "250ms", "1m3.5s", "59m0s", "26h0m3s".
void AppendReset(std::chrono::milliseconds reset, std::string& out);

// rate_limit_exceeded with Retry-After and retry-after-ms, at most kLongestRetryAfter; or, of a
// budget, insufficient_quota with x-should-retry: false. Precondition: it is refused.
Response RenderRefused(const Admission& admission, std::string_view path);
// The sentence of it.
std::string SentenceOf(const Admission& admission, std::string_view path);

}  // namespace larder

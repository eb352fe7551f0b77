// Whether and when to send a request again. Sources: OpenAI's SDKs (retry-after-ms, then
// Retry-After) and RFC 9110, section 10.2.3. Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <optional>

#include "app/http_client.h"

namespace larder {

// Whether the same request may succeed later: 408, 409, 429 and 5xx but for 501 and 505.
bool IsWorthRepeating(int status);

// What the answer asks for, at most `kMaxPause`; nullopt when it says nothing that is understood
// (a date is not: the clocks may differ).
constexpr std::chrono::milliseconds kMaxPause{60'000};
std::optional<std::chrono::milliseconds> PauseAskedFor(const Headers& headers);

// Before the `attempt`-th repetition (from 1) when nothing is asked for: 0.5 s, doubled each time
// up to 30 s, less up to a quarter by `random` in [0, 1).
std::chrono::milliseconds PauseBefore(int attempt, double random);

}  // namespace larder

// Token counts out of a "usage" object, in the spellings of chat/completions (prompt_tokens,
// completion_tokens) and of responses and messages (input_tokens, output_tokens).
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/json/json.h"

namespace larder {

// A count beyond this is no count of tokens: it is taken as not reported, so that sums stay exact.
inline constexpr std::int64_t kMostTokens = std::int64_t{1} << 40;

// The count `name` of a usage object; -1 when absent, negative or beyond kMostTokens.
std::int64_t TokenCount(JsonElement usage, std::string_view name);

struct TokenUsage {
  std::int64_t prompt = -1;  // -1: not reported
  std::int64_t completion = -1;
};

// Looks for "usage" in `reply` and, for stream events, in its "response" or "message" member.
TokenUsage UsageOf(JsonElement reply);

// Of a text whose tokens nobody has told: one for every four bytes, rounded up.
constexpr std::int64_t EstimatedTokensOf(std::size_t bytes) {
  return static_cast<std::int64_t>(bytes / 4 + (bytes % 4 > 0 ? 1 : 0));
}

}  // namespace larder

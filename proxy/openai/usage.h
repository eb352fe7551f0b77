// Token counts out of a "usage" object, in the spellings of chat/completions (prompt_tokens,
// completion_tokens) and of responses and messages (input_tokens, output_tokens).
#pragma once

#include <cstdint>

#include "proxy/json/json.h"

namespace larder {

struct TokenUsage {
  std::int64_t prompt = -1;      // -1: not reported
  std::int64_t completion = -1;
};

// Looks for "usage" in `reply` and, for stream events, in its "response" or "message" member.
TokenUsage UsageOf(JsonElement reply);

}  // namespace larder

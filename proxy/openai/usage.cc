#include "proxy/openai/usage.h"

namespace larder {

TokenUsage UsageOf(JsonElement reply) {
  for (const char* wrapper : {"response", "message"}) {
    if (const auto inner = Member(reply, wrapper); inner && inner->is_object()) {
      if (const TokenUsage usage = UsageOf(*inner); usage.prompt >= 0 || usage.completion >= 0) {
        return usage;
      }
    }
  }
  TokenUsage tokens;
  const auto usage = Member(reply, "usage");
  if (!usage || !usage->is_object()) return tokens;
  const auto first_of = [&](const char* name, const char* other) {
    const auto count = IntMember(*usage, name);
    return count ? *count : IntMember(*usage, other).value_or(-1);
  };
  tokens.prompt = first_of("prompt_tokens", "input_tokens");
  tokens.completion = first_of("completion_tokens", "output_tokens");
  return tokens;
}

}  // namespace larder

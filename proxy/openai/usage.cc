#include "proxy/openai/usage.h"

namespace larder {

std::int64_t TokenCount(JsonElement usage, std::string_view name) {
  const std::int64_t count = IntMember(usage, name).value_or(-1);
  return count < 0 || count > kMostTokens ? -1 : count;
}

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
    const std::int64_t count = TokenCount(*usage, name);
    return count >= 0 ? count : TokenCount(*usage, other);
  };
  tokens.prompt = first_of("prompt_tokens", "input_tokens");
  tokens.completion = first_of("completion_tokens", "output_tokens");
  return tokens;
}

}  // namespace larder

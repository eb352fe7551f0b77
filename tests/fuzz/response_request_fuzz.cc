// Any body of a cached endpoint: refused, or a canonical body that is its own canonical form.

#include <cstdlib>

#include "proxy/openai/response_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const larder::ResponsePolicyOptions options;
  const auto parsed = ParseResponseRequest(larder::Endpoint::kChat, body, options);
  (void)JudgeReply(larder::Endpoint::kChat, body);
  if (!parsed.ok()) return 0;
  const auto again = ParseResponseRequest(larder::Endpoint::kChat, parsed->canonical_body, options);
  if (!again.ok() || again->canonical_body != parsed->canonical_body) std::abort();
  return 0;
}

// Any answer of upstream: refused, or as many vectors of one dimension as were asked for, whose
// tokens add up.

#include <cstdlib>

#include "proxy/openai/embeddings_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto parsed = larder::ParseEmbeddingsReply(body, {1, 5});
  if (!parsed.ok()) return 0;
  if (parsed->entries.size() != 2 || parsed->entries[0].dim() == 0 ||
      parsed->entries[0].dim() != parsed->entries[1].dim()) {
    std::abort();
  }
  if (parsed->total_tokens >= 0 &&
      parsed->entries[0].total_tokens + parsed->entries[1].total_tokens != parsed->total_tokens) {
    std::abort();
  }
  return 0;
}

// Any body: refused, or taken apart into inputs that render to a body with the same meaning.

#include <cstdlib>
#include <numeric>

#include "proxy/openai/embeddings_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto parsed = larder::ParseEmbeddingsRequest(body);
  if (!parsed.ok()) return 0;
  std::vector<std::size_t> all(parsed->inputs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto again = larder::ParseEmbeddingsRequest(RenderUpstreamEmbeddings(*parsed, all));
  if (!again.ok() || again->model != parsed->model || again->dimensions != parsed->dimensions ||
      again->extra != parsed->extra || again->inputs.size() != parsed->inputs.size()) {
    std::abort();
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (again->inputs[i].key_bytes != parsed->inputs[i].key_bytes) std::abort();
  }
  return 0;
}

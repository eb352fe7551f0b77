// Any stream: the same verdict however it is cut.

#include <cstdlib>

#include "proxy/openai/sse_scanner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr larder::Endpoint kEndpoints[] = {larder::Endpoint::kChat, larder::Endpoint::kResponses,
                                             larder::Endpoint::kMessages};
  const larder::Endpoint endpoint = kEndpoints[data[0] % 3];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  larder::SseScanner whole(endpoint);
  whole.Feed(bytes);
  larder::SseScanner pieces(endpoint);
  for (const char byte : bytes) pieces.Feed({&byte, 1});
  if (whole.terminated() != pieces.terminated() || whole.failed() != pieces.failed() ||
      whole.answered() != pieces.answered() || whole.events() != pieces.events() ||
      whole.prompt_tokens() != pieces.prompt_tokens()) {
    std::abort();
  }
  return 0;
}

// Any stream: the same verdict however it is cut.

#include <cstdlib>

#include "proxy/openai/sse_scanner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  larder::SseScanner whole;
  whole.Feed(bytes);
  larder::SseScanner pieces;
  for (const char byte : bytes) pieces.Feed({&byte, 1});
  if (whole.terminated() != pieces.terminated() || whole.failed() != pieces.failed() ||
      whole.events() != pieces.events() || whole.prompt_tokens() != pieces.prompt_tokens()) {
    std::abort();
  }
  return 0;
}

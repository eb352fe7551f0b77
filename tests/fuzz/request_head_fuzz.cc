// Any bytes: the parser neither crashes nor gives another verdict when they come one at a time.

#include <cstdlib>

#include "proxy/http/request_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const larder::HeadLimits limits{256, 1024, 16};
  std::size_t scanned = 0;
  const auto whole = ParseRequestHead(bytes, limits, scanned);
  if (whole.state == larder::HeadParse::State::kComplete) {
    if (whole.consumed > size) std::abort();
    if (whole.head.chunked && whole.head.content_length) std::abort();
    if (whole.head.target.find_first_of(" \r\n") != std::string::npos) std::abort();
    std::size_t piecewise = 0;
    for (std::size_t end = 1; end <= whole.consumed; ++end) {
      const auto part = ParseRequestHead(bytes.substr(0, end), limits, piecewise);
      if (part.state == larder::HeadParse::State::kRefused) std::abort();
      if ((part.state == larder::HeadParse::State::kComplete) != (end == whole.consumed))
        std::abort();
    }
  }
  return 0;
}

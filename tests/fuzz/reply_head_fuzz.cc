// The parser of upstream's handshake answers: a head is the same in one piece as byte by byte, and
// what it accepts has no byte that could end a line.
#include <cstdlib>
#include <string_view>

#include "proxy/http/reply_head.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using larder::ReplyHeadParse;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const larder::HeadLimits limits{.head_bytes = 512, .fields = 8};
  std::size_t scanned = 0;
  const ReplyHeadParse whole = larder::ParseReplyHead(bytes, limits, scanned);
  ReplyHeadParse parse;
  scanned = 0;
  for (std::size_t end = 0; end <= size && parse.state == ReplyHeadParse::State::kIncomplete;
       ++end) {
    parse = larder::ParseReplyHead(bytes.substr(0, end), limits, scanned);
  }
  // Byte by byte it may be refused earlier, never accepted otherwise.
  if (parse.state == ReplyHeadParse::State::kComplete) {
    if (whole.state != parse.state || whole.consumed != parse.consumed) std::abort();
    if (parse.head.status < 100 || parse.head.status > 599) std::abort();
    if (parse.head.chunked && parse.head.content_length) std::abort();
    for (const auto& [name, value] : parse.head.headers.fields()) {
      if (name.empty() || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
        std::abort();
      }
    }
  }
  if (whole.state == ReplyHeadParse::State::kComplete && parse.state != whole.state) std::abort();
  return 0;
}

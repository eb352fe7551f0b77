// The heads of plain upstreams' answers: the same in one piece as byte by byte, and what is
// accepted has one framing and no byte that could end a line.
#include <cstdlib>
#include <string_view>

#include "proxy/upstream/reply_reader.h"

namespace {

using larder::ReplyReader;

void Check(std::string_view bytes, bool to_head) {
  ReplyReader whole(to_head);
  std::size_t end = 0;
  const auto state = whole.Read(bytes, end);
  ReplyReader pieces(to_head);
  auto piecewise = ReplyReader::State::kMore;
  std::size_t at = 0;
  while (at < bytes.size() && piecewise == ReplyReader::State::kMore) {
    std::size_t consumed = 0;
    piecewise = pieces.Read(bytes.substr(at, 1), consumed);
    at += consumed;
  }
  if (state != piecewise) std::abort();
  if (state != ReplyReader::State::kHead) return;
  const ReplyReader::Head& head = whole.head();
  if (at != end || head.headers.fields() != pieces.head().headers.fields()) std::abort();
  if (head.status < 200 || head.status > 599) std::abort();
  if (head.framing == ReplyReader::Framing::kClose && (head.framed || head.keep_alive))
    std::abort();
  if (head.headers.Has("transfer-encoding") || head.headers.Has("connection")) std::abort();
  if (head.framing == ReplyReader::Framing::kChunked && head.headers.Has("content-length")) {
    std::abort();
  }
  for (const auto& [name, value] : head.headers.fields()) {
    if (name.empty() || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes, false);
  Check(bytes, true);
  return 0;
}

// Any answer of a token endpoint: refused in one line of plain text, or a token that a header field
// can carry and whose life has an end.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "proxy/upstream/token_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace larder;
  if (size == 0) return 0;
  const int status = 200 + 2 * data[0] % 400;
  const auto reply = ParseTokenReply(status, {reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::string& text = reply.ok() ? reply->access_token : reply.error().message;
  const char least = reply.ok() ? '!' : ' ';
  const bool plain =
      std::all_of(text.begin(), text.end(), [&](char c) { return c >= least && c < 0x7f; });
  if (!plain || text.empty()) std::abort();
  if (!reply.ok()) return text.size() > 200 ? (std::abort(), 0) : 0;
  if (text.size() > kMaxTokenBytes || reply->lifetime.count() < 1 ||
      reply->lifetime > kLongestTokenLife) {
    std::abort();
  }
  return 0;
}

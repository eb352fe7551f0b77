// BodyDecoder: the body of one message out of the connection's bytes, by length or by chunks (RFC
// 9112, sections 6 and 7.1). Incremental; never takes a byte of the next request. Thread-safety:
// none; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/request_head.h"

namespace larder {

class BodyDecoder {
 public:
  enum class State { kMore, kEnd, kRefused };

  // Decodes a body framed as `head` says.
  explicit BodyDecoder(const RequestHead& head);
  // Decodes a chunked body.
  static BodyDecoder Chunked() { return BodyDecoder(Step::kSize); }

  // Takes from the front of `bytes` (sets `consumed`) and appends decoded bytes to `out`, at most
  // `max_out` of them. kMore: call again with more bytes, or with more room. kRefused: the framing
  // is broken and the connection can carry nothing further.
  State Decode(std::string_view bytes, std::size_t max_out, std::size_t& consumed,
               std::string& out);

  // Decoded bytes so far.
  std::uint64_t decoded() const { return decoded_; }

 private:
  enum class Step { kSize, kData, kDataEnd, kTrailer, kLength, kDone };

  explicit BodyDecoder(Step step) : step_(step) {}
  State DecodeLine(std::string_view& bytes);
  bool TakeChunkSize(std::string_view line);

  Step step_;
  std::uint64_t remaining_ = 0;
  std::uint64_t decoded_ = 0;
  std::string line_;  // a size or trailer line still arriving
  std::size_t trailer_bytes_ = 0;
};

}  // namespace larder

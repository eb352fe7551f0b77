// Any chunked body: decoded whole and byte by byte alike, and never a byte beyond its end taken.

#include <cstdlib>

#include "proxy/http/body_decoder.h"

namespace {

struct Outcome {
  larder::BodyDecoder::State state;
  std::size_t consumed = 0;
  std::string decoded;
};

Outcome Decode(std::string_view bytes, std::size_t step) {
  larder::RequestHead head;
  head.chunked = true;
  larder::BodyDecoder decoder(head);
  Outcome outcome{larder::BodyDecoder::State::kMore};
  while (outcome.state == larder::BodyDecoder::State::kMore && outcome.consumed < bytes.size()) {
    std::size_t consumed = 0;
    outcome.state =
        decoder.Decode(bytes.substr(outcome.consumed, step), 1 << 20, consumed, outcome.decoded);
    if (consumed == 0 && outcome.state == larder::BodyDecoder::State::kMore) std::abort();
    outcome.consumed += consumed;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Decode(bytes, size + 1);
  const Outcome pieces = Decode(bytes, 1);
  if (whole.state != pieces.state) std::abort();
  if (whole.state == larder::BodyDecoder::State::kEnd &&
      (whole.consumed != pieces.consumed || whole.decoded != pieces.decoded)) {
    std::abort();
  }
  return 0;
}

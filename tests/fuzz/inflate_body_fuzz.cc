// Any bytes as gzip or deflate: decoded in one step and byte by byte alike, within the steps asked
// for, to at most a bound.

#include <cstdlib>

#include "proxy/http/inflate_body.h"

namespace {

constexpr std::size_t kMost = 64 * 1024;

// How it ended within kMost bytes (kData: not yet), and what it decoded to.
std::pair<larder::ReadState, std::string> Inflate(std::string bytes, larder::ContentCoding coding,
                                                  std::size_t step) {
  larder::InflateBody body(std::make_shared<larder::StringBody>(std::move(bytes)), coding);
  std::string out;
  while (out.size() < kMost) {
    const std::size_t before = out.size();
    const larder::ReadState state = body.TryRead(step, out);
    if (out.size() - before > step) std::abort();
    if (state != larder::ReadState::kData) {
      if (state == larder::ReadState::kWait) std::abort();
      return {state, std::move(out)};
    }
    if (out.size() == before) std::abort();
  }
  return {larder::ReadState::kData, {}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto coding =
      data[0] % 2 == 0 ? larder::ContentCoding::kGzip : larder::ContentCoding::kDeflate;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = Inflate(bytes, coding, kMost);
  const auto pieces = Inflate(bytes, coding, 1);
  if (whole.first == larder::ReadState::kEnd && whole != pieces) std::abort();
  if (pieces.first == larder::ReadState::kEnd && whole != pieces) std::abort();
  return 0;
}

#include "tests/support/deflated.h"

#include <zlib.h>

#include <cstdlib>

namespace larder {

std::string Deflate(std::string_view plain, Deflated kind) {
  constexpr int kWindow = 15;
  const int window_bits = kind == Deflated::kGzip   ? kWindow + 16
                          : kind == Deflated::kZlib ? kWindow
                                                    : -kWindow;
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    std::abort();
  std::string coded(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  coded.resize(coded.size() - stream.avail_out);
  deflateEnd(&stream);
  return coded;
}

}  // namespace larder

#include "tests/support/directory_scan.h"

#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "tests/support/file_bytes.h"

namespace larder {
namespace {

constexpr std::string_view kZstdFrame = "\x28\xb5\x2f\xfd";
constexpr std::size_t kMostUnpacked = std::size_t{64} << 20;
constexpr std::size_t kMostFloats = 64;

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

// What unpacks from the frame that `packed` begins with; what did until it was found broken.
std::string Unpacked(std::string_view packed) {
  const std::unique_ptr<ZSTD_DStream, FreeStream> stream(ZSTD_createDStream());
  std::string out;
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  char piece[1 << 16];
  while (out.size() < kMostUnpacked) {
    ZSTD_outBuffer to{piece, sizeof(piece), 0};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &to, &in);
    out.append(piece, to.pos);
    if (ZSTD_isError(left) != 0 || left == 0 || (to.pos == 0 && in.pos == in.size)) break;
  }
  return out;
}

bool Holds(std::string_view content, std::string_view bytes) {
  if (content.find(bytes) != std::string_view::npos) return true;
  for (std::size_t at = 0; (at = content.find(kZstdFrame, at)) != std::string_view::npos; ++at) {
    if (Unpacked(content.substr(at)).find(bytes) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> FilesWith(const std::string& directory, std::string_view bytes) {
  std::vector<std::string> found;
  std::error_code failed;
  std::filesystem::recursive_directory_iterator entries(directory, failed);
  for (; !failed && entries != std::filesystem::recursive_directory_iterator();
       entries.increment(failed)) {
    if (!entries->is_regular_file()) continue;
    const std::string path = entries->path().string();
    if (path.find(bytes) != std::string::npos || Holds(ReadBytes(path), bytes)) {
      found.push_back(path);
    }
  }
  return found;
}

std::string_view BytesOfMiddle(const std::vector<float>& vector) {
  const std::size_t count = std::min(vector.size(), kMostFloats);
  return {reinterpret_cast<const char*>(vector.data() + (vector.size() - count) / 2),
          count * sizeof(float)};
}

}  // namespace larder

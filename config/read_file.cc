#include "config/read_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace larder {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Error ReadError(const std::string& reason) {
  return Error{ErrorCode::kIo, ErrorOrigin::kSelf, reason};
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return ReadError(std::generic_category().message(errno));
  std::string text;
  std::array<char, 16 * 1024> piece;
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), size);
    if (text.size() > max_bytes) {
      return ReadError("larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
  if (std::ferror(file.get()) != 0) return ReadError(std::generic_category().message(errno));
  return text;
}

}  // namespace larder

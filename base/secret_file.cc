#include "base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/random.h"
#include "base/whole_file.h"

namespace larder {
namespace {

constexpr std::size_t kSecretBytes = 32;

Error CannotUse(const std::string& path, const std::string& name) {
  return StoreError(ErrorCode::kIo,
                    "cannot use " + name + " " + path + ": " + std::strerror(errno));
}

Status CreateSecret(const std::string& path, const std::string& name) {
  // A crash must not leave half a key.
  if (!WriteWholeFile(path, RandomBytes(kSecretBytes))) return CannotUse(path, name);
  return {};
}

}  // namespace

Result<std::string> ReadOrMakeSecret(const std::string& path, const std::string& name) {
  if (::access(path.c_str(), F_OK) != 0) LARDER_RETURN_IF_ERROR(CreateSecret(path, name));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotUse(path, name);
  std::array<char, 256> bytes;
  const ssize_t size = ::read(fd, bytes.data(), bytes.size());
  ::close(fd);
  if (size < static_cast<ssize_t>(kSecretBytes)) {
    return StoreError(ErrorCode::kCorruption,
                      name + " " + path +
                          " is damaged: restore it, or remove it (all cached entries are then "
                          "forgotten)");
  }
  return std::string(bytes.data(), static_cast<std::size_t>(size));
}

}  // namespace larder

#include "base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/directory.h"
#include "base/random.h"

namespace larder {
namespace {

constexpr std::size_t kSecretBytes = 32;

Error CannotUse(const std::string& path, const std::string& name) {
  return StoreError(ErrorCode::kIo,
                    "cannot use " + name + " " + path + ": " + std::strerror(errno));
}

Status CreateSecret(const std::string& path, const std::string& name) {
  const std::string secret = RandomBytes(kSecretBytes);
  // Written whole under another name first: a crash must not leave half a key.
  const std::string draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return CannotUse(draft, name);
  const bool written =
      ::write(fd, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) &&
      ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0) return CannotUse(path, name);
  return SyncDirectory(DirectoryOf(path));
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

#include "base/directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace larder {
namespace {

Error CannotUse(const char* doing, const std::string& path, int code) {
  return StoreError(ErrorCode::kIo, std::string("cannot ") + doing + " the directory " + path +
                                        ": " + std::strerror(code));
}

}  // namespace

Status SyncDirectory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == EACCES) return {};
  if (fd < 0) return CannotUse("open", path, errno);
  const int code = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (code == 0 || code == EINVAL || code == EROFS) return {};
  return CannotUse("sync", path, code);
}

std::string DirectoryOf(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.pop_back();
  const std::string directory = std::filesystem::path(trimmed).parent_path().string();
  return directory.empty() ? "." : directory;
}

Status MakeDirectories(const std::string& path) {
  std::vector<std::string> to_sync;  // those that hold a new name, and the one that holds `path`
  for (std::string at = path;;) {
    const std::string above = DirectoryOf(at);
    to_sync.push_back(above);
    std::error_code failed;
    if (above == at || std::filesystem::exists(above, failed)) break;
    at = above;
  }
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return CannotUse("make", path, failed.value());
  for (const std::string& directory : to_sync) LARDER_RETURN_IF_ERROR(SyncDirectory(directory));
  return {};
}

}  // namespace larder

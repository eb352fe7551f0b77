#include "app/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/directory.h"

namespace larder {

Result<DataDir> DataDir::Open(const std::string& path) {
  const auto fail = [&](const char* doing) {
    return StoreError(ErrorCode::kIo, std::string("cannot ") + doing + " the data directory " +
                                          path + ": " + std::strerror(errno) +
                                          "; choose another with --data-dir DIR");
  };
  const bool existed = std::filesystem::exists(path);
  if (const Status made = MakeDirectories(path); !made.ok()) {
    Error error = made.error();
    error.message += "; choose another data directory with --data-dir DIR";
    return error;
  }
  // What is inside is private. A directory that somebody else made keeps its mode.
  if (!existed && ::chmod(path.c_str(), 0700) != 0) return fail("protect");
  const int fd = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail("write to");
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return StoreError(
        ErrorCode::kUnavailable,
        "the data directory " + path +
            " is used by another larder: stop that one, or choose another with --data-dir DIR");
  }
  return DataDir(path, fd);
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

DataDir::~DataDir() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

}  // namespace larder

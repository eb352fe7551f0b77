#include "app/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/directory.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

// What a data directory holds, and what a file system puts into a volume of its own.
constexpr std::array<std::string_view, 8> kOwn = {
    "lock", "partition.key", "partition.key.new", "encryption", "cache",
    "data", "index",         "lost+found"};

bool HoldsOnlyOwn(const std::string& path) {
  std::error_code failed;
  fs::directory_iterator entries(path, failed);
  for (; !failed && entries != fs::directory_iterator(); entries.increment(failed)) {
    const std::string name = entries->path().filename().string();
    if (name.starts_with("cache.damaged-")) continue;
    if (std::find(kOwn.begin(), kOwn.end(), name) == kOwn.end()) return false;
  }
  return !failed;
}

// Gives the directory mode 0700 where that is the user's to decide and concerns nothing else in
// it. What is to be said about one that stays open to others.
std::string Tighten(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 0077) == 0) return {};
  const char* why = nullptr;
  if (status.st_uid != ::geteuid()) {
    why = "belongs to another user";
  } else if (!HoldsOnlyOwn(path)) {
    why = "holds other things, too";
  } else if (::chmod(path.c_str(), 0700) != 0) {
    why = std::strerror(errno);
  } else {
    return {};
  }
  return "the data directory " + path + " is open to other users and " + why +
         ": what Larder makes in it is open to its own user alone; give it a directory of its own "
         "with mode 0700 (chmod 0700 DIR)";
}

}  // namespace

Result<DataDir> DataDir::Open(const std::string& path) {
  const auto fail = [&](const char* doing) {
    return StoreError(ErrorCode::kIo, std::string("cannot ") + doing + " the data directory " +
                                          path + ": " + std::strerror(errno) +
                                          "; choose another with --data-dir DIR");
  };
  std::error_code failed;
  const bool existed = fs::exists(path, failed);
  if (const Status made = MakeDirectories(path); !made.ok()) {
    Error error = made.error();
    error.message += "; choose another data directory with --data-dir DIR";
    return error;
  }
  if (!existed && ::chmod(path.c_str(), 0700) != 0) return fail("protect");
  std::string warning = Tighten(path);
  int fd = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  // A directory that can only be read serves what it has; it was made when it could be written.
  const bool refused = fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM);
  if (refused) {
    const int cause = errno;
    fd = ::open((path + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
    errno = cause;
  }
  if (fd < 0) return fail("write to");
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return StoreError(
        ErrorCode::kUnavailable,
        "the data directory " + path +
            " is used by another larder: stop that one, or choose another with --data-dir DIR");
  }
  return DataDir(path, fd, std::move(warning));
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)),
      warning_(std::move(other.warning_)),
      lock_fd_(std::exchange(other.lock_fd_, -1)) {}

DataDir::~DataDir() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

}  // namespace larder

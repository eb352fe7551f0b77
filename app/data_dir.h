// The data directory: open to its owner alone, locked so that two servers never share it.
#pragma once

#include <string>

#include "base/result.h"

namespace larder {

// Holds the lock for its life. Thread-safety: none.
class DataDir {
 public:
  // Made with mode 0700 when missing, and given it when it is the user's own and holds nothing but
  // what Larder puts there. Another one (a volume that belongs to root, a directory that is shared
  // with other things) keeps its mode, and warning() says so.
  // One that was used before and can only be read now is taken as it is.
  // Errors: kIo (cannot be made or written), kUnavailable (another process holds it).
  static Result<DataDir> Open(const std::string& path);
  ~DataDir();
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&&) = delete;

  const std::string& path() const { return path_; }
  // That others may look into it, and what would help; empty when they may not.
  const std::string& warning() const { return warning_; }

 private:
  DataDir(std::string path, int lock_fd, std::string warning)
      : path_(std::move(path)), warning_(std::move(warning)), lock_fd_(lock_fd) {}
  std::string path_;
  std::string warning_;
  int lock_fd_;
};

}  // namespace larder

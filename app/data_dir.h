// The data directory: made with mode 0700, locked so that two servers never share it.
#pragma once

#include <string>

#include "base/result.h"

namespace larder {

// Holds the lock for its life. Thread-safety: none.
class DataDir {
 public:
  // Errors: kIo (cannot be made or written), kUnavailable (another process holds it).
  static Result<DataDir> Open(const std::string& path);
  ~DataDir();
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&&) = delete;

  const std::string& path() const { return path_; }

 private:
  DataDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  std::string path_;
  int lock_fd_;
};

}  // namespace larder

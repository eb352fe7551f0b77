// While it lives, no file of this process grows beyond so many bytes: a full disk, as far as the
// writer can tell. What the process has open for its own reports should be short.
#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstddef>

namespace larder {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) {
    // For good: a thread that writes just now may be told when the limit has gone.
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_ = {};
};

}  // namespace larder

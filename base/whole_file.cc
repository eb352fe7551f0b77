#include "base/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "base/directory.h"

namespace larder {

bool WriteWholeFile(const std::string& path, std::string_view bytes) {
  const std::string draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written =
      ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0) return false;
  return SyncDirectory(DirectoryOf(path)).ok();
}

}  // namespace larder

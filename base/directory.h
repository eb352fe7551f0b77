// Directories whose names survive a power cut: a file or directory that was made or renamed has its
// name for certain only once the directory that holds it was synced (POSIX fsync; ext4 promises
// more, others do not). Thread-safety: none.
#pragma once

#include <string>

#include "base/result.h"

namespace larder {

// Makes the names in `path` durable. A file system that cannot, or a directory that may not be
// read, is no error. Errors: kIo.
Status SyncDirectory(const std::string& path);

// The directory that holds `path`: "." for a bare name.
std::string DirectoryOf(const std::string& path);

// Makes `path`, and what is missing above it, with the mode 0777 less the umask, and their names
// durable. One that is there is left as it is; its name is made durable all the same, for whoever
// made it may have been ended before. Errors: kIo.
Status MakeDirectories(const std::string& path);

}  // namespace larder

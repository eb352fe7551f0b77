// Reading a small file whole. Thread-safety: pure but for the file system.
#pragma once

#include <string>

#include "base/result.h"

namespace larder {

// Errors: kIo (not there, not readable, a directory, larger than `max_bytes`); the message is the
// reason alone: "No such file or directory".
Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes);

}  // namespace larder

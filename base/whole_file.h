// Writing a small file whole: a crash leaves the old one or the new one, never half of either.
// Thread-safety: none for one path.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Writes `path` with mode 0600 and makes it durable. False: not written, errno says why.
bool WriteWholeFile(const std::string& path, std::string_view bytes);

}  // namespace larder

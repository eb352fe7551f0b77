// Which files below a directory hold some bytes: what is left of a text or a vector on the disk.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/file_bytes.h"

namespace larder {

inline std::vector<std::string> FilesWith(const std::string& directory, std::string_view bytes) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    const bool is_named = path.find(bytes) != std::string::npos;
    if (is_named || ReadBytes(path).find(bytes) != std::string::npos) found.push_back(path);
  }
  return found;
}

// The bytes of some components in the middle of a vector, as float32.
inline std::string_view BytesOfMiddle(const std::vector<float>& vector) {
  const std::size_t count = std::min<std::size_t>(vector.size(), 8);
  return {reinterpret_cast<const char*>(vector.data() + (vector.size() - count) / 2),
          count * sizeof(float)};
}

}  // namespace larder

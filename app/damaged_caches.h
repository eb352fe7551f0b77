// The cache databases that were damaged and moved aside: `cache.damaged-<ms>` in the data
// directory. Thread-safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"

namespace larder {

// Their paths, oldest first. Cost: reads the names in the data directory.
std::vector<std::string> DamagedCaches(const std::string& data_dir);

// Removes the oldest until `keep` are left, and logs each; 0 keeps all. Warns of those that are
// left: nobody but their owner removes them.
void KeepDamagedCaches(const std::string& data_dir, std::uint64_t keep, Log& log);

}  // namespace larder

// What can be set of the collections. A value.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/secret_key.h"

namespace larder {

struct CollectionsOptions {
  // Where snapshots of the indexes go, a folder for each collection; made when missing. Empty: none
  // are kept, and large indexes stay in memory whole.
  std::string directory;
  // Of all indexes together; a write that needs more is refused. What is stored is always loaded.
  std::size_t memory_bytes = std::size_t{4} << 30;
  std::size_t max_points_per_request = 5000;
  std::size_t max_per_scope = 1000;  // collections
  std::chrono::seconds snapshot_interval{300};
  // As VectorSpace::Options.
  std::size_t m = 20;
  std::size_t ef_construction = 200;
  std::size_t ef_search = 64;
  std::size_t exact_below = 4000;
  std::size_t tail = 5000;
  const SecretKeys* keys = nullptr;
};

}  // namespace larder

// Counters of one cache layer's two tiers; read by metrics and the dashboard. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace larder {

struct TierStats {
  std::atomic<std::uint64_t> memory_hits{0};
  std::atomic<std::uint64_t> store_hits{0};
  std::atomic<std::uint64_t> expired{0};  // found, but past its lifetime
  std::atomic<std::uint64_t> corrupt{0};  // found, but not what was written; treated as absent
  std::atomic<std::uint64_t> store_failures{0};  // reads and writes the store refused
  std::atomic<std::uint64_t> writes{0};          // entries the store took
};

}  // namespace larder

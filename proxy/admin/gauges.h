// Gauges: sizes and states that are read when somebody asks for them, not counted. Thread-safety:
// values.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cache/disk_use.h"
#include "cache/maintenance.h"
#include "cache/store_health.h"
#include "proxy/access/limit_rule.h"
#include "proxy/upstream/upstream_stats.h"

namespace larder {

struct Gauges {
  std::uint64_t embedding_memory_bytes = 0;
  std::uint64_t embedding_memory_entries = 0;
  std::uint64_t embedding_memory_limit_bytes = 0;
  std::uint64_t response_memory_bytes = 0;
  std::uint64_t response_memory_entries = 0;
  std::uint64_t response_memory_limit_bytes = 0;
  std::uint64_t embedding_store_entries = 0;  // estimates
  std::uint64_t embedding_store_bytes = 0;    // vectors and inputs together
  std::uint64_t response_store_entries = 0;
  std::uint64_t response_store_bytes = 0;
  std::uint64_t store_failures = 0;
  std::uint64_t corrupt_records = 0;
  std::uint64_t memory_evictions = 0;
  std::uint64_t index_vectors = 0;
  std::uint64_t index_bytes = 0;
  std::uint64_t index_spaces = 0;
  std::uint64_t index_queued = 0;   // embeddings waiting to be indexed
  std::uint64_t index_refused = 0;  // not indexed because search.memory_bytes is used up
  bool index_ready = false;         // the rebuild at start has finished
  std::uint64_t collections = 0;
  std::uint64_t collections_loading = 0;  // cannot be searched yet
  std::uint64_t collection_points = 0;
  std::uint64_t collection_bytes = 0;  // memory of their indexes
  std::uint64_t connections = 0;
  std::uint64_t worker_threads = 0;
  std::uint64_t worker_queue = 0;
  std::uint64_t refreshes = 0;          // stale answers renewed behind a stale hit
  std::uint64_t refreshes_refused = 0;  // not renewed: too many were under way
  std::array<std::uint64_t, kLimitNames.size()> rate_limited{};  // requests refused, by LimitKind
  std::uint64_t limited_callers = 0;                             // that something is counted for
  DiskUse disk;
  StoreHealth cache_database;
  StoreHealth data_database;
  std::uint64_t damaged_caches = 0;  // moved aside and still there
  std::vector<MaintenanceTask> maintenance;
  std::vector<UpstreamStats> upstreams;
};

}  // namespace larder

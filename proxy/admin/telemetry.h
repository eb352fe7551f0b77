// Telemetry: counts every finished request once, for /metrics, the stats and the dashboard; keeps
// minute roll-ups, which survive a restart. Larder's own routes ("admin", "dashboard", "health",
// "metrics") count in larder_requests_total and by_route only: whoever watches must not move what
// is watched. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cache/disk_use.h"
#include "cache/maintenance.h"
#include "cache/store.h"
#include "proxy/admin/request_record.h"
#include "proxy/upstream/upstream_stats.h"

namespace larder {

// Sizes that are read when asked for, not counted. All from any thread.
struct Gauges {
  std::uint64_t embedding_memory_bytes = 0;
  std::uint64_t embedding_memory_entries = 0;
  std::uint64_t response_memory_bytes = 0;
  std::uint64_t response_memory_entries = 0;
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
  std::vector<UpstreamStats> upstreams;
  DiskUse disk;
  std::vector<MaintenanceTask> maintenance;
};

struct TelemetryInfo {
  std::string version;
  std::string upstream;  // Upstream::name()
  std::string data_dir;
};

class Telemetry {
 public:
  // `store` and `clock` outlive it. Loads the last 24 hours of roll-ups from Family::kHistory; what
  // cannot be read is left out. `gauges` is called at each rendering, without a lock held.
  Telemetry(Store& store, const Clock& clock, TelemetryInfo info, std::function<Gauges()> gauges);
  ~Telemetry();

  // Counts in the minute of finished_at. A route that is not [a-z0-9_-]{1,32}, or the 33rd one and
  // after, counts as "other". Cost: below a microsecond. Never blocks on I/O.
  void Record(const RequestRecord& record);

  // Writes the minutes that changed since the last call. Called every few seconds and at the end.
  // Errors: kIo; then they are written next time.
  Status Flush();

  // Prometheus text exposition 0.0.4.
  std::string RenderMetrics() const;
  // The JSON of GET /admin/v1/stats for the last `window`, rounded up to whole minutes of the clock
  // (the current one is the last of them), at most 24 h; the totals since the start when `window`
  // is zero.
  std::string RenderStats(std::chrono::seconds window) const;
  // The JSON of GET /admin/v1/timeseries: one point a minute over the same window, oldest first.
  std::string RenderTimeseries(std::chrono::seconds window) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder

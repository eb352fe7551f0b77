#include "proxy/admin/metrics.h"

#include <algorithm>
#include <array>

#include "proxy/admin/metric_families.h"

namespace larder {
namespace {

using prometheus::MetricType;

constexpr std::array<std::string_view, kStatusClasses> kStatusClassNames = {"1xx", "2xx", "3xx",
                                                                            "4xx", "5xx", "none"};

void AddRequestsByRoute(MetricFamilies& families, const Rollup& totals) {
  families.Begin(
      MetricType::Counter, "larder_requests_total",
      "Finished requests, by route, what the cache made of them, and the answer's status.");
  for (const auto& [route, counts] : totals.routes()) {
    for (const CacheOutcome outcome : kAllOutcomes) {
      const auto& by_class = counts.requests[static_cast<std::size_t>(outcome)];
      for (std::size_t i = 0; i < kStatusClasses; ++i) {
        if (by_class[i] == 0) continue;
        families.Sample(by_class[i], {{"route", route},
                                      {"outcome", std::string(CacheOutcomeName(outcome))},
                                      {"status_class", std::string(kStatusClassNames[i])}});
      }
    }
  }
}

void AddMoney(MetricFamilies& families, const RollupCounts& counts) {
  families.Begin(MetricType::Counter, "larder_tokens_total",
                 "Tokens that upstream charged for (billed), or would have without the cache "
                 "(saved).");
  families.Sample(counts.tokens_billed, MetricFamilies::Label("kind", "billed"));
  families.Sample(counts.tokens_saved, MetricFamilies::Label("kind", "saved"));
  families.Begin(MetricType::Counter, "larder_cost_total",
                 "What those tokens cost by the price table, in telemetry.currency.");
  families.Sample(static_cast<double>(counts.spent_nano) / 1e9,
                  MetricFamilies::Label("kind", "spent"));
  families.Sample(static_cast<double>(counts.saved_nano) / 1e9,
                  MetricFamilies::Label("kind", "saved"));
  families.Counter("larder_unpriced_tokens_total",
                   "Tokens of models without a price; they are in no cost.",
                   counts.unpriced_tokens);
}

void AddRequests(MetricFamilies& families, const Rollup& totals, const RequestTally& tally) {
  RollupCounts counts;
  for (const auto& [name, row] : totals.rows()) counts.Merge(row.counts);

  AddRequestsByRoute(families, totals);
  families.Begin(MetricType::Counter, "larder_misses_total",
                 "Requests of the API that were no hit, by why they were none.");
  for (const MissReason reason : kAllMissReasons) {
    if (reason == MissReason::kNone) continue;
    families.Sample(counts.why[static_cast<std::size_t>(reason)],
                    MetricFamilies::Label("why", MissReasonName(reason)));
  }
  families.Begin(MetricType::Counter, "larder_embedding_inputs_total",
                 "Inputs of embeddings requests that were looked up in the cache.");
  families.Sample(counts.input_hits, MetricFamilies::Label("outcome", "hit"));
  families.Sample(counts.inputs - std::min(counts.inputs, counts.input_hits),
                  MetricFamilies::Label("outcome", "miss"));
  AddMoney(families, counts);
  families.Begin(
      MetricType::Counter, "larder_upstream_requests_total",
      "Requests that asked upstream, by its answer's status; none: there was no answer.");
  for (std::size_t i = 0; i < kStatusClasses; ++i) {
    families.Sample(tally.upstream_requests[i],
                    MetricFamilies::Label("status_class", kStatusClassNames[i]));
  }
  families.Counter("larder_stored_total", "Requests whose answer was stored.", counts.stored);
  families.Counter("larder_collapsed_total", "Requests that shared another's upstream call.",
                   counts.collapsed);
  families.Counter("larder_incomplete_total", "Answers that were not sent whole.",
                   counts.incomplete);
  families.Begin(MetricType::Counter, "larder_stale_answers_total",
                 "Stale answers given while they were renewed, or because upstream failed.");
  families.Sample(tally.stale_revalidated, MetricFamilies::Label("kind", "revalidate"));
  families.Sample(tally.stale_on_error, MetricFamilies::Label("kind", "error"));
  families.Counter("larder_store_failed_requests_total",
                   "Requests that were answered although the store failed.", tally.store_failed);
}

void AddTimes(MetricFamilies& families, const RequestTally& tally) {
  families.OutcomeTimes("larder_request_duration_seconds",
                        "From a request's first byte to the last of its answer.", tally.duration);
  families.OutcomeTimes("larder_overhead_duration_seconds",
                        "From a request's first byte to its answer's head, less the time upstream "
                        "took.",
                        tally.overhead);
  families.Begin(MetricType::Histogram, "larder_upstream_duration_seconds",
                 "Time that upstream took, of the requests that asked it.");
  families.Sample(tally.upstream);
}

void AddMaintenance(MetricFamilies& families, const std::vector<MaintenanceTask>& tasks) {
  families.Begin(MetricType::Gauge, "larder_maintenance_failed",
                 "1 while a maintenance task's last run has failed.");
  for (const MaintenanceTask& task : tasks) {
    families.Sample(std::uint64_t{task.last_failed}, MetricFamilies::Label("task", task.name));
  }
}

void AddDisk(MetricFamilies& families, const DiskUse& disk) {
  families.Gauge("larder_disk_used_bytes", "What the cache takes on disk.", disk.used_bytes);
  families.Gauge("larder_disk_limit_bytes", "What it may take; 0: no limit.", disk.limit_bytes);
  families.Gauge("larder_disk_free_bytes", "Room on the file system of the data directory.",
                 disk.free_bytes);
  families.Gauge("larder_disk_min_free_bytes", "Room below which nothing new is stored.",
                 disk.min_free_bytes);
  families.Gauge("larder_disk_state", "0 ok, 1 warning, 2 full: nothing new is stored.",
                 static_cast<std::uint64_t>(disk.state));
  families.Counter("larder_disk_evicted_entries_total", "Entries that made room on disk.",
                   disk.evicted_entries);
  families.Counter("larder_disk_evicted_bytes_total", "Their size.", disk.evicted_bytes);
}

void AddDatabases(MetricFamilies& families, const Gauges& gauges) {
  const auto each = [&](MetricType type, const char* name, const char* help, auto value) {
    families.Begin(type, name, help);
    families.Sample(std::uint64_t{value(gauges.cache_database)},
                    MetricFamilies::Label("database", "cache"));
    families.Sample(std::uint64_t{value(gauges.data_database)},
                    MetricFamilies::Label("database", "data"));
  };
  each(MetricType::Gauge, "larder_database_state", "0 ok, 1 degraded, 2 read-only, 3 unusable.",
       [](const StoreHealth& health) { return static_cast<std::uint64_t>(health.state); });
  each(MetricType::Counter, "larder_database_failures_total", "Times it stopped being ok.",
       [](const StoreHealth& health) { return health.failures; });
  each(MetricType::Counter, "larder_database_reopened_total",
       "Times it was opened again after a failure.",
       [](const StoreHealth& health) { return health.reopened; });
  families.Gauge("larder_damaged_caches", "Damaged cache databases that were moved aside.",
                 gauges.damaged_caches);
}

void AddUpstreams(MetricFamilies& families, const std::vector<UpstreamStats>& upstreams) {
  using prometheus::MetricType;
  const auto each = [&](MetricType type, const char* name, const char* help, auto value) {
    families.Begin(type, name, help);
    for (const UpstreamStats& one : upstreams)
      families.Sample(std::uint64_t{value(one)}, MetricFamilies::Label("upstream", one.label));
  };
  each(MetricType::Counter, "larder_upstream_attempts_total",
       "Requests sent to an upstream, repetitions included.",
       [](const UpstreamStats& one) { return one.attempts; });
  each(MetricType::Counter, "larder_upstream_retries_total", "Of these, repetitions.",
       [](const UpstreamStats& one) { return one.retries; });
  each(MetricType::Counter, "larder_upstream_failures_total",
       "Attempts without an answer, or with one of status 500, 502, 503, 504 or 529.",
       [](const UpstreamStats& one) { return one.failures; });
  each(MetricType::Counter, "larder_upstream_refused_total",
       "Requests not sent because the circuit breaker was open.",
       [](const UpstreamStats& one) { return one.refused; });
  each(MetricType::Gauge, "larder_upstream_breaker_open",
       "1 while the circuit breaker keeps requests from the upstream.",
       [](const UpstreamStats& one) { return one.breaker == BreakerState::kClosed ? 0U : 1U; });
  each(MetricType::Gauge, "larder_upstream_queued_requests",
       "Requests waiting for a connection to the upstream.",
       [](const UpstreamStats& one) { return one.queued; });
}

void AddGauges(MetricFamilies& families, const Gauges& gauges) {
  families.LayerGauge("larder_memory_bytes", "Size of the memory tier.",
                      gauges.embedding_memory_bytes, gauges.response_memory_bytes);
  families.LayerGauge("larder_memory_entries", "Entries in the memory tier.",
                      gauges.embedding_memory_entries, gauges.response_memory_entries);
  families.LayerGauge("larder_store_bytes", "Size on disk, estimated.",
                      gauges.embedding_store_bytes, gauges.response_store_bytes);
  families.LayerGauge("larder_store_entries", "Entries on disk, estimated.",
                      gauges.embedding_store_entries, gauges.response_store_entries);
  families.Counter("larder_store_failures_total", "Reads and writes that the store refused.",
                   gauges.store_failures);
  families.Counter("larder_corrupt_records_total", "Stored records that were not what was written.",
                   gauges.corrupt_records);
  families.Counter("larder_memory_evictions_total", "Entries that made room in the memory tier.",
                   gauges.memory_evictions);
  families.Gauge("larder_index_vectors", "Vectors in the search index.", gauges.index_vectors);
  families.Gauge("larder_index_bytes", "Memory of the search index.", gauges.index_bytes);
  families.Gauge("larder_index_spaces", "Separate spaces of the search index.",
                 gauges.index_spaces);
  families.Gauge("larder_index_queued_embeddings", "Embeddings waiting to be indexed.",
                 gauges.index_queued);
  families.Counter("larder_index_refused_total",
                   "Embeddings not indexed because its memory is used up.", gauges.index_refused);
  families.Gauge("larder_index_ready", "1 once the index is rebuilt after the start.",
                 gauges.index_ready ? 1 : 0);
  families.Gauge("larder_collections", "Collections.", gauges.collections);
  families.Gauge("larder_collections_loading", "Collections that cannot be searched yet.",
                 gauges.collections_loading);
  families.Gauge("larder_collection_points", "Points in all collections.",
                 gauges.collection_points);
  families.Gauge("larder_collection_index_bytes", "Memory of the indexes of collections.",
                 gauges.collection_bytes);
  families.Gauge("larder_connections", "Open client connections.", gauges.connections);
  families.Gauge("larder_worker_threads", "Worker threads.", gauges.worker_threads);
  families.Gauge("larder_worker_queued_requests", "Requests waiting for a worker.",
                 gauges.worker_queue);
  families.Counter("larder_refreshes_total", "Stale answers renewed behind a stale hit.",
                   gauges.refreshes);
  families.Counter("larder_refreshes_refused_total", "Renewals left out: too many were under way.",
                   gauges.refreshes_refused);
  families.Begin(MetricType::Counter, "larder_rate_limited_total",
                 "Requests refused because a limit or a budget was used up.");
  for (std::size_t i = 0; i < kLimitNames.size(); ++i) {
    families.Sample(gauges.rate_limited[i], MetricFamilies::Label("limit", kLimitNames[i]));
  }
  families.Gauge("larder_limited_callers", "Callers that something is counted for.",
                 gauges.limited_callers);
  AddDisk(families, gauges.disk);
  AddDatabases(families, gauges);
  AddMaintenance(families, gauges.maintenance);
  AddUpstreams(families, gauges.upstreams);
}

}  // namespace

std::string RenderMetrics(const MetricsView& view) {
  MetricFamilies families;
  AddRequests(families, view.totals, view.tally);
  AddTimes(families, view.tally);
  AddGauges(families, view.gauges);
  families.Begin(MetricType::Gauge, "larder_build_info", "Always 1.");
  families.Sample(std::uint64_t{1}, MetricFamilies::Label("version", view.info.version));
  families.Gauge("larder_start_time_seconds", "When the server started, since 1970-01-01 UTC.",
                 static_cast<std::uint64_t>(ToUnixMillis(view.started) / 1000));
  return families.Print();
}

}  // namespace larder

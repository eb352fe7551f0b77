#include "proxy/admin/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace larder {
namespace {

constexpr std::array<std::string_view, 6> kStatusClassNames = {"1xx", "2xx", "3xx",
                                                               "4xx", "5xx", "none"};

// Whether this request itself asked upstream; a follower of another's call did not.
bool AskedUpstream(const RequestRecord& record) {
  const CacheStatus& cache = record.cache;
  if (cache.forward_status > 0) {
    return cache.layer == CacheLayer::kEmbeddings || !cache.collapsed;
  }
  return record.times.upstream.count() > 0 && !cache.collapsed;
}

using Labels = std::vector<prometheus::ClientMetric::Label>;

Labels Label(std::string_view name, std::string_view value) {
  return {{std::string(name), std::string(value)}};
}

}  // namespace

// Builds the list that the serializer prints, family by family.
class Metrics::Families {
 public:
  void Begin(prometheus::MetricType type, const char* name, const char* help) {
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
  }
  void Sample(std::uint64_t value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(value);
    metric.gauge.value = static_cast<double>(value);
    families_.back().metric.push_back(std::move(metric));
  }
  void Sample(const Histogram& histogram, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      below += histogram.buckets[i];
      metric.histogram.bucket.push_back({below, static_cast<double>(kBounds[i]) / 1e6});
    }
    metric.histogram.sample_count = below + histogram.buckets.back();
    metric.histogram.sample_sum = static_cast<double>(histogram.sum_micros) / 1e6;
    families_.back().metric.push_back(std::move(metric));
  }
  void Counter(const char* name, const char* help, std::uint64_t value) {
    Begin(prometheus::MetricType::Counter, name, help);
    Sample(value);
  }
  void Gauge(const char* name, const char* help, std::uint64_t value) {
    Begin(prometheus::MetricType::Gauge, name, help);
    Sample(value);
  }
  void LayerGauge(const char* name, const char* help, std::uint64_t embeddings,
                  std::uint64_t responses) {
    Begin(prometheus::MetricType::Gauge, name, help);
    Sample(embeddings, Label("layer", "embeddings"));
    Sample(responses, Label("layer", "responses"));
  }
  void ByOutcomeHistogram(const char* name, const char* help,
                          const std::array<Histogram, kAllOutcomes.size()>& histograms) {
    Begin(prometheus::MetricType::Histogram, name, help);
    for (const CacheOutcome outcome : kAllOutcomes) {
      Sample(histograms[static_cast<std::size_t>(outcome)],
             Label("outcome", CacheOutcomeName(outcome)));
    }
  }
  std::string Print() const { return prometheus::TextSerializer().Serialize(families_); }

  void AddRequests(const State& state);
  void AddTimes(const State& state);
  void AddGauges(const Gauges& gauges);
  void AddUpstreams(const std::vector<UpstreamStats>& upstreams);
  void AddUpkeep(const Gauges& gauges);

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void Metrics::Histogram::Add(std::chrono::microseconds time) {
  const std::int64_t micros = std::max<std::int64_t>(time.count(), 0);
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), micros);
  ++buckets[static_cast<std::size_t>(bound - kBounds.begin())];
  sum_micros += static_cast<std::uint64_t>(micros);
}

std::size_t Metrics::StatusClass(int status) {
  return status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100 - 1) : 5;
}

void Metrics::Add(const RequestRecord& record, std::string_view route) {
  const auto outcome = static_cast<std::size_t>(record.cache.outcome);
  MutexLock lock(mutex_);
  state_.totals.Add(record, route);
  auto known = state_.requests.find(route);
  if (known == state_.requests.end()) known = state_.requests.emplace(route, ByOutcome{}).first;
  ++known->second[outcome][StatusClass(record.status)];
  if (IsOwnRoute(route)) return;

  state_.duration[outcome].Add(record.total);
  // Up to the answer's head: what follows of a stream is upstream's time, not Larder's.
  const auto until_head = record.to_first_byte.count() > 0 ? record.to_first_byte : record.total;
  state_.overhead[outcome].Add(until_head - record.times.upstream);
  if (AskedUpstream(record)) {
    ++state_.upstream_requests[StatusClass(record.cache.forward_status)];
    state_.upstream.Add(record.times.upstream);
  }
  if (record.cache.store_failed) ++state_.store_failed;
  if (record.cache.revalidating) ++state_.stale_revalidated;
  if (record.cache.on_error) ++state_.stale_on_error;
}

Rollup Metrics::Totals() const {
  MutexLock lock(mutex_);
  return state_.totals;
}

void Metrics::Families::AddRequests(const State& state) {
  using prometheus::MetricType;
  const RollupCounts& counts = state.totals.counts;

  Begin(MetricType::Counter, "larder_requests_total",
        "Finished requests, by route, what the cache made of them, and the answer's status.");
  for (const auto& [route, by_outcome] : state.requests) {
    for (const CacheOutcome outcome : kAllOutcomes) {
      const ByStatusClass& by_class = by_outcome[static_cast<std::size_t>(outcome)];
      for (std::size_t i = 0; i < kStatusClasses; ++i) {
        if (by_class[i] == 0) continue;
        Sample(by_class[i], {{"route", route},
                             {"outcome", std::string(CacheOutcomeName(outcome))},
                             {"status_class", std::string(kStatusClassNames[i])}});
      }
    }
  }
  Begin(MetricType::Counter, "larder_embedding_inputs_total",
        "Inputs of embeddings requests that were looked up in the cache.");
  Sample(counts.input_hits, Label("outcome", "hit"));
  Sample(counts.inputs - std::min(counts.inputs, counts.input_hits), Label("outcome", "miss"));
  Begin(MetricType::Counter, "larder_tokens_total",
        "Tokens that upstream charged for (billed), or would have without the cache (saved).");
  Sample(counts.tokens_billed, Label("kind", "billed"));
  Sample(counts.tokens_saved, Label("kind", "saved"));
  Begin(MetricType::Counter, "larder_upstream_requests_total",
        "Requests that asked upstream, by its answer's status; none: there was no answer.");
  for (std::size_t i = 0; i < kStatusClasses; ++i) {
    Sample(state.upstream_requests[i], Label("status_class", kStatusClassNames[i]));
  }
  Counter("larder_stored_total", "Requests whose answer was stored.", counts.stored);
  Counter("larder_collapsed_total", "Requests that shared another's upstream call.",
          counts.collapsed);
  Counter("larder_incomplete_total", "Answers that were not sent whole.", counts.incomplete);
  Begin(MetricType::Counter, "larder_stale_answers_total",
        "Stale answers given while they were renewed, or because upstream failed.");
  Sample(state.stale_revalidated, Label("kind", "revalidate"));
  Sample(state.stale_on_error, Label("kind", "error"));
  Counter("larder_store_failed_requests_total",
          "Requests that were answered although the store failed.", state.store_failed);
}

void Metrics::Families::AddTimes(const State& state) {
  ByOutcomeHistogram("larder_request_duration_seconds",
                     "From a request's first byte to the last of its answer.", state.duration);
  ByOutcomeHistogram("larder_overhead_duration_seconds",
                     "From a request's first byte to its answer's head, less the time upstream "
                     "took.",
                     state.overhead);
  Begin(prometheus::MetricType::Histogram, "larder_upstream_duration_seconds",
        "Time that upstream took, of the requests that asked it.");
  Sample(state.upstream);
}

void Metrics::Families::AddGauges(const Gauges& gauges) {
  LayerGauge("larder_memory_bytes", "Size of the memory tier.", gauges.embedding_memory_bytes,
             gauges.response_memory_bytes);
  LayerGauge("larder_memory_entries", "Entries in the memory tier.",
             gauges.embedding_memory_entries, gauges.response_memory_entries);
  LayerGauge("larder_store_bytes", "Size on disk, estimated.", gauges.embedding_store_bytes,
             gauges.response_store_bytes);
  LayerGauge("larder_store_entries", "Entries on disk, estimated.", gauges.embedding_store_entries,
             gauges.response_store_entries);
  Counter("larder_store_failures_total", "Reads and writes that the store refused.",
          gauges.store_failures);
  Counter("larder_corrupt_records_total", "Stored records that were not what was written.",
          gauges.corrupt_records);
  Counter("larder_memory_evictions_total", "Entries that made room in the memory tier.",
          gauges.memory_evictions);
  Gauge("larder_index_vectors", "Vectors in the search index.", gauges.index_vectors);
  Gauge("larder_index_bytes", "Memory of the search index.", gauges.index_bytes);
  Gauge("larder_index_spaces", "Separate spaces of the search index.", gauges.index_spaces);
  Gauge("larder_index_queued_embeddings", "Embeddings waiting to be indexed.", gauges.index_queued);
  Counter("larder_index_refused_total", "Embeddings not indexed because its memory is used up.",
          gauges.index_refused);
  Gauge("larder_index_ready", "1 once the index is rebuilt after the start.",
        gauges.index_ready ? 1 : 0);
  Gauge("larder_collections", "Collections.", gauges.collections);
  Gauge("larder_collections_loading", "Collections that cannot be searched yet.",
        gauges.collections_loading);
  Gauge("larder_collection_points", "Points in all collections.", gauges.collection_points);
  Gauge("larder_collection_index_bytes", "Memory of the indexes of collections.",
        gauges.collection_bytes);
  Gauge("larder_connections", "Open client connections.", gauges.connections);
  Gauge("larder_worker_threads", "Worker threads.", gauges.worker_threads);
  Gauge("larder_worker_queued_requests", "Requests waiting for a worker.", gauges.worker_queue);
  Counter("larder_refreshes_total", "Stale answers renewed behind a stale hit.", gauges.refreshes);
  Counter("larder_refreshes_refused_total", "Renewals left out: too many were under way.",
          gauges.refreshes_refused);
  AddUpstreams(gauges.upstreams);
  AddUpkeep(gauges);
}

void Metrics::Families::AddUpkeep(const Gauges& gauges) {
  const DiskUse& disk = gauges.disk;
  Gauge("larder_disk_used_bytes", "Size of the cache database on disk.", disk.used_bytes);
  Gauge("larder_disk_limit_bytes", "cache.store.max_bytes; 0: none.", disk.limit_bytes);
  Gauge("larder_disk_free_bytes", "Room on the disk of the data directory.", disk.free_bytes);
  Gauge("larder_disk_min_free_bytes", "Below this much room nothing new is stored.",
        disk.min_free_bytes);
  Gauge("larder_disk_state", "0 ok, 1 warning, 2 full: nothing new is stored.",
        static_cast<std::uint64_t>(disk.state));
  Counter("larder_disk_evicted_entries_total", "Entries that made room on the disk.",
          disk.evicted_entries);
  Counter("larder_disk_evicted_bytes_total", "Size of them, estimated.", disk.evicted_bytes);
  Begin(prometheus::MetricType::Gauge, "larder_maintenance_failed",
        "1 while a maintenance task's last run has failed.");
  for (const MaintenanceTask& task : gauges.maintenance) {
    Sample(task.last_failed ? 1 : 0, Label("task", task.name));
  }
}

void Metrics::Families::AddUpstreams(const std::vector<UpstreamStats>& upstreams) {
  using prometheus::MetricType;
  const auto each = [&](MetricType type, const char* name, const char* help, auto value) {
    Begin(type, name, help);
    for (const UpstreamStats& one : upstreams) Sample(value(one), Label("upstream", one.label));
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

std::string Metrics::Render(const TelemetryInfo& info, WallTime started,
                            const Gauges& gauges) const {
  State state;
  {
    MutexLock lock(mutex_);
    state = state_;
  }
  Families families;
  families.AddRequests(state);
  families.AddTimes(state);
  families.AddGauges(gauges);
  families.Begin(prometheus::MetricType::Gauge, "larder_build_info", "Always 1.");
  families.Sample(1, Label("version", info.version));
  families.Gauge("larder_start_time_seconds", "When the server started, since 1970-01-01 UTC.",
                 static_cast<std::uint64_t>(ToUnixMillis(started) / 1000));
  return families.Print();
}

}  // namespace larder

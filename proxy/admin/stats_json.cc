#include "proxy/admin/stats_json.h"

#include <cmath>
#include <optional>

#include "proxy/admin/upkeep_json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

void Optional(JsonWriter& json, std::string_view key, std::optional<double> value) {
  json.Key(key);
  if (value) {
    json.Number(*value);
  } else {
    json.Null();
  }
}

std::optional<double> Rate(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// To the microsecond: the histogram knows no more.
std::optional<double> Rounded(std::optional<double> millis) {
  if (!millis) return millis;
  return std::round(*millis * 1000.0) / 1000.0;
}

void Latency(JsonWriter& json, std::string_view key, const LatencyHistogram& histogram) {
  json.Key(key).BeginObject();
  json.Member("count", histogram.count());
  Optional(json, "mean", Rounded(histogram.MeanMillis()));
  Optional(json, "p50", Rounded(histogram.QuantileMillis(0.50)));
  Optional(json, "p95", Rounded(histogram.QuantileMillis(0.95)));
  Optional(json, "p99", Rounded(histogram.QuantileMillis(0.99)));
  json.EndObject();
}

void Size(JsonWriter& json, std::string_view key, std::uint64_t entries, std::uint64_t bytes) {
  json.Key(key).BeginObject();
  json.Member("entries", entries).Member("bytes", bytes).EndObject();
}

void Traffic(JsonWriter& json, const Rollup& rollup) {
  const RollupCounts& counts = rollup.counts;
  json.Key("embeddings").BeginObject();
  json.Member("requests", counts.Requests(CacheLayer::kEmbeddings));
  json.Member("bypass", counts.at(CacheLayer::kEmbeddings, CacheOutcome::kBypass));
  json.Member("inputs", counts.inputs).Member("input_hits", counts.input_hits);
  Optional(json, "hit_rate", Rate(counts.input_hits, counts.inputs));
  json.EndObject();

  const auto response = [&](CacheOutcome outcome) {
    return counts.at(CacheLayer::kResponses, outcome);
  };
  const std::uint64_t requests = counts.Requests(CacheLayer::kResponses);
  json.Key("responses").BeginObject();
  json.Member("requests", requests);
  json.Member("hits", response(CacheOutcome::kHit));
  json.Member("misses", response(CacheOutcome::kMiss));
  json.Member("bypass", response(CacheOutcome::kBypass));
  json.Member("stale", response(CacheOutcome::kStale));
  json.Member("request", response(CacheOutcome::kRequest));
  Optional(json, "hit_rate",
           Rate(response(CacheOutcome::kHit), requests - response(CacheOutcome::kBypass)));
  json.EndObject();

  json.Key("requests").BeginObject();
  json.Member("total", counts.Requests());
  json.Key("by_route").BeginObject();
  for (const auto& [route, count] : rollup.by_route) json.Member(route, count);
  json.EndObject();
  json.Member("errors_4xx", counts.errors_4xx).Member("errors_5xx", counts.errors_5xx);
  json.Member("incomplete", counts.incomplete);
  json.Member("stored", counts.stored).Member("collapsed", counts.collapsed);
  json.EndObject();

  json.Key("tokens").BeginObject();
  json.Member("billed", counts.tokens_billed).Member("saved", counts.tokens_saved).EndObject();

  json.Key("latency_ms").BeginObject();
  Latency(json, "hit", rollup.hits);
  Latency(json, "miss", rollup.misses);
  json.EndObject();
}

void Sizes(JsonWriter& json, const TelemetryInfo& info, const Gauges& gauges) {
  json.Key("memory").BeginObject();
  Size(json, "embeddings", gauges.embedding_memory_entries, gauges.embedding_memory_bytes);
  Size(json, "responses", gauges.response_memory_entries, gauges.response_memory_bytes);
  json.Member("evictions", gauges.memory_evictions).EndObject();

  json.Key("store").BeginObject().Member("path", info.data_dir);
  Size(json, "embeddings", gauges.embedding_store_entries, gauges.embedding_store_bytes);
  Size(json, "responses", gauges.response_store_entries, gauges.response_store_bytes);
  json.Member("failures", gauges.store_failures);
  json.Member("corrupt_records", gauges.corrupt_records).EndObject();

  json.Key("index").BeginObject().Member("ready", gauges.index_ready);
  json.Member("vectors", gauges.index_vectors).Member("bytes", gauges.index_bytes);
  json.Member("spaces", gauges.index_spaces).Member("queued", gauges.index_queued);
  json.Member("refused", gauges.index_refused).EndObject();

  json.Key("collections").BeginObject().Member("count", gauges.collections);
  json.Member("loading", gauges.collections_loading).Member("points", gauges.collection_points);
  json.Member("bytes", gauges.collection_bytes).EndObject();

  json.Member("connections", gauges.connections);
  json.Key("workers").BeginObject();
  json.Member("threads", gauges.worker_threads).Member("queued", gauges.worker_queue).EndObject();
}

}  // namespace

std::string RenderStatsJson(const StatsView& view) {
  JsonWriter json;
  json.BeginObject().Member("version", view.info.version).Member("upstream", view.info.upstream);
  json.Member("builtin", view.info.upstream == "builtin");
  json.Member("now", ToUnixMillis(view.now) / 1000);
  json.Member("started_at", ToUnixMillis(view.started) / 1000);
  json.Member("uptime_s", view.uptime.count()).Member("window_s", view.window.count());
  Traffic(json, view.rollup);
  Sizes(json, view.info, view.gauges);
  WriteDisk(json, view.gauges.disk);
  WriteMaintenance(json, view.gauges.maintenance);
  json.EndObject();
  return json.Take();
}

std::string RenderTimeseriesJson(const std::vector<History::Point>& points) {
  JsonWriter json;
  json.BeginObject().Member("step_s", 60).Key("points").BeginArray();
  for (const auto& [minute, counts] : points) {
    const auto response = [&counts = counts](CacheOutcome outcome) {
      return counts.at(CacheLayer::kResponses, outcome);
    };
    json.BeginObject().Member("t", minute * 60).Member("requests", counts.Requests());
    json.Member("embedding_inputs", counts.inputs);
    json.Member("embedding_input_hits", counts.input_hits);
    json.Member("response_hits", response(CacheOutcome::kHit));
    json.Member("response_misses", response(CacheOutcome::kMiss));
    json.Member("response_stale", response(CacheOutcome::kStale));
    json.Member("response_request", response(CacheOutcome::kRequest));
    json.Member("bypass", counts.Requests(CacheOutcome::kBypass));
    json.Member("errors", counts.errors_4xx + counts.errors_5xx);
    json.Member("errors_5xx", counts.errors_5xx);
    json.Member("tokens_billed", counts.tokens_billed);
    json.Member("tokens_saved", counts.tokens_saved).EndObject();
  }
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace larder

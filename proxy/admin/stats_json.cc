#include "proxy/admin/stats_json.h"

#include <cmath>
#include <optional>

#include "proxy/admin/price_rule.h"
#include "proxy/admin/upkeep_json.h"

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

void Tier(JsonWriter& json, std::string_view key, std::uint64_t entries, std::uint64_t bytes,
          std::uint64_t limit_bytes) {
  json.Key(key).BeginObject().Member("entries", entries).Member("bytes", bytes);
  json.Member("limit_bytes", limit_bytes).EndObject();
}

void Named(JsonWriter& json, std::string_view key, const NamedCounts& counts) {
  json.Key(key).BeginObject();
  for (const auto& [name, count] : counts.all()) json.Member(name, count);
  json.EndObject();
}

void MeanMillis(JsonWriter& json, std::string_view key, std::uint64_t micros, std::uint64_t times) {
  std::optional<double> millis;
  if (times > 0) millis = static_cast<double>(micros) / static_cast<double>(times) / 1000.0;
  Optional(json, key, Rounded(millis));
}

void Table(JsonWriter& json, std::string_view key, const std::vector<TrafficSum::TableRow>& rows) {
  json.Key(key).BeginArray();
  for (const auto& [name, group] : rows) {
    const RollupCounts& counts = group.counts;
    json.BeginObject().Member("name", name).Member("requests", counts.Requests());
    json.Member("hits", counts.Requests(CacheOutcome::kHit));
    json.Member("misses", MissesOf(counts));
    json.Member("bypass", counts.Requests(CacheOutcome::kBypass));
    json.Member("errors", counts.errors_4xx + counts.errors_5xx);
    json.Member("inputs", counts.inputs).Member("input_hits", counts.input_hits);
    json.Member("tokens_billed", counts.tokens_billed);
    json.Member("tokens_saved", counts.tokens_saved);
    WriteAmount("spent", counts.spent_nano, json);
    WriteAmount("saved", counts.saved_nano, json);
    json.Key("priced");
    if (counts.tokens_billed + counts.tokens_saved > 0) {
      json.Bool(counts.unpriced_tokens == 0);
    } else {
      json.Null();  // nothing to be paid for, so far
    }
    MeanMillis(json, "hit_ms", group.hit_micros, group.hit_times);
    MeanMillis(json, "miss_ms", group.miss_micros, group.miss_times);
    json.EndObject();
  }
  json.EndArray();
}

void Money(JsonWriter& json, std::string_view currency, const TrafficSum& traffic) {
  const RollupCounts& counts = traffic.total().counts;
  json.Key("money").BeginObject().Member("currency", currency);
  WriteAmount("spent", counts.spent_nano, json);
  WriteAmount("saved", counts.saved_nano, json);
  json.Member("unpriced_tokens", counts.unpriced_tokens).Key("unpriced_models").BeginArray();
  for (const std::string& model : traffic.UnpricedModels()) json.String(model);
  json.EndArray().EndObject();
  Optional(json, "time_saved_s", Rounded(traffic.TimeSavedSeconds()));
}

void Reasons(JsonWriter& json, const TrafficSum& traffic) {
  json.Key("miss_reasons").BeginObject();
  for (const MissReason reason : kAllMissReasons) {
    if (reason == MissReason::kNone) continue;
    json.Member(MissReasonName(reason),
                traffic.total().counts.why[static_cast<std::size_t>(reason)]);
  }
  json.EndObject();
  Named(json, "changed_fields", traffic.total().changed_fields);
  Named(json, "bypass_details", traffic.total().bypass_details);
}

void Traffic(JsonWriter& json, const TrafficSum& traffic) {
  const RollupCounts& counts = traffic.total().counts;
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
  for (const auto& [route, count] : traffic.by_route_requests()) json.Member(route, count);
  json.EndObject();
  json.Member("errors_4xx", counts.errors_4xx).Member("errors_5xx", counts.errors_5xx);
  json.Member("incomplete", counts.incomplete);
  json.Member("stored", counts.stored).Member("collapsed", counts.collapsed);
  json.EndObject();

  json.Key("tokens").BeginObject();
  json.Member("billed", counts.tokens_billed).Member("saved", counts.tokens_saved).EndObject();

  json.Key("latency_ms").BeginObject();
  Latency(json, "hit", traffic.total().hits);
  Latency(json, "miss", traffic.total().misses);
  Latency(json, "overhead", traffic.total().overhead);
  Latency(json, "upstream", traffic.total().upstream);
  json.EndObject();
}

void Sizes(JsonWriter& json, const TelemetryInfo& info, const Gauges& gauges) {
  json.Key("memory").BeginObject();
  Tier(json, "embeddings", gauges.embedding_memory_entries, gauges.embedding_memory_bytes,
       gauges.embedding_memory_limit_bytes);
  Tier(json, "responses", gauges.response_memory_entries, gauges.response_memory_bytes,
       gauges.response_memory_limit_bytes);
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
  Traffic(json, view.traffic);
  Money(json, view.currency, view.traffic);
  Reasons(json, view.traffic);
  Table(json, "by_model", view.traffic.ByModel());
  Table(json, "by_partition", view.traffic.ByPartition());
  Table(json, "by_route", view.traffic.ByRoute());
  Sizes(json, view.info, view.gauges);
  WriteDisk(json, view.gauges.disk);
  WriteDatabases(json, view.gauges.cache_database, view.gauges.data_database,
                 view.gauges.damaged_caches);
  WriteMaintenance(json, view.gauges.maintenance);
  json.EndObject();
  return json.Take();
}

std::uint64_t MissesOf(const RollupCounts& counts) {
  return counts.Requests(CacheOutcome::kMiss) + counts.Requests(CacheOutcome::kStale) +
         counts.Requests(CacheOutcome::kRequest);
}

void WriteAmount(std::string_view key, std::uint64_t nano, JsonWriter& json) {
  std::string amount;
  AppendAmount(nano, amount);
  json.Key(key).Raw(amount);
}

void WriteQuantiles(std::string_view key, const LatencyHistogram& times, JsonWriter& json) {
  json.Key(key);
  if (times.count() == 0) {
    json.Null();
    return;
  }
  json.BeginObject();
  Optional(json, "p50", Rounded(times.QuantileMillis(0.50)));
  Optional(json, "p95", Rounded(times.QuantileMillis(0.95)));
  Optional(json, "p99", Rounded(times.QuantileMillis(0.99)));
  json.EndObject();
}

}  // namespace larder

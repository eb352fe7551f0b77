#include "proxy/admin/timeseries.h"

#include "proxy/admin/stats_json.h"
#include "proxy/json/json_writer.h"

namespace larder {
namespace {

std::int64_t StepFor(std::chrono::seconds window) {
  if (window <= std::chrono::hours(6)) return 1;
  return window <= std::chrono::hours(24) ? 5 : 60;
}

}  // namespace

Timeseries::Timeseries(const History& history, std::chrono::seconds window,
                       const TrafficFilter& filter)
    : step_(StepFor(window)) {
  const std::int64_t minutes = std::chrono::ceil<std::chrono::minutes>(window).count();
  const std::int64_t count = (minutes + step_ - 1) / step_;
  const std::int64_t current = history.CurrentMinute();
  first_ = current - current % step_ - (count - 1) * step_;
  points_.resize(static_cast<std::size_t>(count));
  history.Visit(first_, current, step_ == 60,
                [&](std::int64_t minute, std::int64_t, const Rollup& rollup) {
                  if (minute < first_) return;
                  Point& point = points_[static_cast<std::size_t>((minute - first_) / step_)];
                  for (const auto& [name, row] : rollup.rows()) {
                    if (!filter.Matches(name.key())) continue;
                    point.counts.Merge(row.counts);
                    point.hits.Merge(row.hits);
                    point.misses.Merge(row.misses);
                  }
                });
}

std::string Timeseries::Json() const {
  JsonWriter json;
  json.BeginObject().Member("step_s", step_ * 60).Key("points").BeginArray();
  std::int64_t minute = first_;
  for (const Point& point : points_) {
    const RollupCounts& counts = point.counts;
    const auto response = [&](CacheOutcome outcome) {
      return counts.at(CacheLayer::kResponses, outcome);
    };
    json.BeginObject().Member("t", minute * 60).Member("requests", counts.Requests());
    json.Member("hits", counts.Requests(CacheOutcome::kHit));
    json.Member("misses", MissesOf(counts));
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
    json.Member("tokens_saved", counts.tokens_saved);
    WriteAmount("spent", counts.spent_nano, json);
    WriteAmount("saved", counts.saved_nano, json);
    WriteQuantiles("hit_ms", point.hits, json);
    WriteQuantiles("miss_ms", point.misses, json);
    json.EndObject();
    minute += step_;
  }
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace larder

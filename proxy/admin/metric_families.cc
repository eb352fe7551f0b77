#include "proxy/admin/metric_families.h"

#include <prometheus/text_serializer.h>

#include <utility>

namespace larder {

void MetricFamilies::Begin(prometheus::MetricType type, const char* name, const char* help) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  families_.push_back(std::move(family));
}

void MetricFamilies::Sample(double value, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  metric.gauge.value = value;
  families_.back().metric.push_back(std::move(metric));
}

void MetricFamilies::Sample(const TimeBuckets& times, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < TimeBuckets::kBounds.size(); ++i) {
    below += times.buckets[i];
    metric.histogram.bucket.push_back({below, static_cast<double>(TimeBuckets::kBounds[i]) / 1e6});
  }
  metric.histogram.sample_count = below + times.buckets.back();
  metric.histogram.sample_sum = static_cast<double>(times.sum_micros) / 1e6;
  families_.back().metric.push_back(std::move(metric));
}

void MetricFamilies::LayerGauge(const char* name, const char* help, std::uint64_t embeddings,
                                std::uint64_t responses) {
  Begin(prometheus::MetricType::Gauge, name, help);
  Sample(embeddings, Label("layer", "embeddings"));
  Sample(responses, Label("layer", "responses"));
}

void MetricFamilies::OutcomeTimes(const char* name, const char* help,
                                  const std::array<TimeBuckets, kAllOutcomes.size()>& times) {
  Begin(prometheus::MetricType::Histogram, name, help);
  for (const CacheOutcome outcome : kAllOutcomes) {
    Sample(times[static_cast<std::size_t>(outcome)], Label("outcome", CacheOutcomeName(outcome)));
  }
}

std::string MetricFamilies::Print() const {
  return prometheus::TextSerializer().Serialize(families_);
}

}  // namespace larder

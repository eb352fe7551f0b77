// Metric families as the serializer prints them, built one after another.
// Thread-safety: none; one thread at a time.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/request_tally.h"

namespace larder {

class MetricFamilies {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;
  static Labels Label(std::string_view name, std::string_view value) {
    return {{std::string(name), std::string(value)}};
  }

  void Begin(prometheus::MetricType type, const char* name, const char* help);
  // Of the family that was begun last.
  void Sample(double value, Labels labels = {});
  void Sample(std::uint64_t value, Labels labels = {}) {
    Sample(static_cast<double>(value), std::move(labels));
  }
  void Sample(const TimeBuckets& times, Labels labels = {});

  template <typename T>
  void Counter(const char* name, const char* help, T value) {
    Begin(prometheus::MetricType::Counter, name, help);
    Sample(value);
  }
  void Gauge(const char* name, const char* help, std::uint64_t value) {
    Begin(prometheus::MetricType::Gauge, name, help);
    Sample(value);
  }
  void LayerGauge(const char* name, const char* help, std::uint64_t embeddings,
                  std::uint64_t responses);
  void OutcomeTimes(const char* name, const char* help,
                    const std::array<TimeBuckets, kAllOutcomes.size()>& times);

  std::string Print() const;

 private:
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace larder

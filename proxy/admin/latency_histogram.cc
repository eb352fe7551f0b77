#include "proxy/admin/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace larder {

// Below 8 us a bucket is one microsecond; from there on, the exponent and the three bits below the
// leading one choose it.
std::size_t LatencyHistogram::BucketOf(std::uint64_t micros) {
  if (micros < 8) return micros;
  const std::size_t exponent = std::bit_width(micros) - 1U;
  const std::size_t bucket = (exponent - 2) * 8 + (micros >> (exponent - 3) & 7U);
  return std::min(bucket, kBuckets - 1);
}

std::uint64_t LatencyHistogram::LowerBound(std::size_t bucket) {
  return bucket < 8 ? bucket : (8 + bucket % 8) << (bucket / 8 - 1);
}

std::uint64_t LatencyHistogram::Width(std::size_t bucket) {
  return bucket < 8 ? 1 : std::uint64_t{1} << (bucket / 8 - 1);
}

void LatencyHistogram::Add(std::chrono::microseconds time) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  ++count_;
  sum_micros_ += micros;
  ++buckets_[BucketOf(micros)];
}

void LatencyHistogram::AddBucket(std::size_t bucket, std::uint64_t count) {
  buckets_[bucket] += count;
  count_ += count;
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  if (other.count_ == 0) return;
  count_ += other.count_;
  sum_micros_ += other.sum_micros_;
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
}

std::optional<double> LatencyHistogram::QuantileMillis(double quantile) const {
  if (count_ == 0) return std::nullopt;
  const double all = static_cast<double>(count_);
  const double rank = std::clamp(std::ceil(quantile * all), 1.0, all);
  double seen = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && (seen += static_cast<double>(buckets_[bucket])) < rank) ++bucket;
  // The middle: it is nearest to whatever the bucket holds.
  const double middle =
      static_cast<double>(LowerBound(bucket)) + static_cast<double>(Width(bucket) - 1) / 2.0;
  return middle / 1000.0;
}

std::optional<double> LatencyHistogram::MeanMillis() const {
  if (count_ == 0) return std::nullopt;
  return static_cast<double>(sum_micros_) / static_cast<double>(count_) / 1000.0;
}

}  // namespace larder

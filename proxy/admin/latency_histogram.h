// LatencyHistogram: how long requests took, counted in buckets an eighth of an octave wide, so that
// a percentile over any sum of minutes is within 1/16 of the true one. From 1 us to 18 minutes;
// longer ones count in the last bucket. Thread-safety: a value.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace larder {

class LatencyHistogram {
 public:
  static constexpr std::size_t kBuckets = 224;

  // Negative times count as zero.
  void Add(std::chrono::microseconds time);
  // `count` times that fell into `bucket`, whose sum is added apart. Precondition: there is such a
  // bucket.
  void AddBucket(std::size_t bucket, std::uint64_t count);
  void AddSum(std::uint64_t micros) { sum_micros_ += micros; }
  void Merge(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t sum_micros() const { return sum_micros_; }
  const std::array<std::uint64_t, kBuckets>& buckets() const { return buckets_; }
  // Milliseconds; nullopt when nothing was added. `quantile` is in (0, 1].
  std::optional<double> QuantileMillis(double quantile) const;
  std::optional<double> MeanMillis() const;

 private:
  static std::size_t BucketOf(std::uint64_t micros);
  // The bucket's lower bound and width, in microseconds.
  static std::uint64_t LowerBound(std::size_t bucket);
  static std::uint64_t Width(std::size_t bucket);

  std::uint64_t count_ = 0;
  std::uint64_t sum_micros_ = 0;
  std::array<std::uint64_t, kBuckets> buckets_{};
};

}  // namespace larder

#include "cache/age_histogram.h"

namespace larder {
namespace {

// Rounded down, also before 1970.
std::int64_t StepOf(std::int64_t millis, std::int64_t step) {
  return millis / step - (millis % step < 0 ? 1 : 0);
}

}  // namespace

void AgeHistogram::Add(WallTime stored_at, std::uint64_t bytes) {
  steps_[StepOf(ToUnixMillis(stored_at), step_millis_)] += bytes;
  bytes_ += bytes;
  while (steps_.size() > kMostSteps) Widen();
}

void AgeHistogram::Widen() {
  std::map<std::int64_t, std::uint64_t> wider;
  for (const auto& [step, bytes] : steps_) wider[StepOf(step, 2)] += bytes;
  steps_ = std::move(wider);
  step_millis_ *= 2;
}

AgeHistogram::Oldest AgeHistogram::OldestOf(std::uint64_t bytes) const {
  Oldest oldest{FromUnixMillis(0), FromUnixMillis(0), 0};
  std::uint64_t left = bytes;
  for (const auto& [step, size] : steps_) {
    oldest.all_before = FromUnixMillis(step * step_millis_);
    oldest.some_before = FromUnixMillis((step + 1) * step_millis_);
    oldest.rest_bytes = left;
    if (left <= size) return oldest;
    left -= size;
  }
  oldest.all_before = oldest.some_before;
  oldest.rest_bytes = 0;
  return oldest;
}

}  // namespace larder

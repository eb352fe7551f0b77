#include "vector/unit_vector.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace larder {
namespace {

// Sums of squares and of products stay well within float32.
constexpr double kMostSquaredLength = 1e36;

double SquaredLength(std::span<const float> vector) {
  double squares = 0.0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  return squares;
}

}  // namespace

Status CheckVector(std::span<const float> vector, std::size_t dim, Metric metric) {
  if (vector.size() != dim) {
    return InvalidArgument("the vector has " + std::to_string(vector.size()) +
                           " components where this space holds " + std::to_string(dim) +
                           ": use the model and dimensions the space was filled with");
  }
  const auto bad =
      std::find_if(vector.begin(), vector.end(), [](float x) { return !std::isfinite(x); });
  if (bad != vector.end()) {
    return InvalidArgument("component " + std::to_string(bad - vector.begin()) +
                           " of the vector is not a finite number: send finite numbers only");
  }
  if (metric == Metric::kCosine &&
      std::all_of(vector.begin(), vector.end(), [](float x) { return x == 0.0F; })) {
    return InvalidArgument(
        "the vector is all zeros and points nowhere: send one with a component that is not zero");
  }
  if (metric != Metric::kCosine && SquaredLength(vector) > kMostSquaredLength) {
    return InvalidArgument(
        "the vector is longer than 1e18, beyond what float32 can compare: send smaller numbers");
  }
  return {};
}

std::vector<float> UnitVector(std::span<const float> vector) {
  const double scale = 1.0 / std::sqrt(SquaredLength(vector));
  std::vector<float> unit(vector.size());
  std::transform(vector.begin(), vector.end(), unit.begin(),
                 [scale](float x) { return static_cast<float>(x * scale); });
  return unit;
}

}  // namespace larder

#include "bench/search_points.h"

#include <cmath>
#include <numbers>

namespace larder::bench {
namespace {

// The length of all steps along the directions together, on average. The centre has length 1.
constexpr double kSpread = 0.7;
// The length of the noise, on average: well below the distance of neighbours.
constexpr double kNoise = 0.1;

// Normal numbers from SplitMix64 by the method of Box and Muller. The standard library's are not
// the same everywhere.
class Normals {
 public:
  explicit Normals(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Bits() {
    std::uint64_t bits = state_ += 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  }
  float Next() {
    if (has_second_) {
      has_second_ = false;
      return second_;
    }
    // In (0, 1] and [0, 1).
    const double first = static_cast<double>((Bits() >> 11) + 1) * 0x1p-53;
    const double turn = static_cast<double>(Bits() >> 11) * 0x1p-53;
    const double length = std::sqrt(-2 * std::log(first));
    second_ = static_cast<float>(length * std::sin(2 * std::numbers::pi * turn));
    has_second_ = true;
    return static_cast<float>(length * std::cos(2 * std::numbers::pi * turn));
  }

 private:
  std::uint64_t state_;
  float second_ = 0;
  bool has_second_ = false;
};

void ToUnitLength(float* vector, std::size_t dim) {
  double square = 0;
  for (std::size_t i = 0; i < dim; ++i) square += static_cast<double>(vector[i]) * vector[i];
  const auto factor = static_cast<float>(1 / std::sqrt(square));
  for (std::size_t i = 0; i < dim; ++i) vector[i] *= factor;
}

std::vector<float> RandomRows(std::size_t rows, std::size_t dim, Normals& normals) {
  std::vector<float> result(rows * dim);
  for (float& component : result) component = normals.Next();
  for (std::size_t row = 0; row < rows; ++row) ToUnitLength(&result[row * dim], dim);
  return result;
}

}  // namespace

// Random directions in so many dimensions are orthogonal enough as they are.
ClusteredPoints::ClusteredPoints(const Options& options) : options_(options) {
  Normals normals(options.seed);
  centres_ = RandomRows(options.clusters, options.dim, normals);
  directions_ = RandomRows(options.clusters * options.directions, options.dim, normals);
}

void ClusteredPoints::Draw(std::uint64_t number, float* point) const {
  const std::size_t dim = options_.dim, directions = options_.directions;
  Normals mix(options_.seed ^ (number + 1) * 0xd1342543de82ef95);
  Normals normals(mix.Bits());
  const std::size_t cluster = normals.Bits() % options_.clusters;
  const auto noise = static_cast<float>(kNoise / std::sqrt(static_cast<double>(dim)));
  const auto step = static_cast<float>(kSpread / std::sqrt(static_cast<double>(directions)));
  const float* centre = &centres_[cluster * dim];
  for (std::size_t i = 0; i < dim; ++i) point[i] = centre[i] + noise * normals.Next();
  for (std::size_t d = 0; d < directions; ++d) {
    const float* direction = &directions_[(cluster * directions + d) * dim];
    const float length = step * normals.Next();
    for (std::size_t i = 0; i < dim; ++i) point[i] += length * direction[i];
  }
  ToUnitLength(point, dim);
}

}  // namespace larder::bench

// Vectors for tests: the same for the same seed, on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class VectorSamples {
 public:
  explicit VectorSamples(std::uint64_t seed) : state_(seed) {}

  // Uniform in [0, bound).
  std::size_t Below(std::size_t bound) { return Next() % bound; }

  // Components independent, in [-1, 1).
  std::vector<float> Random(std::size_t dim) {
    std::vector<float> vector(dim);
    for (float& x : vector) x = static_cast<float>(Next() >> 40) / 8388608.0F - 1.0F;
    return vector;
  }

  // `count` vectors around `clusters` random centres, as embeddings of a few topics lie.
  std::vector<std::vector<float>> Clustered(std::size_t count, std::size_t dim,
                                            std::size_t clusters) {
    std::vector<std::vector<float>> centres;
    for (std::size_t i = 0; i < clusters; ++i) centres.push_back(Random(dim));
    std::vector<std::vector<float>> vectors;
    for (std::size_t i = 0; i < count; ++i) {
      vectors.push_back(Random(dim));
      const std::vector<float>& centre = centres[Below(clusters)];
      for (std::size_t d = 0; d < dim; ++d)
        vectors.back()[d] = centre[d] + 0.4F * vectors.back()[d];
    }
    return vectors;
  }

 private:
  // splitmix64: unlike std's distributions, the same everywhere.
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace larder

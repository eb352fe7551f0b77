// How near two vectors are, and in what form an index keeps them. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace larder {

enum class Metric : std::uint8_t {
  kCosine = 0,     // score: cosine similarity in [-1, 1], higher is nearer
  kDot = 1,        // score: inner product, higher is nearer
  kEuclidean = 2,  // score: distance, at least 0, lower is nearer
};

// What a graph compares while it walks. What is not kFloat32 is ranked again by the float32 values
// before it is returned: scores are exact, only the choice of candidates is not.
enum class Storage : std::uint8_t {
  kFloat32 = 0,  // 4 bytes a component
  kBf16 = 1,     // 2 bytes
  kInt8 = 2,     // 1 byte, a scale for each vector
};

// "cosine", "dot", "euclidean".
std::string_view MetricName(Metric metric);
// Also "dot-product", as Vectorize writes it. nullopt for any other name.
std::optional<Metric> MetricFromName(std::string_view name);
// "float32", "bf16", "int8".
std::string_view StorageName(Storage storage);
std::optional<Storage> StorageFromName(std::string_view name);

// True where a smaller score is nearer.
constexpr bool IsDistance(Metric metric) {
  return metric == Metric::kEuclidean;
}

}  // namespace larder

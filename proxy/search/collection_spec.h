// What a collection is: whose, called what, holding which vectors. Values and pure functions.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "vector/metric.h"

namespace larder {

inline constexpr std::size_t kMaxCollectionNameBytes = 128;
inline constexpr std::size_t kMaxDimensions = 65'536;
inline constexpr std::size_t kMaxMetadataIndexes = 32;

// Whose collection: a namespace (x-larder-namespace) splits the partition here too.
struct CollectionScope {
  std::string partition;
  std::string name_space;
  auto operator<=>(const CollectionScope&) const = default;
};

struct CollectionSpec {
  std::string name;            // 1 to 128 of [A-Za-z0-9_.-]
  std::size_t dimensions = 0;  // [1, 65536]
  Metric metric = Metric::kCosine;
  Storage storage = Storage::kInt8;  // usual: int8 for cosine and dot, float32 for euclidean
  std::string model;                 // embeds its texts; empty: values only; at most 256 bytes
  std::string description;           // at most 1024 bytes
  // Vectorize's list, kept and shown (every field can be filtered): name (1 to 128 bytes), type (at
  // most 16); at most 32.
  std::vector<std::pair<std::string, std::string>> metadata_indexes;
  bool operator==(const CollectionSpec&) const = default;
};

// Errors: kInvalidArgument, naming the field: "name", "dimensions", "model", "description",
// "metadata_indexes".
Status CheckSpec(const CollectionSpec& spec);

// True when both hold the same vectors: dimensions, metric, storage and model are equal.
bool HoldTheSame(const CollectionSpec& a, const CollectionSpec& b);

}  // namespace larder

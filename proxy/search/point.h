// Points: what a collection holds. Values and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vector/metadata.h"
#include "vector/metric.h"

namespace larder {

inline constexpr std::size_t kMaxPointIdBytes = 512;
inline constexpr std::size_t kMaxPointTextBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxPointNamespaceBytes = 128;
// The field of a point's metadata that holds its namespace, for filters.
inline constexpr std::string_view kNamespaceField = "$namespace";

struct NewPoint {
  std::string id;  // 1 to 512 bytes
  // As many as the collection has dimensions, finite; for cosine not all zero.
  std::vector<float> values;
  std::string text;        // shown by searches; may be empty; at most 1 MiB
  std::string metadata;    // a JSON object, or empty for none; at most 10 KiB
  std::string name_space;  // Vectorize's namespace of the vector; empty for none; at most 128 bytes
};

struct StoredPoint : NewPoint {
  std::uint64_t sequence = 0;  // of the write that stored it
};

enum class UpsertMode {
  kReplace,       // a point takes the place of an earlier one of its id
  kKeepExisting,  // of its id, the one that was first stays; within one request too
};

// What a point is found by: its metadata by dotted path, and kNamespaceField when it has one.
// Errors: kInvalidArgument; `param` begins with "metadata".
Result<Metadata> FieldsOf(std::string_view metadata_json, const std::string& name_space);

// Its fields, when the point can be stored. Errors: kInvalidArgument; `param` is within `param`
// ("points[3]"): "points[3].id", "points[3].values", "points[3].metadata.price".
Result<Metadata> CheckPoint(const NewPoint& point, std::size_t dimensions, Metric metric,
                            const std::string& param);

}  // namespace larder

// How points stand in Family::kPoints and Family::kPointValues, under the same keys;
// docs/on_disk_format.md has the grammar. Golden bytes in tests/proxy/point_record_test.cc pin it.
// Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/search/point.h"

namespace larder {

// A collection's keys stand together, ordered by the bytes of the ids.
std::string PointKey(std::uint64_t collection, std::string_view id);
// What the keys of all its points begin with.
std::string PointKeyPrefix(std::uint64_t collection);

// What a point is apart from its values and its id.
std::string EncodePoint(const NewPoint& point, std::uint64_t sequence, WallTime stored_at);
// `id` and `values` are empty. Errors: kCorruption.
Result<StoredPoint> DecodePoint(std::string_view bytes);

std::string EncodePointValues(std::span<const float> values, std::uint64_t sequence,
                              WallTime stored_at);
struct PointValues {
  std::uint64_t sequence = 0;  // as of the point's record: they were written together
  std::vector<float> values;
};
// Errors: kCorruption (also: not `dimensions` values).
Result<PointValues> DecodePointValues(std::string_view bytes, std::size_t dimensions);

}  // namespace larder

// What every index demands of a vector, and how it is brought to unit length, so that the inner
// product of two stored vectors is their cosine similarity. Pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "vector/metric.h"

namespace larder {

// Ok when `vector` has `dim` finite components, for kCosine not all zero,
// for the other metrics at most 1e18 long.
// Errors: kInvalidArgument; the message names the component, never its value.
Status CheckVector(std::span<const float> vector, std::size_t dim, Metric metric);

// `vector` divided by its length, which is computed in double: no finite vector overflows or
// vanishes. Precondition: finite, not all zero. Throws std::bad_alloc.
std::vector<float> UnitVector(std::span<const float> vector);

}  // namespace larder

// Vectors as clients write them: a JSON list of numbers. Thread-safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/json/json.h"
#include "vector/metric.h"

namespace larder {

// Errors: kInvalidArgument, `param` being `name` or one of its items ("query[3]"): no list, no
// number, beyond what float32 holds.
Result<std::vector<float>> ParseVector(JsonElement list, const std::string& name);

// Whether the vector can be compared: it has `dimensions` components (0: at least one), and where
// the metric is cosine is not all zero. Errors: kInvalidArgument with `param` = name.
Status CheckVector(const std::vector<float>& vector, std::size_t dimensions, Metric metric,
                   const std::string& name);

}  // namespace larder

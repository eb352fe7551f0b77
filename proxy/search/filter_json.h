// Filters as clients write them, in JSON. Thread-safety: pure functions.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "proxy/json/json.h"
#include "vector/filter.h"

namespace larder {

inline constexpr std::size_t kMaxFilterBytes = 64UL * 1024;    // as compact JSON
inline constexpr std::size_t kMaxVectorizeFilterBytes = 2048;  // likewise; less than that many
inline constexpr std::size_t kMaxFilterDepth = 16;             // objects within objects
inline constexpr std::size_t kMaxFilterOperands = 1000;        // values compared with, all together

// Larder's own form: {"genre": "noir", "author.name": {"$ne": "x"}, "year": {"$gte": 1940,
// "$lt": 1950}}. Operators: $eq $ne $in $nin $lt $lte $gt $gte; a bare value is $eq; several keys
// or operators are joined by AND; an object without operators is a nested one ({"author": {"name":
// ..}} is "author.name"); $and and $or take lists of filters. {} is everything; within a filter an
// object must not be empty. Ranges compare numbers or strings.
// Errors: kInvalidArgument, `param` naming the place ("filter.year.$lt").
Result<Filter> ParseFilter(JsonElement filter);

// The same, small and not empty. Source: developers.cloudflare.com, Vectorize, "Metadata
// filtering".
Result<Filter> ParseVectorizeFilter(JsonElement filter);

// OpenAI's: {"type": "eq|ne|gt|gte|lt|lte|in|nin", "key", "value"} and {"type": "and|or",
// "filters": [...]}. Errors as above ("filters.filters[1].value").
// Source: OpenAI API reference, "Search vector store".
Result<Filter> ParseOpenAiFilter(JsonElement filter);

}  // namespace larder

// The body of POST /v1/search. Thread-safety: values; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vector/filter.h"

namespace larder {

inline constexpr std::size_t kMaxTopK = 1000;
inline constexpr std::size_t kMaxEfSearch = 10'000;

struct SearchQuery {
  std::string text;           // empty when the query is a vector
  std::vector<float> vector;  // empty when the query is a text
  std::string model;          // may be empty where a collection is searched
  std::optional<std::int64_t> dimensions;
  std::size_t top_k = 10;
  std::size_t ef_search = 0;  // 0: the usual
  std::optional<double> min_score;
  bool return_vectors = false;
  bool exact = false;  // compare with every vector
  // Of a search in a collection only.
  std::string collection;              // empty: the texts embedded so far
  std::optional<Filter> filter;        // with the namespace, when one is given
  std::optional<double> max_distance;  // of a euclidean collection
};

// Errors: kInvalidArgument with the field in `param`.
Result<SearchQuery> ParseSearchQuery(std::string_view body);

// `filter` and that a point is in the namespace; neither, when both are absent.
std::optional<Filter> WithinNamespace(std::optional<Filter> filter, const std::string& name_space);

}  // namespace larder

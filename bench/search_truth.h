// The exact nearest neighbours of queries, and what they say about the data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder::bench {

struct ExactNeighbours {
  std::size_t k = 0;
  // For each query k of each, most similar first; of two equally similar ones the lower id first.
  std::vector<std::uint32_t> ids;
  std::vector<double> similarities;
};

// Compares each of `queries` rows with each of `count` rows of `dim` floats, all of unit length, by
// inner product, on `threads` threads. Computed in float32; the best k and 32 more are computed
// again in double, which decides their order. Precondition: k + 32 <= count.
ExactNeighbours FindExactNeighbours(const float* base, std::size_t count, const float* query,
                                    std::size_t queries, std::size_t dim, std::size_t k,
                                    std::size_t threads);

// The local intrinsic dimension, estimated from the distances to the 20th to k-th neighbour of each
// query. Source: Levina and Bickel, "Maximum Likelihood Estimation of Intrinsic Dimension" (2004),
// with the inverses averaged over the queries as MacKay and Ghahramani propose.
double LocalIntrinsicDimension(const ExactNeighbours& neighbours);

}  // namespace larder::bench

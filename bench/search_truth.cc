#include "bench/search_truth.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>

namespace larder::bench {
namespace {

constexpr std::size_t kMore = 32;      // candidates beyond k
constexpr std::size_t kRowBlock = 64;  // rows that stay in a core's own cache

using Lanes [[gnu::vector_size(64)]] = float;
constexpr std::size_t kLanes = 16;

[[gnu::target_clones("avx512f", "avx2", "default")]] float InnerProduct(const float* a,
                                                                        const float* b,
                                                                        std::size_t dim) {
  Lanes sums[2] = {};
  std::size_t i = 0;
  for (; i + 2 * kLanes <= dim; i += 2 * kLanes) {
    for (std::size_t part = 0; part < 2; ++part) {
      Lanes left, right;
      std::memcpy(&left, a + i + part * kLanes, sizeof(Lanes));
      std::memcpy(&right, b + i + part * kLanes, sizeof(Lanes));
      sums[part] += left * right;
    }
  }
  float sum = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) sum += sums[0][lane] + sums[1][lane];
  for (; i < dim; ++i) sum += a[i] * b[i];
  return sum;
}

double InnerProductInDouble(const float* a, const float* b, std::size_t dim) {
  double sum = 0;
  for (std::size_t i = 0; i < dim; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// Similarity and id; less is better.
template <typename T>
struct Candidate {
  T similarity;
  std::uint32_t id;
  bool operator<(const Candidate& other) const {
    return similarity != other.similarity ? similarity > other.similarity : id < other.id;
  }
};

}  // namespace

ExactNeighbours FindExactNeighbours(const float* base, std::size_t count, const float* query,
                                    std::size_t queries, std::size_t dim, std::size_t k,
                                    std::size_t threads) {
  ExactNeighbours result;
  result.k = k;
  result.ids.resize(queries * k);
  result.similarities.resize(queries * k);
  const auto search = [&](std::size_t from, std::size_t to) {
    // For each query a heap whose front is the worst that is kept.
    std::vector<std::vector<Candidate<float>>> heaps(to - from);
    for (std::size_t block = 0; block < count; block += kRowBlock) {
      const std::size_t block_end = std::min(count, block + kRowBlock);
      for (std::size_t q = from; q < to; ++q) {
        auto& heap = heaps[q - from];
        for (std::size_t row = block; row < block_end; ++row) {
          const Candidate<float> found{InnerProduct(query + q * dim, base + row * dim, dim),
                                       static_cast<std::uint32_t>(row)};
          if (heap.size() == k + kMore) {
            if (!(found < heap.front())) continue;
            std::pop_heap(heap.begin(), heap.end());
            heap.pop_back();
          }
          heap.push_back(found);
          std::push_heap(heap.begin(), heap.end());
        }
      }
    }
    for (std::size_t q = from; q < to; ++q) {
      std::vector<Candidate<double>> exact;
      for (const auto& found : heaps[q - from]) {
        exact.push_back(
            {InnerProductInDouble(query + q * dim, base + found.id * dim, dim), found.id});
      }
      std::sort(exact.begin(), exact.end());
      for (std::size_t rank = 0; rank < k; ++rank) {
        result.ids[q * k + rank] = exact[rank].id;
        result.similarities[q * k + rank] = exact[rank].similarity;
      }
    }
  };
  std::vector<std::jthread> workers;
  for (std::size_t worker = 0; worker < threads; ++worker) {
    workers.emplace_back(search, queries * worker / threads, queries * (worker + 1) / threads);
  }
  workers.clear();
  return result;
}

double LocalIntrinsicDimension(const ExactNeighbours& neighbours) {
  const std::size_t k = neighbours.k, queries = neighbours.ids.size() / k;
  double sum = 0;
  std::size_t estimates = 0;
  for (std::size_t last = 20; last <= k; ++last) {
    double inverse = 0;
    for (std::size_t q = 0; q < queries; ++q) {
      const double* similarities = &neighbours.similarities[q * k];
      const auto distance = [&](std::size_t rank) {
        return std::sqrt(std::max(1e-12, 2 - 2 * similarities[rank]));
      };
      double logs = 0;
      for (std::size_t rank = 0; rank + 1 < last; ++rank) {
        logs += std::log(distance(last - 1) / distance(rank));
      }
      inverse += logs / static_cast<double>(last - 2);
    }
    sum += static_cast<double>(queries) / inverse;
    ++estimates;
  }
  return sum / static_cast<double>(estimates);
}

}  // namespace larder::bench

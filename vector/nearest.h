// Nearest: the k smallest of the distances offered, in memory bounded by k.
// Thread-safety: none; one search owns it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "vector/hnsw_graph.h"

namespace larder {

class Nearest {
 public:
  using Hit = HnswGraph::Hit;

  // The order of every result: nearest first, of equals the one stored earlier first.
  static bool Nearer(const Hit& a, const Hit& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.slot < b.slot;
  }

  // Precondition: k >= 1. The caller bounds k by what is stored. Throws std::bad_alloc.
  explicit Nearest(std::size_t k) : k_(k) { heap_.reserve(k); }

  void Offer(const Hit& hit) {
    if (heap_.size() == k_) {
      if (!Nearer(hit, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), Nearer);
      heap_.back() = hit;
    } else {
      heap_.push_back(hit);
    }
    std::push_heap(heap_.begin(), heap_.end(), Nearer);
  }

  // What is farther can no longer get in.
  float limit() const {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().distance;
  }

  // At most k, in the order of Nearer. Leaves this empty.
  std::vector<Hit> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), Nearer);
    return std::move(heap_);
  }

 private:
  std::size_t k_;
  std::vector<Hit> heap_;  // a heap by Nearer: the farthest is in front
};

}  // namespace larder

// TopK: the k nearest of the neighbours offered, in memory bounded by k.
// Thread-safety: none; one search owns it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "vector/vector_index.h"

namespace larder {

// The order of every result: most similar first, of equals the smaller label first.
inline bool Nearer(const Neighbour& a, const Neighbour& b) {
  return a.score != b.score ? a.score > b.score : a.label < b.label;
}

// Rounding may carry the inner product of unit vectors past 1. Clamped before it is compared, so
// that the order is the order of what the caller sees.
inline float CosineOfUnit(float inner_product) {
  return std::clamp(inner_product, -1.0F, 1.0F);
}

class TopK {
 public:
  // Precondition: k >= 1. Allocates for k neighbours: the caller bounds k by what is stored.
  explicit TopK(std::size_t k) : k_(k) { heap_.reserve(k); }

  void Offer(const Neighbour& neighbour) {
    if (heap_.size() == k_) {
      if (!Nearer(neighbour, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), Nearer);
      heap_.back() = neighbour;
    } else {
      heap_.push_back(neighbour);
    }
    std::push_heap(heap_.begin(), heap_.end(), Nearer);
  }

  // At most k neighbours in the order of Nearer. Leaves this empty.
  std::vector<Neighbour> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), Nearer);
    return std::move(heap_);
  }

 private:
  std::size_t k_;
  std::vector<Neighbour> heap_;  // a heap by Nearer: the farthest is in front
};

}  // namespace larder

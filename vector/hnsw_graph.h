// HnswGraph: hnswlib's navigable graph over numbered slots. The one wrapper of hnswlib: its header
// is included by hnsw_graph.cc only. HnswIndex adds labels, removal and locks.
//
// A slot is never removed or changed: who no longer wants one does not admit it. hnswlib's own mark
// for deleted elements is left alone, because an insert whose entry point sees only marked elements
// reads an empty list there. Source: arXiv:1603.09320 (the paper's M and ef_construction).
// Thread-safety: const methods beside each other; Insert alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"

namespace larder {

class HnswGraph {
 public:
  struct Options {
    std::size_t dim = 0;                // at least 1
    std::size_t m = 16;                 // links per element and layer, twice that in layer 0; >= 2
    std::size_t ef_construction = 200;  // candidates looked at per insert; at least 1
    std::size_t capacity = 1024;        // slots before the first doubling; at least 1
  };
  struct Hit {
    std::uint32_t slot = 0;
    float inner_product = 0.0F;
  };
  struct Answer {
    std::vector<Hit> hits;  // at most ef, in no particular order
    // False when the search stopped at max_visits: nearer slots that are admitted may be missing.
    bool complete = true;
  };
  using Admits = std::function<bool(std::uint32_t slot)>;

  // Errors: kOverloaded (memory refused).
  static Result<std::unique_ptr<HnswGraph>> Create(const Options& options);
  ~HnswGraph();
  HnswGraph(const HnswGraph&) = delete;
  HnswGraph& operator=(const HnswGraph&) = delete;

  // Copies dim floats of unit length into the next slot and links it; slots count from 0. Doubles
  // the capacity when it is used up. After an error a slot may have been used in vain (see slots())
  // and the graph may be damaged(). Errors: kOverloaded (memory refused, or 2^31 - 1 slots are
  // used).
  Result<std::uint32_t> Insert(const float* unit);

  // True once an Insert failed half-way: vectors are whole, links are not. Search must not be
  // called; build another graph from VectorOf().
  bool damaged() const;

  // The nearest admitted slots among those the walk with `ef` candidates reaches; an empty `admits`
  // admits all. The fewer slots are admitted the longer the walk, until ef of them are found or
  // max_visits slots were compared. `query` is dim floats of unit length. May throw std::bad_alloc
  // and what `admits` throws. Source: arXiv:1603.09320, algorithms 2 and 5.
  Answer Search(const float* query, std::size_t ef, std::size_t max_visits,
                const Admits& admits) const;

  // Slots used so far, in vain or not.
  std::size_t slots() const;
  // dim floats, valid until the next Insert. Precondition: Insert returned `slot`.
  const float* VectorOf(std::uint32_t slot) const;

  // Counts what is stored and the tables per slot of capacity; vectors and links not yet used,
  // whose pages were never touched, are not counted.
  std::size_t memory_bytes() const;
  // The most that memory_bytes() will grow by at the next Insert, but for one insert in 65,536.
  std::size_t NextInsertBytes() const;
  // memory_bytes() of a graph of `slots` slots made with `options`, but for a few per cent.
  static std::size_t EstimateBytes(const Options& options, std::size_t slots);

 private:
  struct Impl;
  explicit HnswGraph(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder

// VectorSpace: a VectorIndex that is exact while it is small and approximate once it has grown.
//
// The Add that takes it past the crossover builds an HnswIndex from all vectors, which takes as
// long as adding them there; other writers wait for it, searches go on with the exact index until
// the graph is whole. It stays with the graph when it shrinks again. Thread-safety: as VectorIndex.
#pragma once

#include <memory>

#include "vector/exact_index.h"
#include "vector/hnsw_index.h"
#include "vector/vector_index.h"

namespace larder {

class VectorSpace : public VectorIndex {
 public:
  struct Options {
    std::size_t dim = 0;           // at least 1
    std::size_t crossover = 4000;  // the most vectors that are searched exactly
    // Of the graph. Its dim and initial_capacity are set by the space.
    HnswIndex::Options hnsw = {};
  };

  // Precondition: options.dim >= 1. Options of the graph out of range keep the space exact.
  explicit VectorSpace(const Options& options);

  std::size_t dim() const override { return options_.dim; }
  std::size_t size() const override { return Current()->size(); }
  // Not the second index while the space moves.
  std::size_t memory_bytes() const override;
  Status Add(std::uint64_t label, std::span<const float> vector) override;
  bool Remove(std::uint64_t label) override;
  bool Contains(std::uint64_t label) const override { return Current()->Contains(label); }
  Result<std::vector<Neighbour>> Search(std::span<const float> query,
                                        const SearchOptions& options) const override {
    return Current()->Search(query, options);
  }

  // Whether searches are exact: no more than `crossover` vectors were ever stored at once, or
  // memory for the graph was refused so far.
  bool exact() const LARDER_EXCLUDES(mutex_);

  // The most that memory_bytes() will grow by when `label` is added next, the move included.
  std::size_t NextAddBytes(std::uint64_t label) const LARDER_EXCLUDES(mutex_);

 private:
  std::shared_ptr<VectorIndex> Current() const LARDER_EXCLUDES(mutex_);
  HnswIndex::Options GraphOptions(std::size_t size) const;
  // A refusal leaves the exact index in place, until it has doubled.
  void MoveIfGrown() LARDER_REQUIRES(writer_);

  const Options options_;
  // Taken before mutex_ by whoever adds, removes or moves.
  Mutex writer_;
  mutable Mutex mutex_;
  std::size_t move_above_ LARDER_GUARDED_BY(mutex_);
  // Exactly one is set. Owned by the space and by calls under way: one that began before the move
  // ends on the index it began on.
  std::shared_ptr<ExactIndex> exact_ LARDER_GUARDED_BY(mutex_);
  std::shared_ptr<HnswIndex> hnsw_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

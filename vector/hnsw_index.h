// HnswIndex: a VectorIndex that walks a navigable small-world graph. Approximate: recall grows with
// M, ef_construction and ef_search, and so does the cost. Source: arXiv:1603.09320.
//
// Removed and replaced vectors stay in the graph as steps of the walk; when they are more than a
// quarter of it the graph is built anew from the others. That takes as long as adding them all and
// is done by the Add or Remove that crossed the line: other writers wait for it, searches do not.
// Thread-safety: as VectorIndex.
#pragma once

#include <memory>
#include <unordered_map>

#include "vector/fair_shared_mutex.h"
#include "vector/kernels.h"
#include "vector/vector_index.h"

namespace larder {

class HnswIndex : public VectorIndex {
 public:
  struct Options {
    std::size_t dim = 0;                  // at least 1
    std::size_t m = 16;                   // the paper's M, in [2, 1024]
    std::size_t ef_construction = 200;    // at least 1; raised to M
    std::size_t ef_search = 100;          // at least 1; SearchOptions::ef_search overrides it
    std::size_t initial_capacity = 1024;  // vectors; at least 1; doubles when used up
  };

  // Errors: kInvalidArgument (an option out of its range), kOverloaded (memory refused).
  static Result<std::unique_ptr<HnswIndex>> Create(const Options& options);
  ~HnswIndex() override;

  std::size_t dim() const override { return options_.dim; }
  std::size_t size() const override;
  // Counts removed vectors until the graph is rebuilt; not the second graph while that happens.
  std::size_t memory_bytes() const override;
  // Replacing costs as much as adding.
  Status Add(std::uint64_t label, std::span<const float> vector) override;
  bool Remove(std::uint64_t label) override;
  bool Contains(std::uint64_t label) const override;
  // Exact when ef_search reaches size() and when the walk found fewer than k: every stored vector
  // that is accepted is found, whatever share is accepted. Exact too when `accept` is so selective
  // that asking it of every label is cheaper than a walk, judged by a sample of 128 labels.
  Result<std::vector<Neighbour>> Search(std::span<const float> query,
                                        const SearchOptions& options) const override;

  // The most that memory_bytes() will grow by at the next Add.
  std::size_t NextAddBytes() const;
  // About memory_bytes() of an index of `size` vectors.
  static std::size_t EstimateBytes(const Options& options, std::size_t size);

 private:
  struct Contents;

  HnswIndex(const Options& options, std::unique_ptr<Contents> contents);
  Status AddUnit(std::uint64_t label, const std::vector<float>& unit) LARDER_REQUIRES(writer_);
  bool IsDamaged() const;
  void RebuildIfQuarterDead() LARDER_REQUIRES(writer_);
  // A graph of the live vectors in place of the old one. Errors: kOverloaded; then nothing changed.
  Status Rebuild() LARDER_REQUIRES(writer_);
  std::vector<Neighbour> SearchUnit(const std::vector<float>& query,
                                    const SearchOptions& options) const;

  const Options options_;
  const InnerProductFunction inner_product_;
  // Taken before mutex_ by whoever changes contents_: a rebuild reads them beside the searches and
  // excludes those only to exchange the pointer.
  Mutex writer_;
  mutable FairSharedMutex mutex_;
  std::unique_ptr<Contents> contents_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

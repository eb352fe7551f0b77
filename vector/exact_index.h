// ExactIndex: a VectorIndex that compares the query with every vector. Exact, no build cost, and
// memory is the vectors themselves; a search costs size() * dim() multiplications.
// Thread-safety: as VectorIndex.
#pragma once

#include <unordered_map>

#include "vector/fair_shared_mutex.h"
#include "vector/kernels.h"
#include "vector/vector_index.h"

namespace larder {

class ExactIndex : public VectorIndex {
 public:
  // Precondition: dim >= 1.
  explicit ExactIndex(std::size_t dim);

  std::size_t dim() const override { return dim_; }
  std::size_t size() const override;
  // Counts what is stored; memory reserved for growth and not yet touched is not counted.
  std::size_t memory_bytes() const override;
  Status Add(std::uint64_t label, std::span<const float> vector) override;
  bool Remove(std::uint64_t label) override;
  bool Contains(std::uint64_t label) const override;
  // `ef_search` has no meaning here. `accept` is asked before a vector is compared.
  Result<std::vector<Neighbour>> Search(std::span<const float> query,
                                        const SearchOptions& options) const override;

  // Bytes that memory_bytes() grows by for each label stored.
  static std::size_t BytesPerVector(std::size_t dim);

  // Calls `visit` for each label with its vector at unit length (a view, valid during the call), in
  // no particular order, until it answers an error, which is returned. Searches run beside it; an
  // Add or Remove waits for its end, and `visit` must not call this index.
  Status ForEach(
      const std::function<Status(std::uint64_t label, std::span<const float> unit)>& visit) const;

 private:
  Status AddUnit(std::uint64_t label, const std::vector<float>& unit);
  std::vector<Neighbour> Scan(const std::vector<float>& query, const SearchOptions& options) const;

  const std::size_t dim_;
  const InnerProductFunction inner_product_;
  mutable FairSharedMutex mutex_;
  // Row r is rows_[r * dim_, (r + 1) * dim_) and belongs to labels_[r]; no row is unused.
  std::vector<float> rows_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> labels_ LARDER_GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, std::size_t> row_of_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

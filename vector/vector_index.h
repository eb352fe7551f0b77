// VectorIndex: nearest neighbours in one space of fixed dimension. Seam: ExactIndex (scan) and
// HnswIndex (hnswlib); tests/vector/vector_index_contract_test.cc states what both must do.
//
// Labels are the caller's 64-bit names. Similarity is cosine: vectors are stored at unit length,
// and scores are cosine similarities in [-1, 1]. Thread-safety: every method may be called from any
// thread. Searches run beside each other; an Add or Remove may hold them up for the time of one
// insert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace larder {

struct Neighbour {
  std::uint64_t label = 0;
  float score = 0.0F;  // cosine similarity in [-1, 1]; higher is nearer
};

struct SearchOptions {
  std::size_t k = 10;         // at least 1
  std::size_t ef_search = 0;  // candidates looked at; 0 = the index's default; raised to k
  // When set, only labels for which it returns true are returned. Called under the index's lock,
  // from the searching thread only: it must be quick and must not call the index.
  std::function<bool(std::uint64_t label)> accept = {};
};

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  // Number of components of every vector; at least 1.
  virtual std::size_t dim() const = 0;
  // Labels stored and not removed.
  virtual std::size_t size() const = 0;
  // Bytes of memory held for vectors and graph, within 10 %.
  virtual std::size_t memory_bytes() const = 0;

  // Stores `vector` under `label`, replacing an earlier one. `vector` has dim() finite components,
  // not all zero; it need not be normalised. Errors: kInvalidArgument (wrong size, not finite,
  // zero), kOverloaded (memory refused).
  virtual Status Add(std::uint64_t label, std::span<const float> vector) = 0;
  // Forgets `label`; false when it was not stored.
  virtual bool Remove(std::uint64_t label) = 0;
  virtual bool Contains(std::uint64_t label) const = 0;

  // At most k neighbours, most similar first (ties: smaller label first); fewer if fewer are stored
  // or accepted. `query` obeys the same rules as a vector for Add. Errors: kInvalidArgument.
  virtual Result<std::vector<Neighbour>> Search(std::span<const float> query,
                                                const SearchOptions& options) const = 0;
};

}  // namespace larder

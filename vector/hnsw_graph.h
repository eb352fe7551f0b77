// HnswGraph: coded rows by slot, and hnswlib's navigable graph over the first of them. VectorSpace
// adds ids, removal, exact scores and growth.
//
// Slots count from 0. Append() adds a row, which can be compared with but is not yet reached by
// walks; LinkNext() links the oldest such. A slot is never changed or removed: who no longer wants
// one does not admit it. Source: arXiv:1603.09320, algorithms 1, 2, 4 and 5.
//
// Thread-safety: one thread appends, one links, any number reads, all beside each other and without
// a lock. A list of neighbours is read word by word: a mixture of its old and its new state names
// whole slots too, and a walk over those is a walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "vector/row_codec.h"

namespace larder {

class HnswGraph {
 public:
  struct Options {
    std::size_t m = 16;                 // links per slot and layer, twice that in layer 0; >= 2
    std::size_t ef_construction = 200;  // candidates looked at per slot linked; at least 1
  };
  struct Hit {
    float distance = 0.0F;  // as RowCodec::Distance
    std::uint32_t slot = 0;
  };
  struct Answer {
    std::vector<Hit> hits;  // at most ef, nearest first
    // False when the walk stopped at max_visits: nearer slots that are admitted may be missing.
    bool complete = true;
  };

  // For slots [0, capacity). Address space is taken for all of them, memory as they are used.
  // Errors: kOverloaded (memory refused, or a capacity beyond 2^30).
  static Result<std::unique_ptr<HnswGraph>> Create(const RowCodec& codec, const Options& options,
                                                   std::size_t capacity);
  // A copy with room for `capacity` slots, at least size(). Nobody appends or links meanwhile.
  Result<std::unique_ptr<HnswGraph>> Grown(std::size_t capacity) const;
  ~HnswGraph();
  HnswGraph(const HnswGraph&) = delete;
  HnswGraph& operator=(const HnswGraph&) = delete;

  const RowCodec& codec() const;
  std::size_t capacity() const;
  std::size_t size() const;    // rows
  std::size_t linked() const;  // of those, how many walks reach

  // Codes codec().dim() values into row size(). Precondition: size() < capacity().
  void Append(const float* vector);
  // Precondition: linked() < size(). Errors: kOverloaded (memory refused); then the slot is not
  // linked, or is reached by fewer walks than it might be.
  Status LinkNext();

  // codec().row_bytes(). Precondition: slot < size().
  const void* RowOf(std::uint32_t slot) const;
  // As RowCodec::Distance.
  float DistanceTo(const void* query, std::uint32_t slot) const;

  // Asks the processor for the row of `slot`, which will soon be compared.
  void Prefetch(std::uint32_t slot) const;

  // The nearest admitted of the linked slots among those the walk with `ef` candidates reaches.
  // `query` is a coded row. `admitted`: one bit a slot, read word by word, that may change
  // meanwhile; nullptr admits all. The fewer are admitted the longer the walk, until ef of them are
  // found or max_visits slots were compared. Only slots below `bound` are looked at; bound is at
  // most linked(). Throws std::bad_alloc.
  Answer Search(const void* query, std::size_t ef, std::size_t bound,
                const std::uint64_t* admitted = nullptr,
                std::size_t max_visits = static_cast<std::size_t>(-1)) const;

  // Counts what is stored, not address space.
  std::size_t memory_bytes() const;
  // What memory_bytes() is of a graph of `slots` slots, but for a few per cent.
  static std::size_t EstimateBytes(const RowCodec& codec, const Options& options,
                                   std::size_t slots);

  // Writes what Load() needs for the first `size` rows, in several calls. Nobody links meanwhile.
  void Save(std::size_t size,
            const std::function<void(const void* bytes, std::size_t count)>& write) const;
  // `read` fills `bytes` or answers false. Every link is checked, the rows' values are not.
  // Errors: kCorruption (an end too early, links that lead nowhere), kOverloaded.
  static Result<std::unique_ptr<HnswGraph>> Load(
      const RowCodec& codec, const Options& options, std::size_t capacity, std::size_t size,
      const std::function<bool(void* bytes, std::size_t count)>& read);

 private:
  struct Impl;
  explicit HnswGraph(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder

// SpaceSet: vector spaces by name, under one bound on their memory.
//
// A name is an opaque string of the caller's making (say partition, model and dimension); names are
// not read here. Thread-safety: every method may be called from any thread. Spaces do not wait for
// each other; within one, an Add waits for the Add before it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "vector/vector_space.h"

namespace larder {

using SpaceKey = std::string;

struct SpaceInfo {
  SpaceKey name;
  std::size_t dim = 0;
  std::size_t size = 0;  // vectors
  std::size_t memory_bytes = 0;
};

class SpaceSet {
 public:
  struct Options {
    std::size_t memory_bytes = std::size_t{1} << 30;  // of all spaces together
    std::size_t crossover = 4000;                     // as VectorSpace::Options
    HnswIndex::Options hnsw = {};                     // as VectorSpace::Options
  };

  explicit SpaceSet(const Options& options) : options_(options) {}
  SpaceSet(const SpaceSet&) = delete;
  SpaceSet& operator=(const SpaceSet&) = delete;

  // Stores `vector` under `label`, replacing an earlier one; creates the space on first use.
  // Errors: kInvalidArgument (dim is 0 or not the space's; as VectorIndex::Add); kOverloaded: the
  // spaces together would exceed Options::memory_bytes, or memory was refused. After an error the
  // space is as it was (an earlier vector of this label stays) and was not created; kOverloaded is
  // counted by refused().
  Status Add(const SpaceKey& space, std::size_t dim, std::uint64_t label,
             std::span<const float> vector);

  // As VectorIndex::Search. Empty when there is no such space, whatever the query.
  Result<std::vector<Neighbour>> Search(const SpaceKey& space, std::span<const float> query,
                                        const SearchOptions& options) const;

  // False when there is no such space or label. The space stays when its last label goes.
  bool Remove(const SpaceKey& space, std::uint64_t label);

  // False when there is no such space. Waits for an Add to it that is under way; one that begins
  // later creates the space anew.
  bool DropSpace(const SpaceKey& space);

  // To read one space by itself; nullptr when there is none. Owned by the set and the caller: it
  // stays readable after DropSpace, but nobody writes to it any more.
  std::shared_ptr<const VectorIndex> Find(const SpaceKey& space) const;

  // Every space, ordered by name. Figures of different spaces may be of different moments.
  std::vector<SpaceInfo> List() const;

  // Spaces; the vectors in all of them; their memory as VectorIndex::memory_bytes counts it, with
  // what Adds under way have reserved. Each is one atomic load or one short lock.
  std::size_t space_count() const;
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  std::size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }
  // Adds answered with kOverloaded since construction.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Space;
  using SpacePointer = std::shared_ptr<Space>;

  SpacePointer FindSpace(const SpaceKey& name) const LARDER_EXCLUDES(mutex_);
  // The space of this name, made when absent.
  SpacePointer FindOrMakeSpace(const SpaceKey& name, std::size_t dim) LARDER_EXCLUDES(mutex_);
  // nullopt when the space was dropped before it could be locked: look the name up again.
  std::optional<Status> AddTo(const SpacePointer& space, std::size_t dim, std::uint64_t label,
                              std::span<const float> vector) LARDER_EXCLUDES(mutex_);
  // Adds `bytes` to memory_bytes_ unless that would exceed the bound.
  bool Reserve(std::size_t bytes);
  // Takes `space` out of the table unless another has its name by now.
  void Forget(const SpacePointer& space) LARDER_EXCLUDES(mutex_);

  const Options options_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> memory_bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
  mutable Mutex mutex_;
  std::unordered_map<SpaceKey, SpacePointer> spaces_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

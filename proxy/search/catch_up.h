// Bringing points of an index to what the store holds. Thread-safety: pure functions; nobody else
// changes these points of the index meanwhile.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cache/store.h"
#include "vector/vector_space.h"

namespace larder {

struct CaughtUp {
  std::size_t indexed = 0;
  std::vector<std::string> refused;     // no memory or room for these: not in the index
  std::vector<std::string> unreadable;  // their records are damaged: not in the index
};

// Each of `ids` is afterwards in `space` as it is stored, or not in it. `collection` is its number.
// Errors: kIo, kCorruption: the store could not be read, and some may be as before.
Result<CaughtUp> CatchUp(const Store& store, std::uint64_t collection,
                         std::span<const std::string> ids, VectorSpace& space);

}  // namespace larder

// IdTable: the ids of slots, both ways. Ids are byte strings; a slot's id never changes, an id
// belongs to the newest slot that was given it, until it is forgotten.
// Thread-safety: const methods beside each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class IdTable {
 public:
  static constexpr std::size_t kMostIdBytes = 65'535;

  // Gives the next slot (they count from 0) the id; returns the slot that had it, if one had.
  // Strong guarantee. Throws std::bad_alloc. Precondition: at most kMostIdBytes.
  std::optional<std::uint32_t> Append(std::string_view id);
  // The same for a slot that is forgotten from the start: nothing leads to it.
  void AppendForgotten(std::string_view id);
  // No slot has this id any more; returns the one that had it.
  std::optional<std::uint32_t> Forget(std::string_view id);
  std::optional<std::uint32_t> Find(std::string_view id) const;
  // Valid until the next Append. Precondition: slot < slots().
  std::string_view IdOf(std::uint32_t slot) const;

  std::size_t slots() const { return ends_.size(); }
  std::size_t memory_bytes() const;
  // What memory_bytes() grows by when an id of so many bytes is appended: mostly 0, then much.
  std::size_t AppendBytes(std::size_t id_bytes) const;
  // What an id of so many bytes adds, on average.
  static std::size_t EstimateBytes(std::size_t id_bytes) {
    return id_bytes + sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t kEmpty = ~std::uint32_t{0};
  static constexpr std::uint32_t kForgotten = kEmpty - 1;

  // How many buckets there have to be for one more id.
  std::size_t BucketsForOneMore() const;
  std::size_t EndsForOneMore() const;
  void AddName(std::string_view id);
  void ReserveBucket();
  // Where the slot of `id` stands, or the empty bucket that ends the search.
  std::size_t BucketOf(std::string_view id) const;

  std::string bytes_;                // ids one after another
  std::vector<std::uint64_t> ends_;  // by slot: where its id ends in bytes_
  // Open addressing, linear probing, a power of two; at most 3/4 are not empty.
  std::vector<std::uint32_t> buckets_;
  std::size_t used_ = 0;  // buckets that are not empty
  std::size_t live_ = 0;  // of those, with a slot
};

}  // namespace larder

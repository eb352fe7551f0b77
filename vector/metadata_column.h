// MetadataColumn: one field of the metadata of many slots: for each slot the number of its cell in
// a dictionary of the distinct cells. A cell is what a slot has there: one value, or a list.
//
// The slots of a column that few slots have are a short list; of others, chunks of 1024 slots.
// Thread-safety: const methods beside each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "vector/filter.h"
#include "vector/metadata.h"
#include "vector/slot_bitmap.h"

namespace larder {

class MetadataColumn {
 public:
  static constexpr std::uint32_t kNoCell = 0;

  MetadataColumn();
  MetadataColumn(const MetadataColumn&) = delete;
  MetadataColumn& operator=(const MetadataColumn&) = delete;

  // The number of the cell with these values (at least one, none NaN), added when it is new.
  // Strong guarantee. Throws std::bad_alloc.
  std::uint32_t Intern(std::span<const MetadataValue> values);
  // Makes room, so that Put cannot fail for `slot`. As above.
  void Prepare(std::uint32_t slot);
  // What a slot has; kNoCell: nothing. A cell goes only to a slot that was prepared.
  void Put(std::uint32_t slot, std::uint32_t cell) noexcept;

  std::uint32_t CellOf(std::uint32_t slot) const;
  std::span<const MetadataValue> ValuesOf(std::uint32_t cell) const;  // empty for kNoCell

  // Sets in `out` the slots with a value that satisfies the comparison, which is not negated.
  void Match(Filter::Op op, const std::vector<MetadataValue>& operands, SlotBitmap& out) const;

  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kFew = 64;
  static constexpr std::size_t kChunk = 1024;
  using Chunk = std::array<std::uint32_t, kChunk>;
  struct Entry {
    std::uint32_t slot;
    std::uint32_t cell;
  };

  using Values = std::span<const MetadataValue>;
  struct Hash {
    using is_transparent = void;
    const MetadataColumn* column;
    std::size_t operator()(std::uint32_t cell) const { return (*this)(column->ValuesOf(cell)); }
    std::size_t operator()(Values values) const;
  };
  struct Equal {
    using is_transparent = void;
    const MetadataColumn* column;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::uint32_t cell, Values values) const;
    bool operator()(Values values, std::uint32_t cell) const { return (*this)(cell, values); }
  };

  // For each cell whether it satisfies the comparison, 0 or 1.
  std::vector<std::uint8_t> Satisfying(Filter::Op op,
                                       const std::vector<MetadataValue>& operands) const;
  void UseChunks();

  std::vector<MetadataValue> values_;  // of all cells, one after another
  std::vector<std::uint32_t> begins_;  // of cell n: [begins_[n], begins_[n + 1]); cell 0 is empty
  std::vector<std::uint32_t> lists_;   // cells with more than one value
  std::unordered_set<std::uint32_t, Hash, Equal> cells_;
  std::size_t text_bytes_ = 0;  // of strings that have memory of their own

  bool chunked_ = false;
  std::vector<Entry> few_;  // ascending by slot; while not chunked_
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t chunk_count_ = 0;
};

}  // namespace larder

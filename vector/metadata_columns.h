// MetadataColumns: the metadata of many slots, by field, so that a filter is answered for all of
// them at once. A column holds for each slot the number of its value in a dictionary of the
// distinct values of that field; a comparison is made once a distinct value.
//
// Slots without the field cost nothing where 1024 of them in a row have none. Values that no slot
// has any more stay in the dictionary until the columns are made anew. Thread-safety: const methods
// beside each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "vector/filter.h"
#include "vector/metadata.h"
#include "vector/slot_bitmap.h"

namespace larder {

class MetadataColumn;

class MetadataColumns {
 public:
  MetadataColumns();
  ~MetadataColumns();
  MetadataColumns(const MetadataColumns&) = delete;
  MetadataColumns& operator=(const MetadataColumns&) = delete;

  // Sets the metadata of `slot`, in place of what it had. NaN is no value. Strong guarantee. Throws
  // std::bad_alloc.
  void Set(std::uint32_t slot, const Metadata& metadata);
  Metadata Get(std::uint32_t slot) const;  // in no particular order; empty for an unknown slot

  // Which of the slots [0, slots) match; a slot that was never set has no field.
  // Cost: for each comparison the distinct values of its field, then about 0.5 ns a slot.
  SlotBitmap Matching(const Filter& filter, std::size_t slots) const;

  std::size_t memory_bytes() const;  // within 20 %

 private:
  std::unordered_map<std::string, std::unique_ptr<MetadataColumn>> columns_;
  std::vector<bool> was_set_;  // by slot: it has, or had, a field
};

}  // namespace larder

// What a collection writes into the snapshot of its index: up to which write it holds everything,
// and whose it is. Pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/sha256.h"
#include "proxy/search/collection_record.h"

namespace larder {

// A tag of 24 bits, made from the collection's id and time of creation, above 40 bits of sequence.
inline std::uint64_t SnapshotTag(const CollectionRecord& record) {
  std::string identity;
  ByteWriter writer(identity);
  writer.Fixed(record.id);
  writer.Fixed(ToUnixMillis(record.created));
  const Digest digest = Sha256Of(identity);
  return std::uint64_t{digest[0]} << 56 | std::uint64_t{digest[1]} << 48 |
         std::uint64_t{digest[2]} << 40;
}

inline constexpr std::uint64_t kSnapshotSequenceMask = (std::uint64_t{1} << 40) - 1;

inline std::uint64_t SnapshotMark(const CollectionRecord& record, std::uint64_t sequence) {
  return SnapshotTag(record) | (sequence & kSnapshotSequenceMask);
}
// nullopt when it is the mark of another collection.
inline std::optional<std::uint64_t> SequenceOfMark(const CollectionRecord& record,
                                                   std::uint64_t mark) {
  if ((mark & ~kSnapshotSequenceMask) != SnapshotTag(record)) return std::nullopt;
  return mark & kSnapshotSequenceMask;
}

}  // namespace larder

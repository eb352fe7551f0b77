// How collections stand in Family::kCollections; docs/on_disk_format.md has the grammar. Golden
// bytes in tests/proxy/collection_record_test.cc pin it. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/search/collection_spec.h"

namespace larder {

struct CollectionRecord {
  std::uint64_t id = 0;  // names its points; never used again
  CollectionScope scope;
  CollectionSpec spec;
  WallTime created;
  WallTime modified;           // of the last write
  std::uint64_t sequence = 0;  // of the last write; 0: none yet
  std::uint64_t points = 0;    // after it
};

std::string CollectionKey(const CollectionScope& scope, std::string_view name);
std::string EncodeCollection(const CollectionRecord& record);
// Errors: kCorruption (also: it does not belong to this key).
Result<CollectionRecord> DecodeCollection(std::string_view key, std::string_view bytes);

// Under what the id of a dropped collection stands until all its points are gone.
std::string DroppedKey(std::uint64_t id);
// Under what the id stands that the next collection gets.
std::string NextIdKey();
std::string EncodeCollectionId(std::uint64_t id);
// Errors: kCorruption.
Result<std::uint64_t> DecodeCollectionId(std::string_view bytes);

enum class CollectionKeyKind { kCollection, kDropped, kNextId, kUnknown };
CollectionKeyKind KindOfKey(std::string_view key);

}  // namespace larder

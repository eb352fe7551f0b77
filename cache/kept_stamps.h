// When what two tiers hold under some keys was stored. Thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cache/memory_tier.h"
#include "cache/record.h"
#include "cache/store.h"

namespace larder {

// One a key, in order, fresh or not; nullopt where there is nothing. What the memory tier has goes
// first: its write may still wait. Errors: kIo, kCorruption.
template <typename Entry>
Result<std::vector<std::optional<RecordStamp>>> KeptStamps(const Store& store, Family family,
                                                           MemoryTier<Entry>& memory,
                                                           std::span<const CacheKey> keys) {
  std::vector<std::string_view> wanted;
  wanted.reserve(keys.size());
  for (const CacheKey& key : keys) wanted.push_back(AsBytes(key));
  LARDER_ASSIGN_OR_RETURN(const auto values, store.MultiGet(family, wanted));
  std::vector<std::optional<RecordStamp>> stamps(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i]) stamps[i] = PeekStamp(*values[i]);
    if (const auto held = memory.Find(keys[i]); held != nullptr) stamps[i] = held->stamp;
  }
  return stamps;
}

}  // namespace larder

// NearTable: finds, among requests that were stored lately, one that differs from another in a
// single field. A stored request is remembered under what is left of it without each of its fields;
// bounded, the oldest of a full bucket makes room. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "cache/key.h"
#include "proxy/insight/request_shape.h"

namespace larder {

class NearTable {
 public:
  // A remembered request takes about 48 bytes for each of its fields.
  explicit NearTable(std::size_t bytes);

  void Remember(const RequestShape& shape, const CacheKey& key);

  // Forgets the requests for whose keys `gone` is true. Cost: a look at every slot.
  void Forget(const std::function<bool(const CacheKey&)>& gone);

  struct Near {
    std::string field;  // what differs
    CacheKey key;       // of the request that is stored
    // Content that differs in case, white space or digits alone.
    bool normalised = false;
  };
  // The first that is found; nullopt when there is none, or it was forgotten. `key` is not near
  // itself.
  std::optional<Near> Find(const RequestShape& shape, const CacheKey& key) const;

  static constexpr std::size_t kMaxNames = 256;  // of fields; further ones are "other"

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kWays = 8;
  struct Slot {
    std::uint64_t mark = 0;  // 0: free
    CacheKey key{};
    std::uint16_t name = 0;
  };
  struct Shard {
    mutable Mutex mutex;
    std::vector<Slot> slots LARDER_GUARDED_BY(mutex);  // made when the first one is remembered
  };

  std::uint16_t NameOf(std::string_view field);
  std::string NameAt(std::uint16_t name) const;
  void Put(std::uint64_t mark, const CacheKey& key, std::uint16_t name);
  std::optional<Slot> At(std::uint64_t mark, const CacheKey& but) const;

  const std::size_t slots_per_shard_;  // a multiple of kWays
  std::array<Shard, kShards> shards_;
  mutable Mutex names_mutex_;
  std::vector<std::string> names_ LARDER_GUARDED_BY(names_mutex_);
};

}  // namespace larder

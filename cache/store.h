// Store: the persistent tier, a map of bytes in a few column families. Seam: MemoryStore, which has
// every family, and RocksDbStore, which has those of one Database;
// tests/cache/store_contract_test.cc states what both must do, FaultyStore (tests/support) fails on
// demand. It knows no record format and no lifetime.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larder {

enum class Family : std::uint8_t {
  kEmbeddings,   // CacheKey -> kEmbedding record (the vector)
  kInputs,       // CacheKey -> kInput record (text and where it belongs), the same keys
  kResponses,    // CacheKey -> kResponse record
  kHistory,      // big-endian minute -> kRollup record
  kResponseIds,  // DeriveResponseIdKey -> kResponseId record: the CacheKey of the answer
  kCollections,  // collections, dropped ones and the next id; docs/on_disk_format.md has the keys
  kPoints,       // collection id, point id -> kPoint record
  kPointValues,  // the same keys -> kPointValues record
  kClientKeys,   // "key_..." -> kClientKey record
  kCounters,     // what callers used of their limits and budgets
  kTokens,       // access tokens of upstreams, sealed
  kSessions,     // logins of the dashboard: SHA-256 of the cookie -> record
};
inline constexpr std::array kCacheFamilies = {Family::kEmbeddings, Family::kInputs,
                                              Family::kResponses, Family::kHistory,
                                              Family::kResponseIds};
inline constexpr std::array kDataFamilies = {
    Family::kCollections, Family::kPoints, Family::kPointValues, Family::kClientKeys,
    Family::kCounters,    Family::kTokens, Family::kSessions};
inline constexpr std::size_t kFamilyCount = kCacheFamilies.size() + kDataFamilies.size();
// Lower-case name, also the column family's name on disk.
std::string_view FamilyName(Family family);

// The two databases; on disk each has a directory of its own.
enum class Database : std::uint8_t {
  kCache,  // what upstream would answer again: begun anew when in doubt
  kData,   // what nobody else has: durable once it is acknowledged, never replaced
};
std::span<const Family> FamiliesOf(Database database);

// Writes that take effect together or not at all.
class WriteBatch {
 public:
  struct Operation {
    Family family;
    std::string key;
    std::optional<std::string> value;  // nullopt: delete
  };

  void Put(Family family, std::string_view key, std::string value) {
    operations_.push_back({family, std::string(key), std::move(value)});
  }
  void Delete(Family family, std::string_view key) {
    operations_.push_back({family, std::string(key), std::nullopt});
  }
  const std::vector<Operation>& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }

 private:
  std::vector<Operation> operations_;
};

// Thread-safety: every method may be called from any thread.
class Store {
 public:
  virtual ~Store() = default;

  // One entry a key, in order; nullopt where absent.
  // Errors: kIo, kCorruption.
  virtual Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const = 0;

  // The same when it can be told without waiting for the medium; nullopt when it cannot, or when
  // reading fails.
  virtual std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family /*family*/, std::span<const std::string_view> /*keys*/) const {
    return std::nullopt;
  }

  // Errors: kIo; then nothing of the batch is there.
  virtual Status Apply(const WriteBatch& batch) = 0;
  // The same with a batch that is not needed any more.
  virtual Status ApplyOwned(WriteBatch batch) { return Apply(batch); }
  // Several, in order, as one: all or none.
  virtual Status ApplyTogether(std::span<const WriteBatch* const> batches);

  // Removes every pair that the family had when it was called; what is written meanwhile may go
  // with them. Here by scanning and deleting, some hundreds at a time; an error then leaves the
  // rest. Errors: kIo, kCorruption.
  virtual Status Clear(Family family);

  // Calls `visit` with every pair of the family from `start` on, in key order, as of one moment,
  // until it returns false. The views live for the call. Errors: kIo, kCorruption.
  virtual Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;

  // Entries (estimated) and bytes on the medium; zero when it cannot tell.
  struct Size {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };
  virtual Size SizeOf(Family family) const = 0;
  // Bytes on the medium for each byte of keys and values, as written last; 1 when it cannot tell.
  virtual double Density(Family /*family*/) const { return 1; }

  enum class Rewrite {
    kDeleted,  // files with something deleted in their range
    kAll,      // every file: what has expired leaves it, too
  };
  // Rewrites what stands in [begin, end), an empty `end` being no end, so that what was deleted
  // leaves the medium. Cost: reads and writes the files; others may read and write meanwhile.
  // Errors: kIo.
  virtual Status Compact(Family /*family*/, std::string_view /*begin*/, std::string_view /*end*/,
                         Rewrite /*what*/) {
    return {};
  }

  // Makes everything applied so far durable. Errors: kIo.
  virtual Status Flush() = 0;
  // The same, at the cost of one sync.
  virtual Status Sync() { return Flush(); }
  // Returns once nothing is on the medium any more of what deletes, replacing writes and Compact
  // have made needless; but for what a ForEach under way still reads. Errors: kIo.
  virtual Status RemoveObsolete() { return {}; }
};

}  // namespace larder

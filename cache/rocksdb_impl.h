// What a RocksDbStore holds. Only cache/rocksdb_*.cc include it.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <filesystem>

#include "cache/acknowledged_sequence.h"
#include "cache/rocksdb_options.h"

namespace larder {

struct RocksDbStore::Impl {
  // How much may be written between two looks at the free space.
  static constexpr std::uint64_t kBytesPerSpaceCheck = 4U << 20;

  Database database = Database::kCache;
  std::filesystem::path directory;
  std::string read_only;  // why it takes no writes; empty: it does
  std::uint64_t min_free_bytes = 0;
  // Written since the last look at the free space; starts full, so that the first write looks.
  std::atomic<std::uint64_t> unchecked_bytes{kBytesPerSpaceCheck};
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::unique_ptr<AcknowledgedSequence> acknowledged;  // of kData
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> handles{};  // nullptr: of the other one

  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles[static_cast<std::size_t>(family)];
  }
  std::vector<rocksdb::ColumnFamilyHandle*> AllHandles() const {
    std::vector<rocksdb::ColumnFamilyHandle*> all;
    for (const Family family : FamiliesOf(database)) all.push_back(Handle(family));
    return all;
  }
  // "cannot read the cache database"
  std::string Cannot(std::string_view verb) const {
    return "cannot " + std::string(verb) + " " + std::string(DatabaseName(database));
  }
  Error IoError(const rocksdb::Status& status, std::string_view verb) const {
    return StoreError(ErrorCode::kIo, Cannot(verb) + ": " + status.ToString());
  }
  // False while the disk is nearly full.
  bool HasRoomFor(std::uint64_t bytes) {
    if ((unchecked_bytes += bytes) < kBytesPerSpaceCheck) return true;
    std::error_code failed;
    const auto space = std::filesystem::space(directory, failed);
    if (!failed && space.available < min_free_bytes) return false;
    unchecked_bytes = 0;
    return true;
  }
};

}  // namespace larder

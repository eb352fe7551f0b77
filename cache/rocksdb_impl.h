// What a RocksDbStore holds. Only cache/rocksdb_*.cc include it.
#pragma once

#include <rocksdb/db.h>
#include <sys/stat.h>

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
  ErrorCode read_only_code = ErrorCode::kCorruption;
  mutable std::atomic<bool> damaged{false};                          // a reader met a damaged block
  std::shared_ptr<FileGuard> guard = std::make_shared<FileGuard>();  // its files have it, too
  std::unique_ptr<rocksdb::Env> env = NewGuardedEnv(guard);
  ino_t lock_file = 0;  // of the directory as it was opened
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
  // What a failed write is answered with, that of another process's doing included.
  Error Stopped(std::string_view verb) const {
    return StoreError(ErrorCode::kIo, Cannot(verb) + ": " + guard->reason());
  }
  ino_t LockFile() const {
    struct stat found {};
    return ::stat((directory / "LOCK").c_str(), &found) == 0 ? found.st_ino : 0;
  }
  // Trips the guard once the files are not those that were opened: removed, moved away or on
  // another disk now. What is written to them would be found by nobody.
  void CheckStillThere() const {
    if (!read_only.empty() || lock_file == 0 || guard->tripped()) return;
    if (LockFile() != lock_file) guard->Trip("the files in " + directory.string() + " are gone");
  }
  Error NoRoom() const {
    return StoreError(ErrorCode::kIo, "the disk of " + std::string(DatabaseName(database)) +
                                          " is nearly full: make room on it, at least " +
                                          std::to_string(min_free_bytes >> 20) + " MiB");
  }
  bool IsNearlyFull() const {
    std::error_code failed;
    const auto space = std::filesystem::space(directory, failed);
    return !failed && space.available < min_free_bytes;
  }
  // False while the disk is nearly full.
  bool HasRoomFor(std::uint64_t bytes) {
    if ((unchecked_bytes += bytes) < kBytesPerSpaceCheck) return true;
    if (IsNearlyFull()) return false;
    unchecked_bytes = 0;
    return true;
  }
};

}  // namespace larder

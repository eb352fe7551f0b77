// How RocksDB is set up for each database. Only cache/rocksdb_*.cc include it.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "cache/rocksdb_file_guard.h"
#include "cache/rocksdb_store.h"

namespace larder {

// "the cache database", "the collections database": as messages call it.
std::string_view DatabaseName(Database database);

// Its presence says that a block of the database in `directory` was found damaged: RocksDB refuses
// every write once a compaction meets such a block, after each restart anew.
void MarkDamaged(const std::filesystem::path& directory);
bool IsMarkedDamaged(const std::filesystem::path& directory);

// `env` is a guarded one of `guard`, and outlives the database.
rocksdb::DBOptions MakeDbOptions(const RocksDbOptions& options, rocksdb::Env& env,
                                 const std::shared_ptr<FileGuard>& guard);

// The default family, which stays empty, then those of the database. `clock` outlives the database.
std::vector<rocksdb::ColumnFamilyDescriptor> MakeFamilies(
    const RocksDbOptions& options, const std::shared_ptr<rocksdb::Cache>& block_cache,
    const Clock& clock);

}  // namespace larder

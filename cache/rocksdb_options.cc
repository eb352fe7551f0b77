#include "cache/rocksdb_options.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <fstream>

#include "cache/record.h"

namespace larder {
namespace {

constexpr std::string_view kDamageMarker = "DAMAGED";
constexpr std::uint64_t kCompactionBytes = 512U << 20;

// Sees the damage that only flushes and compactions meet, and what else ends writing. What follows
// from a tripped guard is neither.
class ErrorListener final : public rocksdb::EventListener {
 public:
  ErrorListener(std::filesystem::path directory, std::shared_ptr<FileGuard> guard)
      : directory_(std::move(directory)), guard_(std::move(guard)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* error) override {
    if (guard_->tripped()) return;
    if (error->IsCorruption()) MarkDamaged(directory_);
    if (error->severity() >= rocksdb::Status::Severity::kHardError) {
      guard_->Trip(error->ToString());
    }
  }

 private:
  const std::filesystem::path directory_;
  const std::shared_ptr<FileGuard> guard_;  // the store's too
};

// Drops records that can no longer answer, not even as stale; keeps what has no stamp. `now` is
// fixed when the compaction starts.
class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  ExpiryFilter(WallTime now, std::chrono::seconds keep) : now_(now), keep_(keep) {}
  bool Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    const auto stamp = PeekStamp({value.data(), value.size()});
    return stamp && now_ - keep_ - stamp->lifetime > stamp->stored_at;
  }
  const char* Name() const override { return "larder.expiry"; }

 private:
  WallTime now_;
  std::chrono::seconds keep_;
};

class ExpiryFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  ExpiryFilterFactory(const Clock& clock, std::chrono::seconds keep) : clock_(clock), keep_(keep) {}
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<ExpiryFilter>(clock_.Now(), keep_);
  }
  const char* Name() const override { return "larder.expiry"; }

 private:
  const Clock& clock_;
  std::chrono::seconds keep_;
};

void SetExpiry(rocksdb::ColumnFamilyOptions& options, Family family,
               const std::shared_ptr<rocksdb::CompactionFilterFactory>& filter) {
  options.compaction_filter_factory = filter;
  // Each rewrites every file that is older, to drop what expired: as often as the lifetimes ask
  // for.
  const bool short_lived = family == Family::kResponses || family == Family::kResponseIds;
  options.periodic_compaction_seconds = (short_lived ? 1UL : 7UL) * 24 * 3600;
}

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 16UL * 1024;
  table.format_version = 5;
  return table;
}

}  // namespace

std::string_view DatabaseName(Database database) {
  return database == Database::kCache ? "the cache database" : "the collections database";
}

void MarkDamaged(const std::filesystem::path& directory) {
  std::ofstream(directory / kDamageMarker)
      << "A block of this database is damaged. A cache is moved aside at the next start;\n"
         "collections are then served for reading alone, as long as this file is here.\n";
}

bool IsMarkedDamaged(const std::filesystem::path& directory) {
  std::error_code failed;
  return std::filesystem::exists(directory / kDamageMarker, failed);
}

rocksdb::DBOptions MakeDbOptions(const RocksDbOptions& options, rocksdb::Env& env,
                                 const std::shared_ptr<FileGuard>& guard) {
  rocksdb::DBOptions db_options;
  db_options.env = &env;
  db_options.create_if_missing = true;
  db_options.create_missing_column_families = true;
  db_options.db_write_buffer_size = options.write_buffer_bytes;
  db_options.max_total_wal_size = options.write_buffer_bytes;
  db_options.max_background_jobs = 2;
  db_options.max_open_files = 256;
  db_options.keep_log_file_num = 2;
  db_options.max_log_file_size = 4UL << 20;
  db_options.bytes_per_sync = 1UL << 20;
  // It reads blocks of every table without looking at their checksums; an assert meets the damage.
  db_options.skip_stats_update_on_db_open = true;
  db_options.listeners.push_back(std::make_shared<ErrorListener>(options.path, guard));
  if (options.database == Database::kData) {
    db_options.paranoid_checks = true;
    // An incomplete record at the end of the log is what a killed process was writing, and nobody
    // was told that it is stored; kAbsoluteConsistency would call that damage (1 of 60 kills).
    // A last write whose pages a power cut left in part is told by torn_log.h. Every other damage
    // of the log is refused, and AcknowledgedSequence sees what is missing.
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    db_options.track_and_verify_wals_in_manifest = true;
  }
  return db_options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> MakeFamilies(
    const RocksDbOptions& options, const std::shared_ptr<rocksdb::Cache>& block_cache,
    const Clock& clock) {
  const auto table = TableOptions(block_cache);
  const auto filter = std::make_shared<ExpiryFilterFactory>(clock, options.keep_past_lifetime);
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}};
  for (const Family family : FamiliesOf(options.database)) {
    rocksdb::ColumnFamilyOptions family_options;
    family_options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    family_options.level_compaction_dynamic_level_bytes = true;
    // Most look-ups of a cache are for what it has not: they need not search the memtable.
    family_options.memtable_whole_key_filtering = true;
    family_options.memtable_prefix_bloom_size_ratio = 0.02;
    if (options.database == Database::kCache) {
      // Bounds what a compaction needs of the disk for its time: it may be nearly full.
      family_options.max_compaction_bytes = kCompactionBytes;
      SetExpiry(family_options, family, filter);
    } else {
      family_options.paranoid_file_checks = true;  // each file is read again before it counts
    }
    // Float32 vectors gain 1.33x from zstd for 8.6 us each: stored raw. Text and JSON shrink well.
    const bool vectors = family == Family::kEmbeddings || family == Family::kPointValues;
    family_options.compression = vectors ? rocksdb::kNoCompression : rocksdb::kZSTD;
    families.emplace_back(std::string(FamilyName(family)), family_options);
  }
  return families;
}

}  // namespace larder

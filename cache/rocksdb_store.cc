#include "cache/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "cache/record.h"

namespace larder {
namespace {

// Its presence says that a block of this database was found damaged. RocksDB refuses every write
// once a compaction meets such a block, after each restart anew, so the next start moves the
// database aside.
constexpr std::string_view kDamageMarker = "DAMAGED";
// How much may be written between two looks at the free space.
constexpr std::uint64_t kBytesPerSpaceCheck = 4U << 20;

Error IoError(const rocksdb::Status& status, const char* doing) {
  return StoreError(ErrorCode::kIo, std::string(doing) + ": " + status.ToString());
}

Error OpenError(const rocksdb::Status& status) {
  // A path that is not found is a file the database names and does not have.
  const bool damaged = status.IsCorruption() || status.IsNotSupported() ||
                       status.IsInvalidArgument() || status.IsPathNotFound();
  return StoreError(damaged ? ErrorCode::kCorruption : ErrorCode::kIo,
                    "cannot open the cache database: " + status.ToString());
}

void MarkDamaged(const std::filesystem::path& directory) {
  std::ofstream(directory / kDamageMarker)
      << "A block of this database is damaged; the next start moves it aside.\n";
}

// True when there are tables or logs without the file that says which belong together: RocksDB
// would begin a new database among them. A database at work always has it, whoever holds the lock.
bool LacksCurrent(const std::filesystem::path& directory) {
  std::error_code failed;
  if (std::filesystem::exists(directory / "CURRENT", failed)) return false;
  for (std::filesystem::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    const auto extension = it->path().extension();
    if (extension == ".sst" || extension == ".log") return true;
  }
  return false;
}

// Sees the damage that only flushes and compactions meet.
class DamageListener final : public rocksdb::EventListener {
 public:
  explicit DamageListener(std::filesystem::path directory) : directory_(std::move(directory)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* error) override {
    if (error->IsCorruption()) MarkDamaged(directory_);
  }

 private:
  const std::filesystem::path directory_;
};

std::string_view View(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// Drops records that can no longer answer, not even as stale; keeps what has no stamp. `now` is
// fixed when the compaction starts.
class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  ExpiryFilter(WallTime now, std::chrono::seconds keep) : now_(now), keep_(keep) {}
  bool Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    const auto stamp = PeekStamp(View(value));
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

rocksdb::ColumnFamilyOptions FamilyOptions(
    Family family, const rocksdb::BlockBasedTableOptions& table,
    const std::shared_ptr<rocksdb::CompactionFilterFactory>& filter) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compaction_filter_factory = filter;
  options.level_compaction_dynamic_level_bytes = true;
  // Most look-ups of a cache are for what it has not: they need not search the memtable.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  // Each rewrites every file that is older, to drop what expired: as often as the lifetimes ask
  // for.
  const bool short_lived = family == Family::kResponses || family == Family::kResponseIds;
  options.periodic_compaction_seconds = (short_lived ? 1UL : 7UL) * 24 * 3600;
  // Float32 vectors gain 1.33x from zstd for 8.6 us each: stored raw. Text and JSON shrink well.
  options.compression = family == Family::kEmbeddings ? rocksdb::kNoCompression : rocksdb::kZSTD;
  return options;
}

}  // namespace

struct RocksDbStore::Impl {
  std::filesystem::path directory;
  std::uint64_t min_free_bytes = 0;
  // Written since the last look at the free space; starts full, so that the first write looks.
  std::atomic<std::uint64_t> unchecked_bytes{kBytesPerSpaceCheck};
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kAllFamilies.size()> handles{};

  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles[static_cast<std::size_t>(family)];
  }
  Error ReadError(const rocksdb::Status& status, const char* doing) const {
    if (!status.IsCorruption()) return IoError(status, doing);
    MarkDamaged(directory);
    return StoreError(ErrorCode::kCorruption, std::string(doing) + ": " + status.ToString());
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

RocksDbStore::RocksDbStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksDbStore::~RocksDbStore() {
  for (auto* handle : impl_->handles) (void)impl_->db->DestroyColumnFamilyHandle(handle);
  (void)impl_->db->Close();
}

Result<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(const RocksDbOptions& options,
                                                         const Clock& clock) {
  std::error_code failed;
  if (std::filesystem::create_directories(options.path, failed)) {
    std::error_code ignored;  // a file system without permissions keeps a cache as well
    std::filesystem::permissions(options.path, std::filesystem::perms::owner_all, ignored);
  }
  if (failed) {
    return StoreError(ErrorCode::kIo,
                      "cannot create the directory " + options.path + ": " + failed.message());
  }
  if (LacksCurrent(options.path)) {
    return StoreError(ErrorCode::kCorruption,
                      "cannot open the cache database: the file CURRENT is missing");
  }
  auto impl = std::make_unique<Impl>();
  impl->directory = options.path;
  impl->min_free_bytes = options.min_free_bytes;
  // LRUCache: HyperClockCache of this version spins when its metadata outgrows its capacity.
  impl->block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = impl->block_cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 16UL * 1024;
  table.format_version = 5;

  rocksdb::DBOptions db_options;
  db_options.create_if_missing = true;
  db_options.create_missing_column_families = true;
  db_options.db_write_buffer_size = options.write_buffer_bytes;
  db_options.max_total_wal_size = options.write_buffer_bytes;
  db_options.max_background_jobs = 2;
  db_options.max_open_files = 256;
  db_options.keep_log_file_num = 2;
  db_options.max_log_file_size = 4UL << 20;
  db_options.bytes_per_sync = 1UL << 20;
  db_options.listeners.push_back(std::make_shared<DamageListener>(impl->directory));

  const auto filter = std::make_shared<ExpiryFilterFactory>(clock, options.keep_past_lifetime);
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}};
  for (const Family family : kAllFamilies) {
    families.emplace_back(std::string(FamilyName(family)), FamilyOptions(family, table, filter));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(db_options, options.path, families, &handles, &db);
  if (!status.ok()) return OpenError(status);
  impl->db.reset(db);
  (void)db->DestroyColumnFamilyHandle(handles[0]);
  std::copy(handles.begin() + 1, handles.end(), impl->handles.begin());
  std::unique_ptr<RocksDbStore> store(new RocksDbStore(std::move(impl)));
  // Looked at only now, under the database's lock: another process may be at work in the directory.
  if (std::filesystem::exists(store->impl_->directory / kDamageMarker, failed)) {
    return StoreError(ErrorCode::kCorruption,
                      "cannot open the cache database: an earlier run found a damaged block");
  }
  return store;
}

Result<RocksDbStore::Opened> RocksDbStore::OpenOrReplace(const RocksDbOptions& options,
                                                         const Clock& clock) {
  auto opened = Open(options, clock);
  if (opened.ok()) return Opened{std::move(opened).value(), {}};
  if (opened.error().code != ErrorCode::kCorruption) return opened.error();
  std::string base = options.path;
  while (base.size() > 1 && base.ends_with('/')) base.pop_back();
  std::string aside;
  std::error_code failed;
  for (int attempt = 0; aside.empty() || std::filesystem::exists(aside, failed); ++attempt) {
    aside = base + ".damaged-" + std::to_string(ToUnixMillis(clock.Now()) + attempt);
  }
  std::filesystem::rename(options.path, aside, failed);
  if (failed) {
    return StoreError(ErrorCode::kIo, "the cache database is damaged (" + opened.error().message +
                                          ") and cannot be moved to " + aside + ": " +
                                          failed.message());
  }
  LARDER_ASSIGN_OR_RETURN(auto fresh, Open(options, clock));
  return Opened{std::move(fresh), aside};
}

Result<std::vector<std::optional<std::string>>> RocksDbStore::MultiGet(
    Family family, std::span<const std::string_view> keys) const {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> pinned(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  impl_->db->MultiGet(rocksdb::ReadOptions(), impl_->Handle(family), keys.size(), slices.data(),
                      pinned.data(), statuses.data());
  std::vector<std::optional<std::string>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      values[i] = pinned[i].ToString();
    } else if (!statuses[i].IsNotFound()) {
      return impl_->ReadError(statuses[i], "cannot read the cache database");
    }
  }
  return values;
}

std::optional<std::vector<std::optional<std::string>>> RocksDbStore::TryMultiGet(
    Family family, std::span<const std::string_view> keys) const {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kBlockCacheTier;
  std::vector<std::optional<std::string>> values(keys.size());
  rocksdb::PinnableSlice pinned;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    pinned.Reset();
    const auto status = impl_->db->Get(options, impl_->Handle(family), keys[i], &pinned);
    if (status.ok()) {
      values[i].emplace(pinned.data(), pinned.size());
    } else if (!status.IsNotFound()) {
      return std::nullopt;
    }
  }
  return values;
}

Status RocksDbStore::Apply(const WriteBatch& batch) {
  const WriteBatch* const one = &batch;
  return ApplyTogether({&one, 1});
}

Status RocksDbStore::ApplyTogether(std::span<const WriteBatch* const> batches) {
  std::size_t bytes = 0;
  for (const WriteBatch* batch : batches) {
    for (const auto& operation : batch->operations()) {
      bytes += operation.key.size() + (operation.value ? operation.value->size() : 0) + 16;
    }
  }
  rocksdb::WriteBatch writes(bytes + 64);
  bool only_deletes = true;
  for (const WriteBatch* batch : batches) {
    for (const auto& operation : batch->operations()) {
      only_deletes = only_deletes && !operation.value;
      const auto status =
          operation.value
              ? writes.Put(impl_->Handle(operation.family), operation.key, *operation.value)
              : writes.Delete(impl_->Handle(operation.family), operation.key);
      if (!status.ok()) return IoError(status, "cannot gather writes");
    }
  }
  if (!only_deletes && !impl_->HasRoomFor(writes.GetDataSize())) {
    return StoreError(ErrorCode::kIo,
                      "the disk of the cache database is nearly full: make room on it, at least " +
                          std::to_string(impl_->min_free_bytes >> 20) + " MiB");
  }
  const auto status = impl_->db->Write(rocksdb::WriteOptions(), &writes);
  if (!status.ok()) return IoError(status, "cannot write the cache database");
  return {};
}

Status RocksDbStore::ForEach(
    Family family, std::string_view start,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(
      impl_->db->NewIterator(options, impl_->Handle(family)));
  for (it->Seek(rocksdb::Slice(start.data(), start.size())); it->Valid(); it->Next()) {
    if (!visit(View(it->key()), View(it->value()))) return {};
  }
  if (!it->status().ok()) return impl_->ReadError(it->status(), "cannot scan the cache database");
  return {};
}

Store::Size RocksDbStore::SizeOf(Family family) const {
  const auto property = [&](const std::string& name) {
    std::uint64_t value = 0;
    impl_->db->GetIntProperty(impl_->Handle(family), name, &value);
    return value;
  };
  return Size{property(rocksdb::DB::Properties::kEstimateNumKeys),
              property(rocksdb::DB::Properties::kTotalSstFilesSize) +
                  property(rocksdb::DB::Properties::kCurSizeAllMemTables)};
}

Status RocksDbStore::Flush() {
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(impl_->handles.begin(),
                                                          impl_->handles.end());
  const auto status = impl_->db->Flush(rocksdb::FlushOptions(), handles);
  if (!status.ok()) return IoError(status, "cannot flush the cache database");
  return {};
}

Status RocksDbStore::CompactAll() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (auto* handle : impl_->handles) {
    const auto status = impl_->db->CompactRange(options, handle, nullptr, nullptr);
    if (!status.ok()) return IoError(status, "cannot compact the cache database");
  }
  return {};
}

std::uint64_t RocksDbStore::MemoryBytes() const {
  std::uint64_t sum = impl_->block_cache->GetUsage();
  for (auto* handle : impl_->handles) {
    for (const auto& property : {rocksdb::DB::Properties::kSizeAllMemTables,
                                 rocksdb::DB::Properties::kEstimateTableReadersMem}) {
      std::uint64_t value = 0;
      impl_->db->GetIntProperty(handle, property, &value);
      sum += value;
    }
  }
  return sum;
}

}  // namespace larder

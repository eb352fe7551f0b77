#include "cache/rocksdb_store.h"

#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

#include "cache/rocksdb_impl.h"

namespace larder {
namespace {

// A batch that deletes and puts no more than this makes room: it is written to a nearly full disk.
constexpr std::uint64_t kSmallPuts = 8U << 10;

std::string_view View(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// A damaged block of data ends writing at once: the database is opened again, for reading.
Error ReadError(const RocksDbStore::Impl& impl, const rocksdb::Status& status,
                std::string_view verb) {
  if (!status.IsCorruption()) return impl.IoError(status, verb);
  if (impl.read_only.empty() && !impl.damaged) {
    if (impl.guard->tripped()) return impl.Stopped(verb);  // it reads what was never written
    MarkDamaged(impl.directory);
    impl.damaged = true;
    if (impl.database == Database::kData) impl.guard->Trip(status.ToString());
  }
  return StoreError(ErrorCode::kCorruption, impl.Cannot(verb) + ": " + status.ToString());
}

}  // namespace

RocksDbStore::RocksDbStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksDbStore::~RocksDbStore() {
  for (auto* handle : impl_->AllHandles()) (void)impl_->db->DestroyColumnFamilyHandle(handle);
  (void)impl_->db->Close();
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
      return ReadError(*impl_, statuses[i], "read");
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
  Impl& impl = *impl_;
  if (!impl.read_only.empty()) return StoreError(impl.read_only_code, impl.read_only);
  if (impl.guard->tripped()) return impl.Stopped("write");
  std::size_t bytes = 0;
  for (const WriteBatch* batch : batches) {
    for (const auto& operation : batch->operations()) {
      bytes += operation.key.size() + (operation.value ? operation.value->size() : 0) + 16;
    }
  }
  rocksdb::WriteBatch writes(bytes + 64);
  bool deletes = false;
  std::size_t put_bytes = 0;
  for (const WriteBatch* batch : batches) {
    for (const auto& operation : batch->operations()) {
      deletes = deletes || !operation.value;
      put_bytes += operation.value ? operation.key.size() + operation.value->size() : 0;
      const auto status =
          operation.value
              ? writes.Put(impl.Handle(operation.family), operation.key, *operation.value)
              : writes.Delete(impl.Handle(operation.family), operation.key);
      if (!status.ok()) return impl.IoError(status, "gather writes for");
    }
  }
  const bool makes_room = deletes && put_bytes <= kSmallPuts;
  if (!makes_room && !impl.HasRoomFor(writes.GetDataSize())) return impl.NoRoom();
  rocksdb::WriteOptions write_options;
  write_options.sync = impl.database == Database::kData;
  const auto status = impl.db->Write(write_options, &writes);
  if (impl.database == Database::kData) impl.CheckStillThere();
  if (!status.ok()) impl.guard->Trip(status.ToString());
  if (impl.guard->tripped()) return impl.Stopped("write");
  // Whatever has a number by now is synced: every write of this database is.
  if (impl.acknowledged) impl.acknowledged->Raise(impl.db->GetLatestSequenceNumber());
  return {};
}

Status RocksDbStore::Clear(Family family) {
  Impl& impl = *impl_;
  if (!impl.read_only.empty()) return StoreError(impl.read_only_code, impl.read_only);
  if (impl.guard->tripped()) return impl.Stopped("clear");
  rocksdb::ColumnFamilyHandle* const handle = impl.Handle(family);
  std::string end;
  {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> last(impl.db->NewIterator(options, handle));
    last->SeekToLast();
    if (!last->status().ok()) return ReadError(impl, last->status(), "scan");
    if (!last->Valid()) return {};
    end = last->key().ToString() + '\0';  // the range ends before it
  }
  rocksdb::WriteOptions write_options;
  write_options.sync = impl.database == Database::kData;
  auto status = impl.db->DeleteRange(write_options, handle, rocksdb::Slice(), end);
  if (!status.ok()) impl.guard->Trip(status.ToString());
  if (impl.guard->tripped()) return impl.Stopped("clear");
  if (impl.acknowledged) impl.acknowledged->Raise(impl.db->GetLatestSequenceNumber());
  if (impl.database == Database::kData) return {};
  // Gives the room back now; whatever this leaves goes with the next compactions.
  const rocksdb::RangePtr all(nullptr, nullptr);
  status = rocksdb::DeleteFilesInRanges(impl.db.get(), handle, &all, 1);
  if (!status.ok()) return impl.IoError(status, "clear");
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
  if (!it->status().ok()) return ReadError(*impl_, it->status(), "scan");
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

double RocksDbStore::Density(Family family) const {
  rocksdb::TablePropertiesCollection tables;
  if (!impl_->db->GetPropertiesOfAllTables(impl_->Handle(family), &tables).ok()) return 1;
  double raw = 0;
  double stored = 0;
  for (const auto& [name, table] : tables) {
    raw += static_cast<double>(table->raw_key_size + table->raw_value_size);
    stored += static_cast<double>(table->data_size + table->index_size + table->filter_size);
  }
  return raw > 0 ? stored / raw : 1;
}

Status RocksDbStore::Compact(Family family, std::string_view begin, std::string_view end,
                             Rewrite what) {
  if (!impl_->read_only.empty()) return {};
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  // What is deleted reaches the last level, and goes, by the way down to it.
  options.bottommost_level_compaction = what == Rewrite::kAll
                                            ? rocksdb::BottommostLevelCompaction::kForceOptimized
                                            : rocksdb::BottommostLevelCompaction::kSkip;
  const rocksdb::Slice from(begin.data(), begin.size());
  const rocksdb::Slice to(end.data(), end.size());
  const auto status = impl_->db->CompactRange(
      options, impl_->Handle(family), begin.empty() ? nullptr : &from, end.empty() ? nullptr : &to);
  if (impl_->guard->tripped()) return impl_->Stopped("compact");
  if (!status.ok()) return ReadError(*impl_, status, "compact");
  return {};
}

Status RocksDbStore::Flush() {
  if (!impl_->read_only.empty()) return {};
  if (impl_->guard->tripped()) return impl_->Stopped("flush");
  const auto status = impl_->db->Flush(rocksdb::FlushOptions(), impl_->AllHandles());
  if (impl_->guard->tripped()) return impl_->Stopped("flush");
  if (!status.ok()) return impl_->IoError(status, "flush");
  return {};
}

Status RocksDbStore::Sync() {
  if (!impl_->read_only.empty()) return {};
  if (impl_->guard->tripped()) return impl_->Stopped("sync");
  const auto status = impl_->db->SyncWAL();
  if (impl_->guard->tripped()) return impl_->Stopped("sync");
  if (!status.ok()) return impl_->IoError(status, "sync");
  return {};
}

Status RocksDbStore::RemoveObsolete() {
  if (!impl_->read_only.empty()) return {};
  // Files are deleted by threads in the background; turning that off and on again looks for all
  // that is left, and listing the logs waits for those that are at it.
  if (impl_->guard->tripped()) return impl_->Stopped("remove old files of");
  auto status = impl_->db->DisableFileDeletions();
  if (status.ok()) status = impl_->db->EnableFileDeletions(/*force=*/false);
  rocksdb::VectorLogPtr logs;
  if (status.ok()) status = impl_->db->GetSortedWalFiles(logs);
  if (!status.ok()) return impl_->IoError(status, "remove old files of");
  return {};
}

std::pair<RocksDbStore::Condition, std::string> RocksDbStore::condition() const {
  impl_->CheckStillThere();
  if (impl_->guard->tripped()) return {Condition::kFailed, impl_->Stopped("write").message};
  if (impl_->read_only.empty() && impl_->IsNearlyFull()) {
    impl_->unchecked_bytes = Impl::kBytesPerSpaceCheck;  // the next write looks, too
    return {Condition::kNoRoom, impl_->NoRoom().message};
  }
  return {Condition::kFine, {}};
}

std::uint64_t RocksDbStore::sequence() const {
  return impl_->acknowledged ? impl_->acknowledged->highest() : 0;
}

Status RocksDbStore::CompactAll() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (auto* handle : impl_->AllHandles()) {
    const auto status = impl_->db->CompactRange(options, handle, nullptr, nullptr);
    if (!status.ok()) return impl_->IoError(status, "compact");
  }
  return {};
}

std::uint64_t RocksDbStore::MemoryBytes() const {
  std::uint64_t sum = impl_->block_cache->GetUsage();
  for (auto* handle : impl_->AllHandles()) {
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

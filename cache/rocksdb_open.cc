// Opening a database: whole, in place of a damaged one, or for reading what is left.
#include <filesystem>

#include "base/directory.h"
#include "cache/rocksdb_impl.h"
#include "cache/torn_log.h"

namespace larder {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAcknowledged = "ACKNOWLEDGED";

Error CannotOpen(Database database, ErrorCode code, const std::string& why) {
  return StoreError(code, "cannot open " + std::string(DatabaseName(database)) + ": " + why);
}

Error OpenError(Database database, const rocksdb::Status& status) {
  // A path that is not found is a file the database names and does not have.
  const bool damaged = status.IsCorruption() || status.IsNotSupported() ||
                       status.IsInvalidArgument() || status.IsPathNotFound();
  return CannotOpen(database, damaged ? ErrorCode::kCorruption : ErrorCode::kIo, status.ToString());
}

// True when there are tables or logs without the file that says which belong together: RocksDB
// would begin a new database among them. A database at work always has it, whoever holds the lock.
bool LacksCurrent(const fs::path& directory) {
  std::error_code failed;
  if (fs::exists(directory / "CURRENT", failed)) return false;
  for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    const auto extension = it->path().extension();
    if (extension == ".sst" || extension == ".log") return true;
  }
  return false;
}

// Opens `families`, for reading alone if so told, and gives their handles to `impl`.
rocksdb::Status OpenDb(RocksDbStore::Impl& impl, rocksdb::DBOptions options,
                       const std::vector<rocksdb::ColumnFamilyDescriptor>& families, bool reading) {
  const std::string path = impl.directory.string();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status = reading ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db)
                              : rocksdb::DB::Open(options, path, families, &handles, &db);
  if (!status.ok()) return status;
  impl.db.reset(db);
  (void)db->DestroyColumnFamilyHandle(handles[0]);
  std::size_t next = 1;
  for (const Family family : FamiliesOf(impl.database)) {
    impl.handles[static_cast<std::size_t>(family)] = handles[next++];
  }
  return status;
}

// Ok unless the directory holds the other database.
Status CheckKind(const RocksDbOptions& options, const rocksdb::DBOptions& db_options) {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(db_options, options.path, &names).ok()) return {};
  const Database other = options.database == Database::kCache ? Database::kData : Database::kCache;
  for (const Family family : FamiliesOf(other)) {
    if (std::find(names.begin(), names.end(), FamilyName(family)) == names.end()) continue;
    return CannotOpen(options.database, ErrorCode::kIo,
                      options.path + " holds " + std::string(DatabaseName(other)) +
                          "; give each a directory of its own");
  }
  return {};
}

}  // namespace

std::unique_ptr<RocksDbStore::Impl> RocksDbStore::NewImpl(const RocksDbOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->database = options.database;
  impl->directory = options.path;
  impl->min_free_bytes = options.min_free_bytes;
  // LRUCache: HyperClockCache of this version spins when its metadata outgrows its capacity.
  impl->block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  return impl;
}

Result<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(const RocksDbOptions& options,
                                                         const Clock& clock) {
  const Database database = options.database;
  std::error_code failed;
  if (options.known_sequence > 0 && !fs::exists(fs::path(options.path) / "CURRENT", failed)) {
    return CannotOpen(database, ErrorCode::kIo, "the files in " + options.path + " are gone");
  }
  if (fs::create_directories(options.path, failed)) {
    std::error_code ignored;  // a file system without permissions keeps a cache as well
    fs::permissions(options.path, fs::perms::owner_all, ignored);
  }
  if (failed) {
    return StoreError(ErrorCode::kIo,
                      "cannot create the directory " + options.path + ": " + failed.message());
  }
  if (LacksCurrent(options.path)) {
    return CannotOpen(database, ErrorCode::kCorruption, "the file CURRENT is missing");
  }
  auto impl = NewImpl(options);
  const auto guard = impl->guard;
  auto db_options = MakeDbOptions(options, *impl->env, guard);
  const auto families = MakeFamilies(options, impl->block_cache, clock);
  LARDER_RETURN_IF_ERROR(CheckKind(options, db_options));
  if (database == Database::kData) {
    LARDER_ASSIGN_OR_RETURN(const bool torn, CheckNothingIsMissing(options, clock));
    if (torn) db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    impl->acknowledged =
        std::make_unique<AcknowledgedSequence>(impl->directory / std::string(kAcknowledged));
  }
  const auto status = OpenDb(*impl, db_options, families, false);
  impl->lock_file = impl->LockFile();
  std::unique_ptr<RocksDbStore> store;
  if (status.ok()) store.reset(new RocksDbStore(std::move(impl)));
  // Whatever RocksDB made of it follows from what could not be written.
  if (guard->tripped()) return CannotOpen(database, ErrorCode::kIo, guard->reason());
  if (!status.ok()) return OpenError(database, status);
  // RocksDB sees to the names in its directory, not to its own.
  if (database == Database::kData) {
    LARDER_RETURN_IF_ERROR(SyncDirectory(DirectoryOf(options.path)));
  }
  // Looked at only now, under the database's lock: another process may be at work in the directory.
  if (IsMarkedDamaged(options.path)) {
    return CannotOpen(database, ErrorCode::kCorruption, "an earlier run found a damaged block");
  }
  return store;
}

// Before it is opened for writing, which would remove what a damaged MANIFEST no longer names.
Result<bool> RocksDbStore::CheckNothingIsMissing(const RocksDbOptions& options,
                                                 const Clock& clock) {
  const fs::path directory = options.path;
  std::error_code failed;
  auto acknowledged = AcknowledgedSequence::Read(directory / std::string(kAcknowledged));
  if (options.known_sequence > acknowledged.value_or(0)) acknowledged = options.known_sequence;
  if (!fs::exists(directory / "CURRENT", failed)) {
    if (acknowledged.value_or(0) == 0) return false;
    return CannotOpen(options.database, ErrorCode::kCorruption, "its files are missing");
  }
  const auto impl = NewImpl(options);
  auto db_options = MakeDbOptions(options, *impl->env, impl->guard);
  const auto families = MakeFamilies(options, impl->block_cache, clock);
  auto status = OpenDb(*impl, db_options, families, true);
  const bool torn = status.IsCorruption() && EndsInTornWrite(directory);
  if (torn) {
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = OpenDb(*impl, db_options, families, true);
  }
  // A family that this version is the first to have is made by opening.
  if (status.IsInvalidArgument()) return false;
  if (!status.ok()) return OpenError(options.database, status);
  const std::uint64_t found = impl->db->GetLatestSequenceNumber();
  for (auto* handle : impl->AllHandles()) (void)impl->db->DestroyColumnFamilyHandle(handle);
  if (!acknowledged || found >= *acknowledged) return torn;
  return CannotOpen(options.database, ErrorCode::kCorruption,
                    std::to_string(*acknowledged - found) +
                        " acknowledged changes are missing at its end; to go on without them, "
                        "remove the file " +
                        std::string(kAcknowledged) + " in its directory");
}

Result<std::unique_ptr<RocksDbStore>> RocksDbStore::OpenForReading(const RocksDbOptions& options,
                                                                   const Clock& clock,
                                                                   std::string reason,
                                                                   ErrorCode code) {
  auto impl = NewImpl(options);
  impl->read_only = std::move(reason);
  impl->read_only_code = code;
  auto db_options = MakeDbOptions(options, *impl->env, impl->guard);
  LARDER_RETURN_IF_ERROR(CheckKind(options, db_options));
  db_options.create_if_missing = false;
  db_options.paranoid_checks = false;
  db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  const auto status =
      OpenDb(*impl, db_options, MakeFamilies(options, impl->block_cache, clock), true);
  if (!status.ok()) return OpenError(options.database, status);
  return std::unique_ptr<RocksDbStore>(new RocksDbStore(std::move(impl)));
}

Result<RocksDbStore::Opened> RocksDbStore::OpenOrReplace(const RocksDbOptions& options,
                                                         const Clock& clock) {
  auto opened = Open(options, clock);
  if (opened.ok()) return Opened{std::move(opened).value(), {}};
  if (opened.error().code != ErrorCode::kCorruption || options.database == Database::kData) {
    return opened.error();
  }
  std::string base = options.path;
  while (base.size() > 1 && base.ends_with('/')) base.pop_back();
  std::string aside;
  std::error_code failed;
  for (int attempt = 0; aside.empty() || fs::exists(aside, failed); ++attempt) {
    aside = base + ".damaged-" + std::to_string(ToUnixMillis(clock.Now()) + attempt);
  }
  fs::rename(options.path, aside, failed);
  if (failed) {
    return StoreError(ErrorCode::kIo, "the cache database is damaged (" + opened.error().message +
                                          ") and cannot be moved to " + aside + ": " +
                                          failed.message());
  }
  LARDER_ASSIGN_OR_RETURN(auto fresh, Open(options, clock));
  return Opened{std::move(fresh), aside};
}

Result<RocksDbStore::OpenedData> RocksDbStore::OpenOrReadOnly(const RocksDbOptions& options,
                                                              const Clock& clock) {
  auto opened = Open(options, clock);
  if (opened.ok()) return OpenedData{std::move(opened).value(), {}};
  if (opened.error().code != ErrorCode::kCorruption) return opened.error();
  const std::string damage =
      std::string(DatabaseName(options.database)) + " is damaged: " + opened.error().message;
  auto reading = OpenForReading(options, clock, damage);
  if (!reading.ok()) return StoreError(ErrorCode::kCorruption, damage);
  return OpenedData{std::move(reading).value(), damage};
}

}  // namespace larder

// The Store on disk: one RocksDB with a column family per Family of its Database.
//
// kCache: writes go to the log without sync: a killed process loses nothing, a power cut may lose
// the tail, and nothing is ever torn. Expired records are dropped by a compaction filter to reclaim
// space; whether a record may answer is decided on read, by its stamp.
//
// kData: a write is synced before Apply returns, and no record expires. A database that lacks
// anything it acknowledged, or has a damaged log, is damaged: it is never changed, moved or
// replaced, only opened for reading. What was being written when the process was killed, or the
// power went, is no damage.
// Thread-safe.
#pragma once

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "cache/store.h"

namespace larder {

struct RocksDbOptions {
  std::string path;                                // created when missing, parents too
  std::size_t block_cache_bytes = 64U << 20;       // blocks, indexes and filters in memory
  std::size_t write_buffer_bytes = 64U << 20;      // all unflushed writes together
  std::chrono::seconds keep_past_lifetime{86400};  // expired records stay this long (stale answers)
  // Writes are refused while the disk has less room: this RocksDB may abort on a full one.
  std::uint64_t min_free_bytes = 256U << 20;
  Database database = Database::kCache;
  // Of kData: how far it is known to have acknowledged its writes; one that has less is damaged,
  // one that is not there at all is kIo.
  std::uint64_t known_sequence = 0;
};

class RocksDbStore final : public Store {
 public:
  // Opens or creates the database. `clock` outlives the store.
  // A new directory is open to its owner alone: it holds prompts.
  // Cost of kData: what is in the logs is read twice.
  // Errors: kCorruption (the files are not a whole database, or an earlier run met a damaged
  // block), kIo (permissions, locked, full, or the directory holds the other Database).
  static Result<std::unique_ptr<RocksDbStore>> Open(const RocksDbOptions& options,
                                                    const Clock& clock);

  struct Opened {
    std::unique_ptr<RocksDbStore> store;
    // Where a damaged database was moved to make room for a new one; empty when the old one opened.
    std::string moved_aside_to;
  };
  // As Open, but a damaged database is moved aside (never deleted) and an empty one takes its
  // place. A log that was cut or altered, and a MANIFEST cut between two edits, open without what
  // they lost. Errors: kIo. Of kData: as Open.
  static Result<Opened> OpenOrReplace(const RocksDbOptions& options, const Clock& clock);

  struct OpenedData {
    std::unique_ptr<RocksDbStore> store;
    // "the collections database is damaged: ..." when it can only be read: writes then fail with
    // kCorruption and this message. Empty when it is whole.
    std::string damage;
  };
  // As Open, but of a damaged database what can be read is opened for reading; the files stay as
  // they are. Errors: kCorruption (nothing can be read; the message is as `damage`), kIo.
  static Result<OpenedData> OpenOrReadOnly(const RocksDbOptions& options, const Clock& clock);

  // What is there, for reading alone; nothing on the disk changes. Writes then fail with `code` and
  // `reason`. Errors: kCorruption (nothing can be read), kIo.
  static Result<std::unique_ptr<RocksDbStore>> OpenForReading(
      const RocksDbOptions& options, const Clock& clock, std::string reason,
      ErrorCode code = ErrorCode::kCorruption);

  ~RocksDbStore() override;

  enum class Condition {
    kFine,
    kNoRoom,  // the disk is nearly full: for now it stores nothing new
    // A write failed, or the files are gone: it stores nothing until it has been closed and opened
    // again.
    kFailed,
  };
  // As of now, with a sentence unless kFine. Cost: two system calls.
  std::pair<Condition, std::string> condition() const;
  // Of kData: of the last write that was acknowledged.
  std::uint64_t sequence() const;

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  // From memtables and block cache alone.
  std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  Status Apply(const WriteBatch& batch) override;
  Status ApplyTogether(std::span<const WriteBatch* const> batches) override;
  // One tombstone for all, and files that hold nothing else are removed at once.
  Status Clear(Family family) override;
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Size SizeOf(Family family) const override;
  double Density(Family family) const override;
  Status Compact(Family family, std::string_view begin, std::string_view end,
                 Rewrite what) override;
  Status Flush() override;
  Status Sync() override;
  // Of the logs, what was flushed.
  Status RemoveObsolete() override;

  // Compacts everything now, which drops expired records. Cost: rewrites the database. Errors: kIo.
  Status CompactAll();
  // Bytes held in memory by write buffers, block cache and table readers.
  std::uint64_t MemoryBytes() const;

  struct Impl;

 private:
  explicit RocksDbStore(std::unique_ptr<Impl> impl);
  static std::unique_ptr<Impl> NewImpl(const RocksDbOptions& options);
  // True when its log ends in a write that a power cut tore.
  static Result<bool> CheckNothingIsMissing(const RocksDbOptions& options, const Clock& clock);
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder

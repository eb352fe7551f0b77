// The Store on disk: one RocksDB with a column family per Family. Writes go to the log without
// sync: a killed process loses nothing, a power cut may lose the tail, and nothing is ever torn.
//
// Expired records are dropped by a compaction filter to reclaim space; whether a record may answer
// is decided on read, by its stamp. Thread-safe.
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
};

class RocksDbStore final : public Store {
 public:
  // Opens or creates the database. `clock` outlives the store.
  // A new directory is open to its owner alone: it holds prompts.
  // Errors: kCorruption (the files are not a whole database, or an earlier run met a damaged
  // block), kIo (permissions, locked, full).
  static Result<std::unique_ptr<RocksDbStore>> Open(const RocksDbOptions& options,
                                                    const Clock& clock);

  struct Opened {
    std::unique_ptr<RocksDbStore> store;
    // Where a damaged database was moved to make room for a new one; empty when the old one opened.
    std::string moved_aside_to;
  };
  // As Open, but a damaged database is moved aside (never deleted) and an empty one takes its
  // place. A log that was cut or altered, and a MANIFEST cut between two edits, open without what
  // they lost. Errors: kIo.
  static Result<Opened> OpenOrReplace(const RocksDbOptions& options, const Clock& clock);

  ~RocksDbStore() override;

  Result<std::vector<std::optional<std::string>>> MultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  // From memtables and block cache alone.
  std::optional<std::vector<std::optional<std::string>>> TryMultiGet(
      Family family, std::span<const std::string_view> keys) const override;
  Status Apply(const WriteBatch& batch) override;
  Status ApplyTogether(std::span<const WriteBatch* const> batches) override;
  Status ForEach(
      Family family, std::string_view start,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  Size SizeOf(Family family) const override;
  Status Flush() override;

  // Compacts everything now, which drops expired records. Cost: rewrites the database. Errors: kIo.
  Status CompactAll();
  // Bytes held in memory by write buffers, block cache and table readers.
  std::uint64_t MemoryBytes() const;

 private:
  struct Impl;
  explicit RocksDbStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder

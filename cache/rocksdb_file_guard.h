// FileGuard: lets a database stop at its first failed write as if the process had been killed then.
//
// Debian's RocksDB has asserts: a file that is written, flushed or closed once more after a write
// of it failed ends the process, and so a full disk does (measured: 3 of 3, in its own log as
// well). Hence RocksDB never hears of a failed write. From the first one on nothing more reaches
// the disk: what is written to open files is dropped, files cannot be made or renamed, none is
// removed. The disk then holds what a crash at that moment would have left, which is what opening a
// database is made for; whoever owns it must call nothing stored that was written since, close it
// and open it again. Only cache/rocksdb_*.cc include it. Thread-safe.
#pragma once

#include <rocksdb/env.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"

namespace larder {

class FileGuard {
 public:
  bool tripped() const { return tripped_.load(std::memory_order_acquire); }
  // What went wrong first; empty unless tripped.
  std::string reason() const;
  // As if a write had failed.
  void Trip(const std::string& reason);

 private:
  std::atomic<bool> tripped_{false};
  mutable Mutex mutex_;
  std::string reason_ LARDER_GUARDED_BY(mutex_);
};

// The system's files behind `guard`. Outlives the database that uses it.
std::unique_ptr<rocksdb::Env> NewGuardedEnv(const std::shared_ptr<FileGuard>& guard);

}  // namespace larder

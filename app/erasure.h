// Erasure: what was deleted leaves the disk: the files of both databases and of the indexes are
// written anew without it. Thread-safety: one call at a time, on the thread of the tasks.
#pragma once

#include <string>

#include "cache/disk_budget.h"
#include "cache/maintenance.h"
#include "proxy/search/collections.h"
#include "proxy/search/indexer.h"

namespace larder {

class Erasure {
 public:
  // All outlive it.
  struct Of {
    Store& cache_disk;
    Store& data_disk;
    DiskBudget& disk;  // of the cache database
    Indexer& indexer;
    Collections& collections;
    std::string data_dir;
  };
  explicit Erasure(Of of) : of_(std::move(of)) {}

  // Of the databases: tables and logs. Says what became of them, and what is none of theirs: a
  // damaged database that was moved aside keeps what it holds.
  // Errors: kIo, kCorruption, kCancelled (the server stops).
  Result<std::string> Rewrite(const Maintenance::Run& run);
  // The same, after the indexes have been built anew without what is gone. Errors: kOverloaded too
  // (memory was refused).
  Result<std::string> Erase(const Maintenance::Run& run);

 private:
  const Of of_;
};

}  // namespace larder

// Upkeep: the tasks that keep a server in order, on one timetable: eviction, expiry and compaction
// of the cache database, snapshots; and what is to be said of the disk. Thread-safety: as
// Maintenance.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "app/encryption.h"
#include "app/erasure.h"
#include "base/log.h"
#include "cache/disk_budget.h"
#include "cache/maintenance.h"
#include "config/config.h"
#include "proxy/search/collections.h"
#include "proxy/search/indexer.h"

namespace larder {

class Upkeep {
 public:
  // What it looks after; all outlive it.
  struct Of {
    Store& cache_disk;  // the cache database itself
    Store& data_disk;
    Encryption& encryption;
    EmbeddingCache& embeddings;
    ResponseCache& responses;
    Indexer& indexer;
    Collections& collections;
    const Clock& clock;
    Log& log;
  };
  // Takes the indexer's set_saved.
  Upkeep(const Of& of, const Config& config);

  // Told of every entry that made room. Set before Start.
  void set_evicted(DiskBudget::Observer observer) { disk_.set_observer(std::move(observer)); }

  void Start();
  void Stop() { tasks_.Stop(); }

  // Takes the settings that change while the server runs.
  void Reload(const Config& config);

  DiskUse Disk() const { return disk_.Use(); }
  std::vector<MaintenanceTask> Tasks() const { return tasks_.Tasks(); }
  Status RunNow(std::string_view task) { return tasks_.RunNow(task); }
  // What was deleted leaves the disk: runs the task erasure and waits. As Maintenance::RunAndWait.
  Result<std::string> EraseTraces(const std::function<bool()>& goes_on) {
    return tasks_.RunAndWait("erasure", goes_on);
  }
  // The statistics have been written, or not.
  void NoteHistory(WallTime started, const Status& outcome);

 private:
  Result<std::string> Evict(const Maintenance::Run& run);
  Result<std::string> Seal(const Maintenance::Run& run);
  void LogDisk();

  const Of of_;
  DiskBudget disk_;
  Erasure erasure_;
  DiskState logged_ = DiskState::kOk;  // of the tasks' thread
  Maintenance tasks_;
};

}  // namespace larder

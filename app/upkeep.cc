#include "app/upkeep.h"

#include <algorithm>

#include "app/databases.h"

namespace larder {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kHistoryInterval{5};
// A rewriting of the whole database should be worth it.
constexpr double kExpiredShare = 0.1;

DiskBudgetOptions DiskOptionsOf(const Config& config) {
  DiskBudgetOptions options = config.disk;
  options.min_free_bytes = config.store.min_free_bytes;
  options.keep_past_lifetime = KeepPastLifetimeOf(config);
  return options;
}

std::string Shrunk(const DiskBudget::Freed& freed) {
  return ShowBytes(freed.before_bytes) + " became " + ShowBytes(freed.after_bytes);
}

Result<std::string> Compact(DiskBudget& disk, const Maintenance::Run& run) {
  LARDER_ASSIGN_OR_RETURN(const DiskBudget::Freed freed,
                          disk.Rewrite(Store::Rewrite::kAll, run.pause));
  return "rewrote the cache database: " + Shrunk(freed);
}

Result<std::string> DropExpired(DiskBudget& disk, const Maintenance::Run& run) {
  LARDER_ASSIGN_OR_RETURN(const DiskBudget::Freed freed,
                          disk.DropExpired(run.asked ? 0 : kExpiredShare, run.pause));
  if (freed.expired == 0) return std::string("nothing, or too little, is past its lifetime");
  return "dropped " + std::to_string(freed.expired) +
         " entries past their lifetime: " + Shrunk(freed);
}

}  // namespace

Upkeep::Upkeep(const Of& of, const Config& config)
    : of_(of),
      disk_(
          of.cache_disk, of.embeddings, of.responses, of.clock,
          [directory = config.data_dir] { return FreeBytesOf(directory); }, DiskOptionsOf(config)),
      erasure_({of.cache_disk, of.data_disk, disk_, of.indexer, of.collections, config.data_dir}),
      tasks_(of.clock) {
  using Run = Maintenance::Run;
  const MaintenanceOptions& every = config.maintenance;
  tasks_.Add("expiry", every.expiry_interval,
             [this](const Run& run) { return DropExpired(disk_, run); });
  tasks_.Add("eviction", every.eviction_interval, [this](const Run& run) { return Evict(run); });
  tasks_.Add("compaction", every.compaction_interval,
             [this](const Run& run) { return Compact(disk_, run); });
  tasks_.Add("erasure", std::chrono::seconds{0},
             [this](const Run& run) { return erasure_.Erase(run); });
  if (of.encryption.enabled()) {
    tasks_.Add("seal", std::chrono::seconds{0}, [this](const Run& run) { return Seal(run); });
  }
  // Both have timers of their own.
  tasks_.AddOutside("snapshot", config.indexer.snapshot_interval,
                    [this](const Run&) -> Result<std::string> {
                      of_.indexer.SaveSoon();
                      of_.collections.SaveSnapshots();
                      return std::string("saved the collections; the search index follows");
                    });
  tasks_.AddOutside("history", kHistoryInterval);
  of.indexer.set_saved([this](WallTime started, milliseconds took, const Status& outcome) {
    tasks_.Note("snapshot", started, took,
                outcome.ok() ? Result<std::string>(std::string("saved the search index"))
                             : Result<std::string>(outcome.error()));
  });
}

void Upkeep::Start() {
  LogDisk();
  tasks_.Start();
  if (of_.encryption.must_seal()) (void)tasks_.RunNow("seal");
}

void Upkeep::Reload(const Config& config) {
  disk_.set_max_bytes(config.disk.max_bytes);
  tasks_.SetInterval("expiry", config.maintenance.expiry_interval);
  tasks_.SetInterval("eviction", config.maintenance.eviction_interval);
  tasks_.SetInterval("compaction", config.maintenance.compaction_interval);
}

void Upkeep::NoteHistory(WallTime started, const Status& outcome) {
  const auto took = std::max(milliseconds{0}, of_.clock.Now() - started);
  tasks_.Note("history", started, took,
              outcome.ok() ? Result<std::string>(std::string("wrote the statistics"))
                           : Result<std::string>(outcome.error()));
}

Result<std::string> Upkeep::Evict(const Maintenance::Run& run) {
  LogDisk();
  const auto freed = disk_.Evict(run.pause);
  if (!freed.ok()) {
    if (freed.error().code != ErrorCode::kCancelled) {
      of_.log.Warning("old entries could not make room", {{"reason", freed.error().message}});
    }
    return freed.error();
  }
  if (freed->before_bytes == freed->after_bytes) {
    const DiskUse use = disk_.Use();
    return "nothing to do: " + ShowBytes(use.used_bytes) +
           (use.limit_bytes > 0 ? " of " + ShowBytes(use.limit_bytes) : " used, no limit");
  }
  of_.log.Info("old entries made room on the disk", {{"entries", freed->entries},
                                                     {"bytes", freed->bytes},
                                                     {"expired", freed->expired},
                                                     {"before_bytes", freed->before_bytes},
                                                     {"after_bytes", freed->after_bytes}});
  LogDisk();
  return "evicted " + std::to_string(freed->entries) + " entries, " + ShowBytes(freed->bytes) +
         ": " + Shrunk(*freed);
}

// In short runs; the last one rewrites the databases, which takes what was plain off the disk.
Result<std::string> Upkeep::Seal(const Maintenance::Run& run) {
  Encryption& encryption = of_.encryption;
  if (!encryption.must_seal()) return std::string("everything is sealed");
  LARDER_ASSIGN_OR_RETURN(const bool all, encryption.SealSome(run));
  if (!all) {
    run.again();
    return encryption.SealedSoFar();
  }
  const std::string sealed = encryption.SealedSoFar();
  LARDER_ASSIGN_OR_RETURN(const std::string rewritten, erasure_.Rewrite(run));
  LARDER_RETURN_IF_ERROR(encryption.FinishSealing());
  of_.log.Info("everything in the data directory is encrypted now", {{"done", sealed}});
  return sealed + "; " + rewritten;
}

// Once per change of state.
void Upkeep::LogDisk() {
  const DiskUse use = disk_.Use();
  if (use.state == logged_) return;
  logged_ = use.state;
  const LogLevel level = use.state == DiskState::kOk        ? LogLevel::kInfo
                         : use.state == DiskState::kWarning ? LogLevel::kWarning
                                                            : LogLevel::kError;
  of_.log.Write(level, use.message.empty() ? "the disk has room again" : use.message,
                {{"disk", DiskStateName(use.state)},
                 {"used_bytes", use.used_bytes},
                 {"free_bytes", use.free_bytes}});
}

}  // namespace larder

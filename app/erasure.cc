#include "app/erasure.h"

#include <filesystem>

namespace larder {
namespace {

Error Cancelled() {
  return StoreError(ErrorCode::kCancelled, "ended early: the server is stopping");
}

Status RewriteFamilies(Store& store, Database database, const Maintenance::Run& run) {
  for (const Family family : FamiliesOf(database)) {
    LARDER_RETURN_IF_ERROR(store.Compact(family, {}, {}, Store::Rewrite::kAll));
    if (!run.pause(std::chrono::milliseconds(1))) return Cancelled();
  }
  return {};
}

// Databases that were moved aside, by name.
std::string MovedAside(const std::string& data_dir) {
  std::string names;
  std::error_code failed;
  std::filesystem::directory_iterator entries(data_dir, failed);
  for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with("cache.damaged-")) continue;
    names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

}  // namespace

Result<std::string> Erasure::Rewrite(const Maintenance::Run& run) {
  LARDER_RETURN_IF_ERROR(of_.cache_disk.Flush());
  LARDER_ASSIGN_OR_RETURN(const DiskBudget::Freed freed,
                          of_.disk.Rewrite(Store::Rewrite::kAll, run.pause));
  LARDER_RETURN_IF_ERROR(of_.data_disk.Flush());
  LARDER_RETURN_IF_ERROR(RewriteFamilies(of_.data_disk, Database::kData, run));
  LARDER_RETURN_IF_ERROR(of_.cache_disk.RemoveObsolete());
  LARDER_RETURN_IF_ERROR(of_.data_disk.RemoveObsolete());
  std::string said = "rewrote the databases: the cache's " + ShowBytes(freed.before_bytes) +
                     " became " + ShowBytes(freed.after_bytes);
  if (const std::string aside = MovedAside(of_.data_dir); !aside.empty()) {
    said += "; what was moved aside keeps what it holds until it is removed: " + aside;
  }
  return said;
}

Result<std::string> Erasure::Erase(const Maintenance::Run& run) {
  const auto goes_on = [&run] { return run.pause(std::chrono::milliseconds(0)); };
  LARDER_RETURN_IF_ERROR(of_.indexer.EraseForgotten(goes_on));
  LARDER_RETURN_IF_ERROR(of_.collections.EraseDeleted(goes_on));
  return Rewrite(run);
}

}  // namespace larder

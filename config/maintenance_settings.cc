#include "config/setting_rows.h"

namespace larder {
namespace {

constexpr Setting kRows[] = {
    SecondsRow<LARDER_AT(maintenance.eviction_interval)>(
        "maintenance.eviction_interval_s", 0, 30 * kDay,
        "How often the size of the cache is held against cache.store.max_bytes and the room on the "
        "disk, so that old entries make room; 0 = never.")
        .Live(),
    SecondsRow<LARDER_AT(maintenance.expiry_interval)>(
        "maintenance.expiry_interval_s", 0, 30 * kDay,
        "How often entries past their lifetime are counted, and dropped from the disk once they "
        "are "
        "a tenth of it; 0 = by the database alone, which does it within a week.")
        .Live(),
    SecondsRow<LARDER_AT(maintenance.compaction_interval)>(
        "maintenance.compaction_interval_s", 0, 365 * kDay,
        "How often the whole cache database is rewritten; 0 = only when asked for: it tidies up as "
        "it is written.")
        .Live(),
};

}  // namespace

std::span<const Setting> MaintenanceSettings() {
  return kRows;
}

}  // namespace larder

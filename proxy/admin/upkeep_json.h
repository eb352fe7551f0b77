// The parts of the admin API that tell of upkeep: the disk, and what runs on a timetable.
// Thread-safety: pure functions.
#pragma once

#include <vector>

#include "cache/disk_use.h"
#include "cache/maintenance.h"
#include "cache/store_health.h"
#include "proxy/json/json_writer.h"

namespace larder {

// The members "disk" and "maintenance" of GET /admin/v1/stats, appended to the object at hand.
void WriteDisk(JsonWriter& json, const DiskUse& disk);
void WriteMaintenance(JsonWriter& json, const std::vector<MaintenanceTask>& tasks);

// The member "databases" of the same.
void WriteDatabases(JsonWriter& json, const StoreHealth& cache, const StoreHealth& data,
                    std::uint64_t damaged_caches);

// For /readyz: "cache", "ok" or "degraded", and "data", as StoreStateName has it; of each that is
// not ok "cache_message" or "data_message".
std::string DatabasesHealth(const StoreHealth& cache, const StoreHealth& data);

// The same of the disk for /readyz: "disk" and, while there is something to do, "disk_message".
// JSON members without braces.
std::string DiskHealth(const DiskUse& disk);

}  // namespace larder

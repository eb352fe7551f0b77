#include "proxy/admin/upkeep_json.h"

namespace larder {
namespace {

void Time(JsonWriter& json, std::string_view key, const std::optional<WallTime>& time) {
  json.Key(key);
  if (time) {
    json.Int(ToUnixMillis(*time) / 1000);
  } else {
    json.Null();
  }
}

}  // namespace

void WriteDisk(JsonWriter& json, const DiskUse& disk) {
  json.Key("disk").BeginObject();
  json.Member("used_bytes", disk.used_bytes).Member("limit_bytes", disk.limit_bytes);
  json.Member("free_bytes", disk.free_bytes).Member("min_free_bytes", disk.min_free_bytes);
  json.Member("evicted_entries", disk.evicted_entries);
  json.Member("evicted_bytes", disk.evicted_bytes);
  json.Member("state", DiskStateName(disk.state)).Member("message", disk.message).EndObject();
}

void WriteDatabases(JsonWriter& json, const StoreHealth& cache, const StoreHealth& data,
                    std::uint64_t damaged_caches) {
  json.Key("databases").BeginObject();
  for (const auto& [name, health] : {std::pair("cache", &cache), std::pair("data", &data)}) {
    json.Key(name).BeginObject().Member("state", StoreStateName(health->state));
    json.Member("message", health->message).Member("failures", health->failures);
    json.Member("reopened", health->reopened).EndObject();
  }
  json.Member("damaged_caches", damaged_caches).EndObject();
}

void WriteMaintenance(JsonWriter& json, const std::vector<MaintenanceTask>& tasks) {
  json.Key("maintenance").BeginObject().Key("tasks").BeginArray();
  for (const MaintenanceTask& task : tasks) {
    json.BeginObject().Member("name", task.name).Member("running", task.running);
    Time(json, "last_started_at", task.last_started);
    json.Key("last_took_s");
    if (task.last_took) {
      json.Number(std::chrono::duration<double>(*task.last_took).count());
    } else {
      json.Null();
    }
    json.Member("last_result", task.last_result);
    Time(json, "next_at", task.next);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

std::string DatabasesHealth(const StoreHealth& cache, const StoreHealth& data) {
  const bool caches = cache.state == StoreState::kOk;
  std::string members = std::string("\"cache\":\"") + (caches ? "ok" : "degraded") + "\"";
  if (!caches) members += ",\"cache_message\":" + JsonString(cache.message);
  members += ",\"data\":" + JsonString(StoreStateName(data.state));
  if (data.state != StoreState::kOk) members += ",\"data_message\":" + JsonString(data.message);
  return members;
}

std::string DiskHealth(const DiskUse& disk) {
  std::string members = "\"disk\":" + JsonString(DiskStateName(disk.state));
  if (!disk.message.empty()) members += ",\"disk_message\":" + JsonString(disk.message);
  return members;
}

}  // namespace larder

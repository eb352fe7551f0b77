#include "proxy/admin/upkeep_json.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

using std::chrono::milliseconds;

TEST(UpkeepJsonTest, TellsTheDiskAsTheAdminApiHasIt) {
  JsonWriter json;
  json.BeginObject();
  WriteDisk(json, {.used_bytes = 5,
                   .limit_bytes = 4,
                   .free_bytes = 3,
                   .min_free_bytes = 2,
                   .evicted_entries = 1,
                   .evicted_bytes = 6,
                   .state = DiskState::kWarning,
                   .message = "do something"});
  json.EndObject();
  EXPECT_EQ(json.str(),
            R"({"disk":{"used_bytes":5,"limit_bytes":4,"free_bytes":3,"min_free_bytes":2,)"
            R"("evicted_entries":1,"evicted_bytes":6,"state":"warning",)"
            R"("message":"do something"}})");
}

TEST(UpkeepJsonTest, TellsOfBothDatabasesAndWhy) {
  const StoreHealth whole{StoreState::kOk, "", 2, 1};
  const StoreHealth damaged{StoreState::kReadOnly, "it is \"damaged\"", 1, 0};
  JsonWriter json;
  json.BeginObject();
  WriteDatabases(json, whole, damaged, 3);
  json.EndObject();
  EXPECT_EQ(json.str(),
            R"({"databases":{"cache":{"state":"ok","message":"","failures":2,"reopened":1},)"
            R"("data":{"state":"read-only","message":"it is \"damaged\"","failures":1,)"
            R"("reopened":0},"damaged_caches":3}})");
  EXPECT_EQ(DatabasesHealth(whole, damaged),
            R"("cache":"ok","data":"read-only","data_message":"it is \"damaged\"")");
  EXPECT_EQ(DatabasesHealth(damaged, whole),
            R"("cache":"degraded","cache_message":"it is \"damaged\"","data":"ok")");
}

TEST(UpkeepJsonTest, TellsEveryTaskAndNullForWhatIsNotKnown) {
  MaintenanceTask never;
  never.name = "compaction";
  MaintenanceTask done;
  done.name = "expiry";
  done.running = true;
  done.last_started = FromUnixMillis(1'700'000'000'500);
  done.last_took = milliseconds{1250};
  done.last_result = "dropped 12 entries";
  done.next = FromUnixMillis(1'700'000'060'000);
  JsonWriter json;
  json.BeginObject();
  WriteMaintenance(json, {never, done});
  json.EndObject();
  EXPECT_EQ(json.str(),
            R"({"maintenance":{"tasks":[{"name":"compaction","running":false,)"
            R"("last_started_at":null,"last_took_s":null,"last_result":"","next_at":null},)"
            R"({"name":"expiry","running":true,"last_started_at":1700000000,"last_took_s":1.25,)"
            R"("last_result":"dropped 12 entries","next_at":1700000060}]}})");
}

TEST(UpkeepJsonTest, HealthSaysWhatToDoOnlyWhileThereIsSomething) {
  EXPECT_EQ(DiskHealth({}), R"("disk":"ok")");
  EXPECT_EQ(DiskHealth({.state = DiskState::kFull, .message = "make \"room\""}),
            R"("disk":"full","disk_message":"make \"room\"")");
}

}  // namespace
}  // namespace larder

#include "app/stores.h"

namespace larder {

Stores::Stores(const Config& config, std::unique_ptr<Encryption> encryption, const Clock& clock,
               Log& log)
    : log_(log),
      encryption_(std::move(encryption)),
      cache_(OpenCacheDatabase(config, clock, log), *encryption_, Database::kCache),
      data_(OpenDataDatabase(config, clock, log), *encryption_, Database::kData) {}

void Stores::Start(ReopeningStore::Observer on_cache, ReopeningStore::Observer on_data) {
  cache_.database.Start([this, on_cache = std::move(on_cache)](const StoreHealth& now) {
    LogHealth(log_, Database::kCache, now);
    if (now.state != StoreState::kOk) cache_.beside_loops.Distrust();
    on_cache(now);
  });
  data_.database.Start([this, on_data = std::move(on_data)](const StoreHealth& now) {
    LogHealth(log_, Database::kData, now);
    on_data(now);
  });
}

void Stores::Stop() {
  cache_.database.Stop();
  data_.database.Stop();
}

void Stores::Flush() {
  for (OffLoopStore* store : {&cache_.beside_loops, &data_.beside_loops}) {
    const Status flushed = store->Flush();
    if (flushed.ok()) continue;
    log_.Error("a database could not be flushed", {{"reason", flushed.error().message}});
  }
}

}  // namespace larder

#include "app/databases.h"

#include <algorithm>

#include "cache/rocksdb_store.h"
#include "cache/unavailable_store.h"

namespace larder {
namespace {

// Values are read when an index is built and when they are asked for: caching them helps little.
constexpr std::size_t kDataBlockCacheBytes = std::size_t{32} << 20;
constexpr std::size_t kDataWriteBufferBytes = std::size_t{64} << 20;

}  // namespace

std::chrono::seconds KeepPastLifetimeOf(const Config& config) {
  return std::max({config.store.keep_past_lifetime, config.responses.policy.stale_while_revalidate,
                   config.responses.policy.stale_if_error});
}

std::unique_ptr<Store> OpenCacheDatabase(const Config& config, const Clock& clock, Log& log) {
  RocksDbOptions options = config.store;
  options.keep_past_lifetime = KeepPastLifetimeOf(config);
  options.path = config.data_dir + "/cache";
  auto opened = RocksDbStore::OpenOrReplace(options, clock);
  if (!opened.ok()) {
    log.Error("the cache database cannot be used; caching in memory only until the next start",
              {{"reason", opened.error().message}});
    return std::make_unique<UnavailableStore>(opened.error().message);
  }
  if (!opened->moved_aside_to.empty()) {
    log.Warning("the cache database was damaged; it was moved aside and an empty one made",
                {{"moved_to", opened->moved_aside_to}});
  }
  return std::move(opened->store);
}

std::unique_ptr<Store> OpenDataDatabase(const Config& config, const Clock& clock, Log& log) {
  RocksDbOptions options;
  options.database = Database::kData;
  options.path = config.data_dir + "/data";
  options.block_cache_bytes = kDataBlockCacheBytes;
  options.write_buffer_bytes = kDataWriteBufferBytes;
  options.min_free_bytes = config.store.min_free_bytes;
  auto opened = RocksDbStore::OpenOrReadOnly(options, clock);
  if (!opened.ok()) {
    log.Error("the collections database cannot be used; requests to collections are refused",
              {{"reason", opened.error().message}});
    return std::make_unique<UnavailableStore>(opened.error().message);
  }
  if (!opened->damage.empty()) {
    log.Error("collections can be read and not written", {{"reason", opened->damage}});
  }
  return std::move(opened->store);
}

}  // namespace larder

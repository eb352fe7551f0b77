#include "app/databases.h"

#include <algorithm>

#include "app/damaged_caches.h"
#include "cache/disk_use.h"
#include "cache/rocksdb_store.h"
#include "cache/unavailable_store.h"

namespace larder {
namespace {

// Values are read when an index is built and when they are asked for: caching them helps little.
constexpr std::size_t kDataBlockCacheBytes = std::size_t{32} << 20;
constexpr std::size_t kDataWriteBufferBytes = std::size_t{64} << 20;

using Opened = ReopeningStore::Opened;
using Condition = ReopeningStore::Condition;

Condition ConditionOf(RocksDbStore::Condition condition) {
  switch (condition) {
    case RocksDbStore::Condition::kFine:
      return Condition::kFine;
    case RocksDbStore::Condition::kNoRoom:
      return Condition::kNoRoom;
    case RocksDbStore::Condition::kFailed:
      break;
  }
  return Condition::kFailed;
}

Opened Whole(std::unique_ptr<RocksDbStore> store) {
  Opened opened;
  opened.condition = [raw = store.get()] {
    auto [condition, message] = raw->condition();
    return std::pair(ConditionOf(condition), std::move(message));
  };
  opened.store = std::move(store);
  return opened;
}

// What cannot be opened for writing, at the moment; `why` is a sentence.
Opened ForReading(const RocksDbOptions& options, const Clock& clock, const std::string& why) {
  Opened opened;
  opened.message = why;
  opened.retry = true;
  auto reading = RocksDbStore::OpenForReading(options, clock, why, ErrorCode::kIo);
  if (reading.ok()) {
    opened.state = StoreState::kReadOnly;
    opened.store = std::move(reading).value();
  } else {
    opened.state = StoreState::kUnusable;
    opened.store = std::make_unique<UnavailableStore>(why);
  }
  return opened;
}

// Opening writes, too: it is not tried again before there is room.
bool HasRoom(const RocksDbOptions& options) {
  return FreeBytesOf(options.path).value_or(options.min_free_bytes) >= options.min_free_bytes;
}

Opened OpenCache(const Config& config, const RocksDbOptions& options, const Clock& clock, Log& log,
                 const std::string& after) {
  if (!after.empty() && !HasRoom(options)) return ForReading(options, clock, after);
  auto opened = RocksDbStore::OpenOrReplace(options, clock);
  if (!opened.ok()) return ForReading(options, clock, opened.error().message);
  if (!opened->moved_aside_to.empty()) {
    log.Warning("the cache database was damaged; it was moved aside and an empty one made",
                {{"moved_to", opened->moved_aside_to}});
  }
  KeepDamagedCaches(config.data_dir, config.keep_damaged_caches, log);
  return Whole(std::move(opened->store));
}

Opened OpenData(const RocksDbOptions& options, const Clock& clock, const std::string& after,
                std::uint64_t& sequence) {
  RocksDbOptions known = options;
  known.known_sequence = sequence;
  if (!after.empty() && !HasRoom(options)) return ForReading(known, clock, after);
  auto opened = RocksDbStore::OpenOrReadOnly(known, clock);
  if (opened.ok() && opened->damage.empty()) {
    Opened whole = Whole(std::move(opened->store));
    // It is asked for while the database is open, and used once it is closed.
    const auto* const raw = static_cast<const RocksDbStore*>(whole.store.get());
    whole.condition = [ask = std::move(whole.condition), raw, &sequence] {
      auto asked = ask();
      if (asked.first == Condition::kFailed) sequence = std::max(sequence, raw->sequence());
      return asked;
    };
    return whole;
  }
  if (!opened.ok() && opened.error().code == ErrorCode::kIo) {
    return ForReading(known, clock, opened.error().message);
  }
  Opened damaged;
  if (opened.ok()) {
    damaged.state = StoreState::kReadOnly;
    damaged.message = opened->damage;
    damaged.store = std::move(opened->store);
  } else {
    damaged.state = StoreState::kUnusable;
    damaged.message = opened.error().message;
    damaged.store = std::make_unique<UnavailableStore>(damaged.message);
  }
  return damaged;
}

std::unique_ptr<ReopeningStore> Opening(const Config& config, Database database,
                                        ReopeningStore::Open open, Log& log) {
  auto store = std::make_unique<ReopeningStore>(
      database == Database::kCache ? "the cache database" : "the collections database",
      std::move(open), config.reopening);
  if (const StoreHealth now = store->health(); now.state != StoreState::kOk) {
    LogHealth(log, database, now);
  }
  return store;
}

}  // namespace

std::chrono::seconds KeepPastLifetimeOf(const Config& config) {
  return std::max({config.store.keep_past_lifetime, config.responses.policy.stale_while_revalidate,
                   config.responses.policy.stale_if_error});
}

std::unique_ptr<ReopeningStore> OpenCacheDatabase(const Config& config, const Clock& clock,
                                                  Log& log) {
  RocksDbOptions options = config.store;
  options.keep_past_lifetime = KeepPastLifetimeOf(config);
  options.path = config.data_dir + "/cache";
  return Opening(
      config, Database::kCache,
      [&config, options, &clock, &log](const std::string& after) {
        return OpenCache(config, options, clock, log, after);
      },
      log);
}

std::unique_ptr<ReopeningStore> OpenDataDatabase(const Config& config, const Clock& clock,
                                                 Log& log) {
  RocksDbOptions options;
  options.database = Database::kData;
  options.path = config.data_dir + "/data";
  options.block_cache_bytes = kDataBlockCacheBytes;
  options.write_buffer_bytes = kDataWriteBufferBytes;
  options.min_free_bytes = config.store.min_free_bytes;
  // Owned by the function that opens, used by the databases it opened.
  const auto sequence = std::make_shared<std::uint64_t>(0);
  return Opening(
      config, Database::kData,
      [options, &clock, sequence](const std::string& after) {
        return OpenData(options, clock, after, *sequence);
      },
      log);
}

void LogHealth(Log& log, Database database, const StoreHealth& now) {
  const bool cache = database == Database::kCache;
  const std::string name = cache ? "the cache database" : "the collections database";
  if (now.state == StoreState::kOk) {
    log.Info(name + " works again", {{"failures", now.failures}, {"reopened", now.reopened}});
    return;
  }
  std::string text = name;
  switch (now.state) {
    case StoreState::kOk:
    case StoreState::kDegraded:
      text += cache ? " takes no writes: requests are served, and nothing new is kept on disk"
                    : " takes no writes: changes of collections and keys are refused";
      break;
    case StoreState::kReadOnly:
      text += cache ? " can only be read: requests are served, and nothing new is kept on disk"
                    : " can only be read: changes of collections and keys are refused";
      break;
    case StoreState::kUnusable:
      text += cache ? " cannot be used: caching in memory only until it can be"
                    : " cannot be used: requests to collections are refused until it can be";
      break;
  }
  log.Error(text, {{"database", cache ? "cache" : "data"},
                   {"state", StoreStateName(now.state)},
                   {"reason", now.message}});
}

}  // namespace larder

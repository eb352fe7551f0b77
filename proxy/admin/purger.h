// Purger: takes entries out of the cache by conditions: out of the store, the memory tiers, what is
// remembered of response ids, and the search index.
//
// Everything that matches and was stored before Run returns is then gone, and neither a request
// that began before (RecentPurges) nor a power cut brings it back. Entries are looked for a few
// thousand at a time and deleted some hundreds at a time, so that others are served meanwhile.
// Thread-safe; several may run at once.
#pragma once

#include <functional>
#include <span>

#include "base/log.h"
#include "cache/embedding_cache.h"
#include "cache/entry_catalog.h"
#include "proxy/admin/entry_conditions.h"
#include "proxy/search/indexer.h"

namespace larder {

struct PurgeCounts {
  std::uint64_t matched = 0;
  std::uint64_t deleted = 0;
  std::uint64_t scanned = 0;
  std::uint64_t total = 0;  // entries of the layers concerned, as estimated at the beginning
  std::chrono::milliseconds took{0};
};

struct PurgeOutcome {
  PurgeCounts counts;
  Status status;  // of what went wrong; what `counts` says was done all the same
};

class Purger {
 public:
  // Told which keys went, after they went; no keys at all: everything of the layer. Called on the
  // purge's thread; it must be quick.
  using Observer = std::function<void(std::span<const CacheKey> keys, EntryLayer layer)>;
  // Told how far it is, some times a second; false: it is to stop.
  using Progress = std::function<bool(const PurgeCounts&)>;

  // All outlive it.
  Purger(Store& store, const EntryCatalog& catalog, const Clock& clock, EmbeddingCache& embeddings,
         ResponseCache& responses, Indexer& indexer, Log& log)
      : store_(store),
        catalog_(catalog),
        clock_(clock),
        embeddings_(embeddings),
        responses_(responses),
        indexer_(indexer),
        log_(log) {}

  // Before the first Run.
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  // Called once all that a purge takes has gone. Before the first Run.
  void set_ended(std::function<void()> ended) { ended_ = std::move(ended); }

  // Counts of everything (without conditions) are estimated where there are many entries. `peer`:
  // who asked, for the log, which has one line of it without texts. Not on a loop's thread.
  // Errors: kIo, kCorruption; kCancelled when `progress` said so.
  PurgeOutcome Run(const PurgeOrder& order, const std::string& peer, const Progress& progress);

 private:
  struct Work;

  Status RunWith(Work& work);
  Status PurgeLayer(Work& work, EntryLayer layer);
  Status PurgeKey(Work& work, EntryLayer layer);
  Status PurgeEverything(Work& work, EntryLayer layer);
  Status Scan(Work& work, EntryLayer layer);
  Status Delete(Work& work, EntryLayer layer, std::span<const CatalogEntry> entries);
  void ForgetInMemory(EntryLayer layer, const EntryFilter& filter,
                      const std::vector<CacheKey>& only_in_memory);
  void LogRun(const PurgeOrder& order, const std::string& peer, const PurgeOutcome& outcome);

  Store& store_;
  const EntryCatalog& catalog_;
  const Clock& clock_;
  EmbeddingCache& embeddings_;
  ResponseCache& responses_;
  Indexer& indexer_;
  Log& log_;
  Observer observer_;
  std::function<void()> ended_;
};

}  // namespace larder

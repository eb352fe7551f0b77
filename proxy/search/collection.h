// Collection: the points of one collection, in the store and in an index in memory.
//
// A write is durable, then searchable, then acknowledged. Writes take turns on threads of a pool;
// those that come together share one sync. While the collection loads, writes go to the store alone
// and are brought into the index before it is used. Searches wait for no write.
//
// Thread-safety: every method may be called from any thread; on a fiber, writes let it stand still.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "cache/store.h"
#include "proxy/search/collection_write.h"
#include "proxy/search/collections_options.h"
#include "proxy/search/group_queue.h"
#include "proxy/search/memory_budget.h"
#include "vector/vector_space.h"

namespace larder {

struct CollectionInfo {
  CollectionSpec spec;
  WallTime created;
  WallTime modified;           // of the last write
  std::size_t points = 0;      // stored
  std::uint64_t sequence = 0;  // of the last write; 0: none yet
  std::size_t memory_bytes = 0;
  double loaded = 1;  // share that is in the index; 1 when it can be searched
};

// What all collections share. Everything outlives them.
struct CollectionContext {
  Store& store;
  const Clock& clock;
  Log& log;
  const CollectionsOptions& options;
  MemoryBudget& memory;
  WorkerPool& writers;
  std::function<void()> wake;  // there is work for the background thread
};

class Collection {
 public:
  using SpacePointer = std::shared_ptr<VectorSpace>;  // owned by the collection and by searches

  // It is loading until BecomeReady.
  Collection(const CollectionContext& context, CollectionRecord record);
  ~Collection();
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  std::uint64_t id() const { return id_; }
  // As it was made: its metadata_indexes are in Info().
  const CollectionSpec& spec() const { return spec_; }
  std::uint64_t sequence() const;  // of the last write that is stored and indexed
  CollectionInfo Info() const;
  CollectionRecord Record() const;

  // Runs one write; its status tells what became of it. Precondition: points and fields were
  // checked. Errors: kOverloaded (memory; the database takes no writes), kIo, kNotFound (dropped).
  void Write(CollectionWrite& write);

  // The index, to read it. Errors: kOverloaded: it is loading (the message says how far) or could
  // not be loaded.
  Result<SpacePointer> Space() const;

  // The following are for the background thread.

  // How its index is made and where.
  VectorSpace::Options SpaceOptions() const;
  std::string folder() const;         // of its own, without '/' at the end; empty: none
  std::string snapshot_path() const;  // empty: none is kept
  void SetProgress(std::size_t points) { progress_ = points; }
  // The ids that were written since the last call, while it loads.
  std::vector<std::string> TakeTouched();
  // `space` holds everything but what was touched since, and `refused`, for which there was no
  // memory; from now on it is searched. It differs from its snapshot if `changed`.
  // Errors: kIo, kCorruption; then it goes on loading.
  Status BecomeReady(SpacePointer space, bool changed, std::vector<std::string> refused);
  // It cannot be loaded, and says so to those who search.
  void Fail(const std::string& reason);
  bool ready() const;
  // Does about so many inserts' worth of what the index has to do; false when nothing is left.
  bool Work(std::size_t inserts);
  // Nothing may be left in the index of the points that were deleted or replaced so far; the next
  // snapshot then has nothing of them either. One that is loading is left as it is.
  // Errors: kCancelled (`goes_on` said so), kOverloaded (memory refused).
  Status EraseDeleted(const std::function<bool()>& goes_on);
  // Writes a snapshot if anything changed since the last one. Errors: kIo.
  Status SaveSnapshot();

 private:
  struct Turn;

  void Process(std::span<Turn* const> group);
  Status Reconcile();
  void Doubt(std::span<const std::string_view> ids);
  void Abandon(std::span<Turn* const> group, const Error& error);
  void Commit(std::span<Turn* const> group);
  void Finish(Turn& turn);
  void RetryRefused();
  Result<std::unordered_set<std::string_view>> Existing(std::span<Turn* const> group) const;
  void Index(const WritePlan& plan, VectorSpace& space);
  std::size_t EstimateBytes(const CollectionWrite& write) const;
  SpacePointer Current() const;
  std::unordered_set<std::string> Refused() const;  // hardly ever any
  void TellMemory();

  const CollectionContext& context_;
  const std::uint64_t id_;
  const CollectionSpec spec_;
  std::atomic<std::size_t> progress_{0};
  std::atomic<bool> changed_{false};  // since the last snapshot
  mutable Mutex mutex_;
  CollectionRecord record_ LARDER_GUARDED_BY(mutex_);
  SpacePointer space_ LARDER_GUARDED_BY(mutex_);   // nullptr while it loads, and once dropped
  std::string failure_ LARDER_GUARDED_BY(mutex_);  // why it could not be loaded
  bool dropped_ LARDER_GUARDED_BY(mutex_) = false;
  std::size_t told_bytes_ LARDER_GUARDED_BY(mutex_) = 0;
  std::unordered_set<std::string> touched_ LARDER_GUARDED_BY(mutex_);
  // Stored, and not in the index because memory was refused.
  std::unordered_set<std::string> refused_ LARDER_GUARDED_BY(mutex_);
  // A write failed, and the store may have it all the same; of the points that it named.
  bool in_doubt_ LARDER_GUARDED_BY(mutex_) = false;
  std::unordered_set<std::string> doubtful_ LARDER_GUARDED_BY(mutex_);
  GroupQueue<Turn> turns_;
};

}  // namespace larder

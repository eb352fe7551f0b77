// Collections: named sets of points that a user keeps. They are data, not cache: a write is durable
// and searchable when it returns, nothing expires, nothing is evicted.
//
// After Start the indexes are loaded in the background. Until a collection is loaded, writes and
// reads by id work, and what needs its index is kOverloaded ("is loading, 42 % by now"): 503 with
// Retry-After. When the database is damaged and opened for reading, writes are kOverloaded; when it
// cannot be opened at all, everything is; the messages say so.
//
// Thread-safety: every method may be called from any thread. Start and Stop from one. Whoever calls
// on a fiber: writes, Get and Search let it stand still where they wait; Create, Drop and the
// writes work on threads of a pool. What computes or reads for long on the caller's own thread is
// marked "heavy" and belongs on OffLoop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/search/collection.h"
#include "proxy/search/collections_keeper.h"

namespace larder {

class Collections {
 public:
  // All outlive it. `store` has the families of Database::kData.
  Collections(Store& store, const Clock& clock, Log& log, CollectionsOptions options);
  // As Stop.
  ~Collections();
  Collections(const Collections&) = delete;
  Collections& operator=(const Collections&) = delete;

  // Reads which collections there are and begins to load them. Before that there are none. What
  // cannot be read is logged, and told to every caller. Called again, from one thread at a time, it
  // tries again what could not be read or loaded; it does nothing else.
  void Start();
  // Refuses further writes, ends the background thread, writes snapshots. Further calls do nothing.
  void Stop();

  // True when it was made now; false when there is one that holds the same (dimensions, metric,
  // storage and model are equal); the old description and metadata indexes then stay.
  // Errors: kInvalidArgument (CheckSpec; there is one that holds something else, `param` "name";
  // the scope has max_per_scope collections), kIo, kOverloaded.
  Result<bool> Create(const CollectionScope& scope, const CollectionSpec& spec);
  // nullopt when there is none, or the database cannot be used: see usable().
  std::optional<CollectionInfo> Find(const CollectionScope& scope, const std::string& name) const;
  std::vector<CollectionInfo> List(const CollectionScope& scope) const;  // by name
  // False when there was none. It is gone when this returns, and its points are removed in the
  // background. Errors: kIo, kOverloaded.
  Result<bool> Drop(const CollectionScope& scope, const std::string& name);
  // Errors: kInvalidArgument, kNotFound, kIo, kOverloaded.
  Status SetMetadataIndexes(const CollectionScope& scope, const std::string& name,
                            const std::vector<std::pair<std::string, std::string>>& indexes);

  // All or none of the points; durable and searchable when it returns. Of two points with one id
  // the later one counts (kKeepExisting: the earlier). Returns the sequence number of the write:
  // each write of a collection has the next one. Heavy: it looks at every value.
  // Errors: kInvalidArgument (`param` names the point: "points[3].values"; more than
  // max_points_per_request: "points"), kNotFound, kIo (nothing was changed), kOverloaded (memory:
  // nothing was changed, unless the message says that points were stored).
  Result<std::uint64_t> Upsert(const CollectionScope& scope, const std::string& name,
                               std::span<const NewPoint> points, UpsertMode mode);

  struct Deleted {
    std::uint64_t sequence = 0;  // of the write; of the one before when no point was there
    std::size_t points = 0;      // that were there
  };
  // All or none; durable and not found any more when it returns. Errors: as Upsert ("ids").
  Result<Deleted> Delete(const CollectionScope& scope, const std::string& name,
                         std::span<const std::string> ids);
  // Those that match when it begins, in several writes: after an error the first may be gone.
  // Heavy. Errors: as Search and Delete.
  Result<Deleted> DeleteMatching(const CollectionScope& scope, const std::string& name,
                                 const Filter& filter);

  // One entry an id, in order; nullopt where there is none. Without `with_values` values are empty.
  // Errors: kInvalidArgument ("ids"), kNotFound, kIo, kCorruption.
  Result<std::vector<std::optional<StoredPoint>>> Get(const CollectionScope& scope,
                                                      const std::string& name,
                                                      std::span<const std::string> ids,
                                                      bool with_values) const;

  struct Page {
    std::vector<std::string> ids;  // ordered by their bytes
    bool more = false;
    std::size_t total = 0;  // points of the collection
  };
  // At most `limit` ids behind `after` (empty: from the first). Heavy: it reads the disk.
  // Errors: kNotFound, kIo, kCorruption.
  Result<Page> ListIds(const CollectionScope& scope, const std::string& name,
                       const std::string& after, std::size_t limit) const;

  struct SearchRequest {
    std::vector<float> vector;  // as a point's values
    std::size_t k = 10;         // at least 1
    std::size_t ef_search = 0;  // 0: collections' default
    bool exact = false;
    const Filter* filter = nullptr;  // outlives the call
    bool with_values = false;
  };
  struct Match {
    StoredPoint point;
    float score = 0;  // as the collection's Metric says
  };
  struct Found {
    std::vector<Match> matches;  // nearest first
    bool exact = false;          // every vector was considered
  };
  // Errors: kInvalidArgument ("vector"), kNotFound, kOverloaded (loading), kIo, kCorruption.
  Result<Found> Search(const CollectionScope& scope, const std::string& name,
                       const SearchRequest& request) const;

  // Ok, or the error that every call gets: the database cannot be read.
  Status usable() const;

  struct Totals {
    std::size_t collections = 0;
    std::size_t points = 0;
    std::size_t memory_bytes = 0;  // of the indexes
    std::size_t loading = 0;       // collections that cannot be searched yet
    double loaded = 1;             // share of all points that is in an index
  };
  Totals totals() const;

  // Writes the snapshots that are due now, not at their time.
  void SaveSnapshots() { keeper_.SaveSnapshots(); }
  // Nothing may be left, in memory or in snapshots, of the points that were deleted so far; those
  // of a collection that is loading apart. Waits, and asks `goes_on` again and again whether to.
  // Errors: kCancelled, kOverloaded (memory refused).
  Status EraseDeleted(const std::function<bool()>& goes_on) {
    return keeper_.EraseDeleted(goes_on);
  }
  const CollectionsOptions& options() const { return options_; }

 private:
  using CollectionPointer = CollectionsKeeper::CollectionPointer;
  using Name = std::pair<CollectionScope, std::string>;

  Status ReadAll();
  std::vector<CollectionPointer> All() const;
  CollectionPointer Pointer(const CollectionScope& scope, const std::string& name) const;
  // Errors: kNotFound, and as usable().
  Result<CollectionPointer> Open(const CollectionScope& scope, const std::string& name) const;
  Status CheckTakesWrites() const;
  Result<bool> CreateInTurn(const CollectionScope& scope, const CollectionSpec& spec);
  Result<bool> DropInTurn(const CollectionScope& scope, const std::string& name);
  std::size_t CountIn(const CollectionScope& scope) const;

  Store& store_;
  const Clock& clock_;
  const CollectionsOptions options_;
  MemoryBudget memory_;
  // A thread for each collection that is written to at the moment, up to a few; they wait for
  // disks.
  WorkerPool writers_{{8, 4096}};
  const CollectionContext context_;
  std::atomic<bool> stopping_{false};
  bool started_ = false;  // successfully
  mutable Mutex mutex_;
  std::map<Name, CollectionPointer> table_ LARDER_GUARDED_BY(mutex_);
  std::uint64_t next_id_ LARDER_GUARDED_BY(mutex_) = 1;
  Status usable_ LARDER_GUARDED_BY(mutex_);
  // Creates and drops, one after another.
  GroupQueue<const std::function<void()>> administration_;
  CollectionsKeeper keeper_;
};

}  // namespace larder

// VectorSpace: points (an id, a vector, metadata) of one dimension and metric, and those nearest to
// a query. Small spaces are compared whole; above a crossover an HNSW graph over compact rows is
// walked and its best candidates are ranked again by their float32 values.
//
// A point is found from the moment its Upsert returns: new points stand in an exact tail in front
// of the graph until Work() links them. Removed and replaced points stay in the graph as steps of
// the walk; when they are more than a quarter, Work() builds it anew from the others.
//
// Thread-safety: every method may be called from any thread. Searches run beside everything and
// wait for nothing longer than the storing of one point. Writers wait for each other; one that
// finds the tail full links a point itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/secret_key.h"
#include "vector/fair_shared_mutex.h"
#include "vector/filter.h"
#include "vector/metadata.h"
#include "vector/metric.h"
#include "vector/row_codec.h"

namespace larder {

class SnapshotReader;

struct Neighbour {
  std::string id;
  float score = 0.0F;  // as Metric says
};

struct SearchOptions {
  std::size_t k = 10;              // at least 1
  std::size_t ef_search = 0;       // candidates of a walk; 0: the space's default; raised to k
  bool exact = false;              // compare with every vector
  const Filter* filter = nullptr;  // only points that match; outlives the call
};

struct SearchAnswer {
  std::vector<Neighbour> neighbours;  // nearest first; of equals the one stored earlier first
  bool exact = false;                 // every vector was considered: recall is 1
};

class VectorSpace {
 public:
  struct Options {
    std::size_t dim = 0;  // [1, 65536]
    Metric metric = Metric::kCosine;
    Storage storage = Storage::kInt8;
    std::size_t m = 20;                 // the paper's M, in [2, 1024]
    std::size_t ef_construction = 200;  // at least 1; raised to M
    std::size_t ef_search = 100;        // at least 1
    std::size_t exact_below = 4000;     // up to so many points no graph is made
    std::size_t tail = 5000;            // the most points that wait to be linked
    // An existing directory of this space alone, for the float32 vectors of a large space and for
    // snapshots; empty: everything in memory.
    std::string directory;
    // What snapshots are encrypted with; the float32 vectors then stay in memory. nullptr: they are
    // not. Outlives the space.
    const SecretKeys* keys = nullptr;
  };

  // Vector files that an earlier space left in the directory are removed.
  // Errors: kInvalidArgument (an option out of its range), kOverloaded (memory refused).
  static Result<std::unique_ptr<VectorSpace>> Create(const Options& options);
  ~VectorSpace();
  VectorSpace(const VectorSpace&) = delete;
  VectorSpace& operator=(const VectorSpace&) = delete;

  const Options& options() const { return options_; }
  std::size_t dim() const { return options_.dim; }

  struct Point {
    std::string_view id;            // 1 to 65,535 bytes
    std::span<const float> vector;  // dim finite components; for kCosine not all zero
    const Metadata* metadata = nullptr;
  };
  // Stores a point in place of an earlier one of this id; it is found from then on. After an error
  // the earlier one stays.
  // Errors: kInvalidArgument, kOverloaded (memory refused), kIo (no room for the float32 vector).
  Status Upsert(const Point& point);
  // False when there is no such point.
  bool Remove(std::string_view id);
  bool SetMetadata(std::string_view id, const Metadata& metadata);

  bool Contains(std::string_view id) const;
  // The vector as it is compared: of unit length for kCosine.
  std::optional<std::vector<float>> VectorOf(std::string_view id) const;
  // In the order in which they were stored.
  std::vector<std::string> Matching(const Filter& filter) const;
  std::vector<std::string> Ids() const;

  // At most k points, fewer if fewer are stored or match. `query` obeys the rules of a point's
  // vector. Errors: kInvalidArgument, kOverloaded (memory refused).
  Result<SearchAnswer> Search(std::span<const float> query, const SearchOptions& options) const;

  std::size_t size() const;
  // Bytes of memory, within 10 %; not the system's cache of the vector file, nor the second graph
  // while one is built anew.
  std::size_t memory_bytes() const;
  // About what memory_bytes() will grow by when a point of such an id is stored; metadata apart.
  std::size_t UpsertBytes(std::size_t id_bytes) const;

  // Does about so many inserts' worth of what is due: linking the tail, building anew. False when
  // nothing is left to do. Searches go on meanwhile; others that call it wait.
  bool Work(std::size_t inserts);
  // Memory is short: building anew is due from the next Work() on even where less is dead.
  void Reclaim() { reclaim_ = true; }
  // Nothing may be left of what has been removed or replaced so far: building anew is due from the
  // next Work() on, should it be for a single point. What is saved once is_erasing() is false has
  // nothing of them, and the files that had are removed with it.
  void Erase();
  // False as well when memory for building anew was refused: erase_failed() is true then.
  bool is_erasing() const { return erased_.load() < erase_asked_.load(); }
  bool erase_failed() const { return erase_failed_.load(); }
  bool has_removed() const;
  struct Progress {
    std::size_t waiting = 0;  // points not linked yet, of a space that has grown beyond exact_below
    bool rebuilding = false;
  };
  Progress progress() const;

  // Writes what Load() needs to `path`, whole or not at all, and makes it durable. `watermark` is
  // the caller's: everything up to it is in. Searches and writers go on meanwhile, Work() waits.
  // Errors: kIo.
  Status Save(const std::string& path, std::uint64_t watermark);
  struct Loaded {
    std::unique_ptr<VectorSpace> space;
    std::uint64_t watermark = 0;
  };
  // A space as it was saved; its metadata is not: set it again. Everything that was read is checked
  // against its checksums. Errors: kNotFound (no snapshot), kCorruption (torn, altered, of another
  // format version or other options than dim, metric, storage and m), kIo, kOverloaded.
  static Result<Loaded> Load(const std::string& path, const Options& options);

 private:
  struct Contents;
  struct Rebuild;
  class Query;
  using ContentsPointer = std::shared_ptr<Contents>;  // owned by the space and by searches

  explicit VectorSpace(const Options& options);
  static Status CheckOptions(const Options& options);
  Result<ContentsPointer> MakeContents(std::size_t capacity) LARDER_REQUIRES(work_);
  std::size_t CapacityFor(std::size_t points) const;
  ContentsPointer Current() const;
  void Publish(ContentsPointer contents);

  Status Store(const Point& point, const float* vector) LARDER_EXCLUDES(work_);
  Status Grow() LARDER_EXCLUDES(work_);
  // A copy with room for more.
  Result<ContentsPointer> GrownFrom(const Contents& full) LARDER_REQUIRES(work_);
  void LinkWaiting(std::size_t inserts) LARDER_REQUIRES(work_);
  bool RebuildDue() const LARDER_REQUIRES(work_);
  void ContinueRebuild(std::size_t inserts) LARDER_REQUIRES(work_);
  Status CopyNext(std::size_t inserts) LARDER_REQUIRES(work_);
  Status CopyOne() LARDER_REQUIRES(work_);
  Status FinishRebuild() LARDER_REQUIRES(work_);
  // Of a snapshot: which slots are live, and the ids.
  static Status ReadPoints(std::size_t size, Contents& contents, SnapshotReader& reader);
  // Vector files in the directory that are not in use.
  void RemoveOtherFiles() LARDER_REQUIRES(work_);
  void RemoveFilesNotInUse() LARDER_REQUIRES(work_);

  const Options options_;
  const RowCodec codec_;
  // Taken in this order. work_: linking, growing, building anew, saving. writer_: points.
  mutable FairSharedMutex work_;
  Mutex writer_;
  mutable Mutex contents_mutex_;
  ContentsPointer contents_ LARDER_GUARDED_BY(contents_mutex_);
  std::unique_ptr<Rebuild> rebuild_ LARDER_GUARDED_BY(work_);
  std::atomic<bool> rebuilding_{false};
  std::atomic<bool> reclaim_{false};
  // Calls of Erase(): all, those before the rebuild under way began, those that are done with.
  std::atomic<std::uint64_t> erase_asked_{0};
  std::uint64_t erase_begun_ LARDER_GUARDED_BY(work_) = 0;
  std::atomic<std::uint64_t> erased_{0};
  std::atomic<bool> erase_failed_{false};
  std::size_t rebuild_refused_at_ LARDER_GUARDED_BY(work_) = 0;  // dead slots
  // Slots whose metadata was set since the rebuild began: what it has copied may be old.
  std::vector<std::uint32_t> metadata_changes_ LARDER_GUARDED_BY(writer_);
};

}  // namespace larder

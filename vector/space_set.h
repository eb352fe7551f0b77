// SpaceSet: vector spaces by name, under one bound on their memory, with snapshots below one
// directory.
//
// A name is an opaque string of the caller's making (say partition, model and dimension); names are
// not read here. Thread-safety: every method may be called from any thread. Spaces do not wait for
// each other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "vector/vector_space.h"

namespace larder {

using SpaceKey = std::string;

struct SpaceInfo {
  SpaceKey name;
  std::size_t dim = 0;
  std::size_t size = 0;  // points
  std::size_t memory_bytes = 0;
  VectorSpace::Progress progress;
};

class SpaceSet {
 public:
  struct Options {
    std::size_t memory_bytes = std::size_t{1} << 30;  // of all spaces together
    VectorSpace::Options space = {};  // of each; dim and directory are set by the set
    // Each space has a folder of its own in it; empty: no vector files and no snapshots.
    std::string directory;
  };

  explicit SpaceSet(const Options& options) : options_(options) {}
  SpaceSet(const SpaceSet&) = delete;
  SpaceSet& operator=(const SpaceSet&) = delete;

  // As VectorSpace::Upsert; creates the space on first use.
  // Errors: kInvalidArgument (dim is 0 or not the space's; as VectorSpace::Upsert); kOverloaded:
  // the spaces together would exceed Options::memory_bytes, or memory was refused; kIo. After an
  // error the space is as it was and was not created; kOverloaded is counted by refused().
  Status Upsert(const SpaceKey& space, std::size_t dim, const VectorSpace::Point& point);

  // As VectorSpace::Search. Empty and exact when there is no such space, whatever the query.
  Result<SearchAnswer> Search(const SpaceKey& space, std::span<const float> query,
                              const SearchOptions& options) const;

  // False when there is no such space or point. The space stays when its last point goes.
  bool Remove(const SpaceKey& space, std::string_view id);
  bool Contains(const SpaceKey& space, std::string_view id) const;

  // False when there is no such space. Its folder goes with it; waits for a save of it.
  bool DropSpace(const SpaceKey& space);

  // Does about so many inserts' worth of background work in each space; false when nothing is left.
  bool Work(std::size_t inserts);

  // Nothing may be left of the points that have been removed or replaced so far: Work() builds
  // their spaces anew. Once FinishErasing has told that it is done, and was followed by Save and
  // RemoveOtherFolders, nothing is on the disk either.
  void EraseRemoved();
  // nullopt: not yet. Errors: kOverloaded (memory for building anew was refused; what was removed
  // is still there, and not found).
  std::optional<Status> FinishErasing();
  // Removes the folders of spaces that there are not, such as could not be read.
  void RemoveOtherFolders();

  // Saves every space that changed since it was last saved, into its folder. `watermark` as
  // VectorSpace::Save. Errors: kIo, kOverloaded (of the first that failed; the others are saved).
  Status Save(std::uint64_t watermark);
  struct Loaded {
    std::size_t spaces = 0;
    std::vector<std::string> problems;  // a sentence for each snapshot that was not used
  };
  // Loads what was saved; to be called before anything else. What cannot be used is removed, but
  // for what could not be read.
  Loaded Load();
  // The watermark that the space was loaded with; nullopt for one that was not.
  std::optional<std::uint64_t> WatermarkOf(const SpaceKey& space) const;

  // To read one space by itself; nullptr when there is none. Owned by the set and the caller: it
  // stays readable after DropSpace, but nobody writes to it any more.
  std::shared_ptr<const VectorSpace> Find(const SpaceKey& space) const;

  // Every space, ordered by name. Figures of different spaces may be of different moments.
  std::vector<SpaceInfo> List() const;

  // Spaces; the points in all of them; their memory as VectorSpace::memory_bytes counts it, with
  // what Upserts under way have reserved.
  std::size_t space_count() const;
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  std::size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }
  // Upserts answered with kOverloaded since construction.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Space;
  using SpacePointer = std::shared_ptr<Space>;  // owned by the table and by calls under way

  SpacePointer FindSpace(const SpaceKey& name) const LARDER_EXCLUDES(mutex_);
  std::vector<SpacePointer> AllSpaces() const LARDER_EXCLUDES(mutex_);
  // The space of this name, made when absent.
  Result<SpacePointer> FindOrMakeSpace(const SpaceKey& name, std::size_t dim)
      LARDER_EXCLUDES(mutex_);
  // nullopt when the space was dropped before it could be locked: look the name up again.
  std::optional<Status> UpsertInto(const SpacePointer& space, std::size_t dim,
                                   const VectorSpace::Point& point) LARDER_EXCLUDES(mutex_);
  // Brings the totals from what was last counted, and from `reserved`, to what the space holds now.
  void Settle(Space& space, std::size_t reserved);
  // Adds `bytes` to memory_bytes_ unless that would exceed the bound.
  bool Reserve(std::size_t bytes);
  // Takes `space` out of the table unless another has its name by now.
  void Forget(const SpacePointer& space) LARDER_EXCLUDES(mutex_);
  std::string FolderOf(const SpaceKey& name) const;
  Result<SpacePointer> LoadFrom(const std::string& folder) const;
  Status SaveOne(Space& space, std::uint64_t watermark);
  bool WorkInEach(std::size_t inserts) LARDER_EXCLUDES(mutex_);

  const Options options_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> memory_bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
  // Held while a space is made or dropped, across the I/O on its folder: who makes one finds none
  // of that name half gone. Taken before mutex_.
  Mutex folders_;
  mutable Mutex mutex_;
  std::unordered_map<SpaceKey, SpacePointer> spaces_ LARDER_GUARDED_BY(mutex_);
  std::vector<SpacePointer> erasing_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

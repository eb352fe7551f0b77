// CollectionsKeeper: the background thread of all collections. It loads them at start, one after
// another; then links what was written into the graphs, removes what dropped collections leave, and
// writes snapshots. It yields to serving. Thread-safety: every method from any thread; Start and
// Stop from one.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "proxy/search/collection.h"

namespace larder {

class CollectionsKeeper {
 public:
  using CollectionPointer = std::shared_ptr<Collection>;  // owned by the table and calls under way

  // `context` outlives it. `all` tells which collections there are, from any thread.
  CollectionsKeeper(const CollectionContext& context,
                    std::function<std::vector<CollectionPointer>()> all)
      : context_(context), all_(std::move(all)) {}
  // As Stop.
  ~CollectionsKeeper();

  // Removes the folders of collections that are no more, then starts the thread.
  void Start();
  // Ends what is under way and writes the snapshots that are due. Further calls do nothing.
  void Stop();

  // Loads now, not at its time, what could not be loaded, and removes what could not be removed.
  void LoadSoon();
  // There may be something to link.
  void Wake();
  // Removes the points, the snapshot and in the end the last trace of a dropped collection.
  void Remove(std::uint64_t id);
  // Nothing may be left, in memory or in snapshots, of the points that were deleted so far.
  // Errors: as Collection::EraseDeleted.
  Status EraseDeleted(const std::function<bool()>& goes_on);
  // Writes the snapshots that are due now, not at their time.
  void SaveSnapshots();

 private:
  void Run();
  void SweepFolders() const;
  void LoadAll();
  void RemoveDropped();
  Status RemovePoints(std::uint64_t id) const;
  bool LinkSome() const;  // false when nothing is left to do
  bool stopping() const { return stopping_.load(); }

  const CollectionContext& context_;
  const std::function<std::vector<CollectionPointer>()> all_;
  std::atomic<bool> stopping_{false};
  Mutex saving_;  // one saves at a time; held over the writing of snapshots
  Mutex mutex_;
  CondVar changed_;
  bool woken_ LARDER_GUARDED_BY(mutex_) = false;
  std::atomic<bool> load_soon_{false};
  std::vector<std::uint64_t> to_remove_ LARDER_GUARDED_BY(mutex_);
  std::vector<std::uint64_t>
      not_removed_;  // of the thread: they wait for LoadSoon or the next start
  std::thread thread_;
};

}  // namespace larder

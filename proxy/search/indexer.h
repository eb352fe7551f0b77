// Indexer: makes every embedded text findable. A background thread takes embeddings as they are
// stored and puts them into one vector space per (partition, namespace, upstream, model,
// dimension). A point's id is the 32 bytes of its cache key.
//
// The index is derived data: what is missing from it is in the store. At start the thread loads the
// snapshots of the spaces, then adds what the store has beyond them; the proxy serves meanwhile.
// Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cache/embedding_cache.h"
#include "vector/space_set.h"

namespace larder {

struct IndexerOptions {
  bool index_cached_inputs = true;  // off: nothing is indexed, searches find nothing
  std::size_t queue_limit =
      100'000;  // embeddings waiting; beyond it new ones wait for the next start
  std::chrono::seconds snapshot_interval{900};  // how often what changed is saved
  std::chrono::seconds sweep_interval{3600};    // how often what has expired is taken out
};

class Indexer {
 public:
  // Told of what an operator should know: a snapshot that was not used, one that was not written.
  using Report = std::function<void(const std::string& problem)>;
  // Told of every saving of the spaces, by the indexer's thread, once it has ended.
  using Saved =
      std::function<void(WallTime started, std::chrono::milliseconds took, const Status& outcome)>;

  // All outlive the indexer.
  Indexer(Store& store, const Clock& clock, SpaceSet& spaces, std::chrono::seconds lifetime,
          IndexerOptions options, Report report = {});
  ~Indexer();

  // Set before Start.
  void set_saved(Saved saved) { saved_ = std::move(saved); }

  // Starts the thread: first what was saved and what is missing from it, then what is queued.
  void Start();
  // Finishes the embedding at hand, saves the spaces and ends the thread; what is queued stays in
  // the store.
  void Stop();

  // Lets the thread save the spaces soon, not at their time.
  void SaveSoon();

  // The store was not whole for a time: lets the thread look for what is missing once more.
  void LookAgain();

  // Takes a stored embedding. Quick; never blocks. Tokens are not indexed: there is no text to
  // show.
  void Enqueue(const NewEmbedding& added);

  // The name of the space that holds texts of this scope and model with `dim` components.
  static SpaceKey SpaceOf(const std::string& partition, const std::string& name_space,
                          const std::string& upstream, const std::string& model, std::size_t dim);
  // The cache key that a point of a space is named after.
  static CacheKey KeyOf(std::string_view id);

  // The record of a cached input: nullopt when there is none. One whose write still waits, which
  // other reads pass over, is waited for. Errors: kIo, kCorruption.
  static Result<std::optional<std::string>> ReadInput(const Store& store, std::string_view key);
  // Forgets an embedding that is no longer stored; one that waits to be indexed is then not.
  void Forget(const SpaceKey& space, const CacheKey& key);
  // Forgets everything; nothing of it is stored any more.
  void ForgetAll();
  // Nothing may be left, in memory or on the disk, of what has been forgotten so far: waits until
  // the thread has built the spaces concerned anew and saved them. Asks `goes_on` some times a
  // second whether to go on waiting. Not on the indexer's thread.
  // Errors: kCancelled (told so, or it stops), kOverloaded (memory refused), kIo.
  Status EraseForgotten(const std::function<bool()>& goes_on);
  // Takes out everything that has expired or left the store. Returns how many that were.
  std::size_t Sweep();

  bool ready() const { return ready_.load(); }  // everything stored is indexed, but for the queue
  // Share of the stored texts that has been looked at since the start; in [0, 1].
  double progress() const;
  std::size_t queued() const;                                // embeddings waiting
  std::uint64_t dropped() const { return dropped_.load(); }  // not taken because the queue was full

 private:
  struct Item {
    CacheKey key;
    SpaceKey space;
    EmbeddingPointer entry;
    std::uint64_t forgotten = 0;  // as forgotten_ was when it was stored
  };

  void Run();
  void LoadSnapshots();
  void AddWhatIsMissing();
  // `forgotten`: as forgotten_ was when it was known to be stored.
  void Index(const CacheKey& key, const SpaceKey& space, const EmbeddingEntry& entry,
             std::uint64_t forgotten);
  std::optional<Item> TakeItem(MonoTime until);
  Status Save();
  // The steps of EraseForgotten, on the indexer's thread.
  void BeginErasing();
  void FinishErasing();
  bool IsStored(const CacheKey& key) const;
  bool IsIndexed(const SpaceKey& space, std::string_view key, const RecordStamp& stamp) const;
  bool stopping() const { return stopping_.load(); }

  Store& store_;
  const Clock& clock_;
  SpaceSet& spaces_;
  const std::chrono::seconds lifetime_;
  const IndexerOptions options_;
  const Report report_;
  Saved saved_;
  std::atomic<bool> save_soon_{false};
  std::atomic<bool> look_again_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ready_{false};
  std::atomic<std::uint64_t> looked_at_{0};
  std::atomic<std::uint64_t> to_look_at_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> forgotten_{0};  // calls of Forget and ForgetAll
  mutable Mutex queue_mutex_;
  CondVar queue_changed_;
  std::deque<Item> queue_ LARDER_GUARDED_BY(queue_mutex_);
  // Calls of EraseForgotten: all, those that are being done, those that are done with.
  std::uint64_t erase_asked_ LARDER_GUARDED_BY(queue_mutex_) = 0;
  std::uint64_t erase_begun_ LARDER_GUARDED_BY(queue_mutex_) = 0;
  std::uint64_t erased_ LARDER_GUARDED_BY(queue_mutex_) = 0;
  Status erase_outcome_ LARDER_GUARDED_BY(queue_mutex_);
  // The lengths that vectors of one scope and model have had: a text is in the space of one alone.
  // Of the indexer's thread.
  std::unordered_map<std::string, std::vector<std::uint32_t>> dims_of_;
  std::thread thread_;
};

}  // namespace larder

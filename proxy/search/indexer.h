// Indexer: makes every embedded text findable. A background thread takes embeddings as they are
// stored and puts them into one vector space per (partition, namespace, upstream, model,
// dimension); at start it rebuilds the spaces from the store while the proxy serves.
//
// The index is derived data: what is missing from it is in the store. Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <string>
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
};

class Indexer {
 public:
  // All outlive the indexer.
  Indexer(Store& store, const Clock& clock, SpaceSet& spaces, std::chrono::seconds lifetime,
          IndexerOptions options);
  ~Indexer();

  // Starts the thread: first the rebuild, then what is queued.
  void Start();
  // Finishes the embedding at hand and ends the thread; what is queued stays in the store.
  void Stop();

  // Takes a stored embedding. Quick; never blocks. Tokens are not indexed: there is no text to
  // show.
  void Enqueue(const NewEmbedding& added);

  // The name of the space that holds texts of this scope and model with `dim` components.
  static SpaceKey SpaceOf(const std::string& partition, const std::string& name_space,
                          const std::string& upstream, const std::string& model, std::size_t dim);

  // The key behind a label that a search returned; nullopt for one that is not there (any more).
  std::optional<CacheKey> KeyOf(std::uint64_t label) const;
  // Forgets an embedding that is no longer stored.
  void Forget(std::uint64_t label);

  bool ready() const { return ready_.load(); }               // the rebuild has finished
  std::size_t queued() const;                                // embeddings waiting
  std::uint64_t dropped() const { return dropped_.load(); }  // not taken because the queue was full

 private:
  struct Item {
    CacheKey key;
    SpaceKey space;
    EmbeddingPointer entry;
  };

  void Run();
  void Rebuild();
  void Index(const CacheKey& key, const SpaceKey& space, const EmbeddingEntry& entry);
  bool stopping() const { return stopping_.load(); }

  Store& store_;
  const Clock& clock_;
  SpaceSet& spaces_;
  const std::chrono::seconds lifetime_;
  const IndexerOptions options_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ready_{false};
  std::atomic<std::uint64_t> dropped_{0};
  mutable Mutex queue_mutex_;
  CondVar queue_changed_;
  std::deque<Item> queue_ LARDER_GUARDED_BY(queue_mutex_);
  mutable Mutex labels_mutex_;
  struct Labelled {
    CacheKey key;
    SpaceKey const* space = nullptr;
  };
  std::vector<Labelled> labels_
      LARDER_GUARDED_BY(labels_mutex_);  // by label; an empty space: forgotten
  std::unordered_map<CacheKey, std::uint64_t, DigestHash> label_of_
      LARDER_GUARDED_BY(labels_mutex_);
  std::unordered_map<SpaceKey, std::unique_ptr<SpaceKey>> space_names_
      LARDER_GUARDED_BY(labels_mutex_);
  std::thread thread_;
};

}  // namespace larder

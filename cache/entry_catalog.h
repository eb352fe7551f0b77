// EntryCatalog: reads the entries of the cache for people and for purges: a page of them in the
// order of their keys, or one whole. What stands in a memory tier alone, because the store refused
// it, is not seen; what still waits to be written is waited for. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "cache/entry_filter.h"
#include "cache/response_cache.h"
#include "cache/store.h"

namespace larder {

struct CatalogEntry {
  EntryLayer layer = EntryLayer::kEmbeddings;
  CacheKey key{};
  RecordStamp stamp;
  std::uint64_t bytes = 0;  // of its records, as stored
  InputRecord input;        // of an embedding
  // Of an embedding; absent when it was not asked for.
  std::optional<EmbeddingEntry> embedding;
  ResponseEntry response;  // of an answer

  // The views are of this entry.
  EntryFacts Facts() const;
};

class EntryCatalog {
 public:
  // Both outlive it.
  EntryCatalog(const Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // When a page ends, whichever comes first. Constant memory: a page holds at most `bytes` of
  // entries and the one that went beyond.
  struct Bounds {
    std::size_t entries = 50;
    std::size_t scanned = 20'000;
    std::size_t bytes = 8U << 20;
    std::chrono::milliseconds time{250};
    bool with_vectors = false;  // CatalogEntry::embedding is wanted
  };
  struct Page {
    std::vector<CatalogEntry> entries;
    std::optional<CacheKey> last;  // the last key looked at; nullopt: there is nothing behind it
    std::uint64_t scanned = 0;
  };
  // Those entries of the layer, behind the key `after`, for which `wanted` is true. It is called
  // with every entry in order, without its vector, and must be quick. What is damaged, or has lost
  // its vector, is passed over.
  // Errors: kIo, kCorruption.
  Result<Page> Scan(EntryLayer layer, const std::optional<CacheKey>& after, const Bounds& bounds,
                    const std::function<bool(const CatalogEntry&)>& wanted) const;
  // With its vector. nullopt when there is none, or it is damaged. Errors: kIo, kCorruption.
  Result<std::optional<CatalogEntry>> Find(EntryLayer layer, const CacheKey& key) const;
  // Whether a key of the layer begins with these digits. Precondition: IsKeyPrefix(digits).
  Result<bool> HasKeyWith(EntryLayer layer, std::string_view digits) const;
  // How many entries there are: exactly where they are few, estimated where they are many.
  std::uint64_t CountOf(EntryLayer layer) const;

 private:
  Status AddVectors(std::vector<CatalogEntry>& entries, bool keep) const;

  const Store& store_;
  const Clock& clock_;
};

}  // namespace larder

// Importer: puts the lines of an import into the caches as they come. Thread-safety: none; one
// import, one thread.
#pragma once

#include <unordered_set>
#include <vector>

#include "cache/embedding_cache.h"
#include "cache/response_cache.h"
#include "proxy/admin/acting_for.h"
#include "proxy/admin/entry_lifetimes.h"
#include "proxy/admin/entry_line.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

struct ImportCounts {
  std::uint64_t lines = 0;     // read, and what they asked for was done
  std::uint64_t imported = 0;  // entries stored
  std::uint64_t skipped = 0;   // entries that have expired, or have a newer one in their place
};

class Importer {
 public:
  // All outlive it. `acting_for`: whose vectors are those without a key.
  Importer(EmbeddingsService& embeddings, ResponseCache& responses, const EntryLifetimes& lifetimes,
           const Clock& clock, ActingFor acting_for)
      : service_(embeddings),
        responses_(responses),
        lifetimes_(lifetimes),
        clock_(clock),
        acting_for_(std::move(acting_for)) {}

  // Takes one line; what it holds is stored with those around it. Blank lines are nothing.
  // Errors: kInvalidArgument (the line is wrong, and nothing of it was taken); those of Flush.
  Status Take(std::string_view line);
  // Stores what was taken. Errors: kIo, kCorruption; what was not stored is not counted.
  Status Flush();

  const ImportCounts& counts() const { return counts_; }

 private:
  NewEmbedding FromOwn(OwnVector own) const;
  bool IsExpired(const RecordStamp& stamp, std::chrono::seconds configured) const;
  Status MakeRoomFor(const CacheKey& key);
  Status FlushEmbeddings();
  Status FlushAnswers();

  EmbeddingsService& service_;
  ResponseCache& responses_;
  const EntryLifetimes& lifetimes_;
  const Clock& clock_;
  const ActingFor acting_for_;
  ImportCounts counts_;
  std::uint64_t taken_lines_ = 0;
  std::size_t taken_bytes_ = 0;
  std::vector<NewEmbedding> embeddings_;
  std::vector<StoredAnswer> answers_;
  std::unordered_set<CacheKey, DigestHash> keys_;  // of both
};

}  // namespace larder

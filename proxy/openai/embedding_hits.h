// EmbeddingHits: embeddings requests whose every input is fresh in memory (the memory tier, or the
// store's block cache), answered at once. The same as EmbeddingsHandler gives, or nothing: whatever
// is out of the ordinary (a body that is not right, a member twice, a mixed batch, an input not in
// memory) is declined. Thread-safety: none; one for each loop.
#pragma once

#include <vector>

#include "proxy/cache_status.h"
#include "proxy/hit_request.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

class EmbeddingHits {
 public:
  static constexpr std::size_t kMaxInputs = 256;
  // Vectors whose numbers have to be printed, at 25 us each.
  static constexpr std::size_t kMaxPrinted = 16;
  // Of an answer: more would keep the loop from others.
  static constexpr std::size_t kMaxAnswerBytes = 4U << 20;

  // `service` outlives it.
  EmbeddingHits(EmbeddingsService& service, const Clock& clock)
      : service_(service), clock_(clock) {}

  // True: `body` was replaced by the answer's, `status` and `model` were set. False: declined;
  // they may have changed.
  bool Answer(const HitRequest& request, CacheStatus& status, std::string& model,
              std::string& body);

 private:
  struct Asked;
  bool Read(JsonElement root, Asked& asked) const;
  bool FindAll(const Digest& scope, JsonElement input, const FreshnessLimits& limits);
  bool FindText(const Digest& scope, std::string_view text, const FreshnessLimits& limits);
  bool FindTokens(const Digest& scope, JsonArray tokens, const FreshnessLimits& limits);
  bool Take(const CacheKey& key, const FreshnessLimits& limits);
  bool CanPrint() const;
  void KeepPrinted();

  EmbeddingsService& service_;
  const Clock& clock_;
  std::vector<EmbeddingPointer> entries_;
  std::vector<CacheKey> keys_;
  std::size_t from_store_ = 0;
  std::string token_bytes_;
};

}  // namespace larder

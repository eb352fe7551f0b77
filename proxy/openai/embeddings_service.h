// EmbeddingsService: embeds inputs through the cache. Each input is looked up by its own key; only
// misses go upstream, each once, however many batches ask at the same time. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/embedding_cache.h"
#include "cache/flight_table.h"
#include "proxy/openai/embeddings_request.h"
#include "proxy/request_context.h"
#include "proxy/upstream/upstream.h"

namespace larder {

struct EmbeddingsServiceOptions {
  std::size_t max_upstream_batch = kMaxEmbeddingInputs;  // inputs per upstream call, [1, 2048]
  std::size_t max_reply_bytes = 256U << 20;              // of one upstream answer
  bool share_all = false;  // one partition for everybody (cache.embeddings.share = "all")
  std::chrono::milliseconds upstream_timeout{
      600'000};  // for the head, and between pieces of the body
};

// An answer of upstream that is no embeddings: to be passed on unchanged.
struct UpstreamRefusal {
  int status = 0;
  Headers headers;
  std::string body;
};

struct EmbedOutcome {
  std::vector<EmbeddingPointer> entries;  // one an input, in request order; empty when refused
  std::optional<UpstreamRefusal> refusal;
  Headers upstream_headers;  // of the last upstream answer; empty without one
};

class EmbeddingsService {
 public:
  // All outlive the service. `via` is this server's Via value.
  EmbeddingsService(EmbeddingCache& cache, Upstream& upstream, const Clock& clock, std::string via,
                    EmbeddingsServiceOptions options);

  // Fills context.status and context.times. `client_headers` are the request's, credential
  // included. Errors: kNotCached (only-if-cached), those of Upstream::Send, kInvalidReply.
  Result<EmbedOutcome> Embed(const EmbeddingsRequest& request, const Headers& client_headers,
                             RequestContext& context);

  const std::string& upstream_name() const { return upstream_.name(); }
  // The partition that embeddings of this request belong to.
  Partition PartitionOf(const RequestContext& context) const;

 private:
  class Flight;
  struct Job;

  void Lookup(Job& job);
  void MakeSearchable(Job& job);
  Status FetchLed(Job& job);
  Status FetchBatch(Job& job, const std::vector<std::size_t>& unique);
  Status FetchMissing(Job& job);
  bool IsSearchable(const CacheKey& key);
  void Store(Job& job, const std::vector<std::size_t>& unique, std::vector<EmbeddingEntry> entries);

  EmbeddingCache& cache_;
  Upstream& upstream_;
  const Clock& clock_;
  const std::string via_;
  const EmbeddingsServiceOptions options_;
  FlightTable<Flight> flights_;
};

}  // namespace larder

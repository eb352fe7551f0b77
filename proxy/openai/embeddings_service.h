// EmbeddingsService: embeds inputs through the cache. Each input is looked up by its own key; only
// misses go upstream, each once, however many batches ask at the same time. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/embedding_cache.h"
#include "cache/flight_table.h"
#include "proxy/insight/miss_diagnosis.h"
#include "proxy/lifetime_rules.h"
#include "proxy/openai/embeddings_request.h"
#include "proxy/openai/explanation.h"
#include "proxy/request_context.h"
#include "proxy/upstream/upstream_set.h"

namespace larder {

struct EmbeddingsServiceOptions {
  std::size_t max_upstream_batch = kMaxEmbeddingInputs;  // inputs per upstream call, [1, 2048]
  std::size_t max_reply_bytes = 256U << 20;              // of one upstream answer
  bool share_all = false;  // one partition for everybody (cache.embeddings.share = "all")
  // For all of an answer: a backstop, the upstream keeps its own timeouts.
  std::chrono::milliseconds upstream_timeout{std::chrono::hours{24}};
  LifetimeRules lifetimes;               // where none matches, the cache's own lifetime counts
  std::vector<std::string> key_headers;  // see KeyedHeaders
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
  bool mixed = false;        // cached and new vectors differ in length; there are no entries
};

class EmbeddingsService {
 public:
  // All outlive the service. `via` is this server's Via value.
  EmbeddingsService(EmbeddingCache& cache, const UpstreamSet& upstreams, const Clock& clock,
                    std::string via, EmbeddingsServiceOptions options);

  // Who says why an input was not cached, and is told what is. Set before the first request; it
  // outlives the service.
  void set_diagnosis(MissDiagnosis& diagnosis) { diagnosis_ = &diagnosis; }

  // Fills context.status and context.times. `client_headers` are the request's, credential
  // included. Errors: kForbidden (permissions), kNotCached (only-if-cached), those of
  // Upstream::Send, kInvalidReply.
  Result<EmbedOutcome> Embed(const EmbeddingsRequest& request, const Headers& client_headers,
                             RequestContext& context);

  // What Embed would do with the request, by the first upstream that it would ask. Asks nobody and
  // stores nothing.
  EmbeddingExplanation Explain(const EmbeddingsRequest& request, const Headers& client_headers,
                               RequestContext& context);

  EmbeddingCache& cache() const { return cache_; }
  const UpstreamSet& upstreams() const { return upstreams_; }
  const EmbeddingsServiceOptions& options() const { return options_; }

  // Where the embeddings of a model are kept: the upstream's name and the model's name there.
  struct Home {
    std::string upstream;
    std::string model;
  };
  Home HomeOf(std::string_view model) const;
  // The same for a caller. Errors: kForbidden (it may not use the model, or any upstream that has
  // it).
  Result<Home> HomeOf(const RequestContext& context, std::string_view model) const;
  // The partition that embeddings of this request belong to.
  Partition PartitionOf(const RequestContext& context) const;

 private:
  class Flight;
  struct Job;

  Result<EmbedOutcome> EmbedWith(Job& job);
  void Lookup(Job& job);
  void Diagnose(Job& job) const;
  EmbeddingScope ScopeOf(const Job& job) const;
  void MakeSearchable(Job& job);
  Status FetchLed(Job& job);
  Status FetchBatch(Job& job, const std::vector<std::size_t>& unique);
  Status FetchMissing(Job& job);
  bool IsSearchable(const CacheKey& key);
  void NoteStored(const Job& job, const std::vector<std::size_t>& unique);
  void Store(Job& job, const std::vector<std::size_t>& unique, std::vector<EmbeddingEntry> entries,
             bool storable);

  EmbeddingCache& cache_;
  const UpstreamSet& upstreams_;
  const Clock& clock_;
  const std::string via_;
  const EmbeddingsServiceOptions options_;
  MissDiagnosis* diagnosis_ = nullptr;
  FlightTable<Flight> flights_;
};

}  // namespace larder

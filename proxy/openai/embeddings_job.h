// One request's work in the EmbeddingsService. Internal to embeddings_service.cc and
// embeddings_diagnosis.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "cache/freshness.h"
#include "proxy/insight/request_shape.h"
#include "proxy/openai/embeddings_service.h"

namespace larder {

inline constexpr std::string_view kEmbeddingsPath = "/embeddings";  // below /v1

// What the leader of one input's key and its followers share: the entry to come.
class EmbeddingsService::Flight {
 public:
  // nullptr: the leader failed.
  void Land(EmbeddingPointer entry) {
    MutexLock lock(mutex_);
    if (landed_) return;
    landed_ = true;
    entry_ = std::move(entry);
    changed_.NotifyAll();
  }
  EmbeddingPointer Wait() {
    MutexLock lock(mutex_);
    while (!landed_) changed_.Wait(mutex_);
    return entry_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool landed_ LARDER_GUARDED_BY(mutex_) = false;
  EmbeddingPointer entry_ LARDER_GUARDED_BY(mutex_);
};

// One request's work: its distinct inputs, and what is known of each.
struct EmbeddingsService::Job {
  const EmbeddingsRequest& request;
  const Headers& headers;
  RequestContext& context;
  Upstream& upstream;
  std::chrono::seconds lifetime;
  bool renew;  // fetch every input, cached or not
  RecentPurges::Moment begun;

  bool may_read() const { return context.directives.may_read() && !renew; }
  FreshnessLimits limits() const { return context.directives.LimitsFor(lifetime); }

  std::vector<CacheKey> keys;             // of the distinct inputs
  std::vector<std::size_t> positions;     // first place of each distinct input in the request
  std::vector<std::size_t> unique_of;     // for each input, which distinct one it is
  std::vector<EmbeddingPointer> entries;  // of the distinct inputs; null until known
  std::vector<std::shared_ptr<Flight>>
      flights;  // shared with other requests; null where none is flown
  std::vector<std::unique_ptr<FlightTable<Flight>::Lead>> leads;
  EmbedOutcome outcome;

  // The record of a distinct input whose entry is known.
  NewEmbedding NewEmbeddingAt(std::size_t unique, const Partition& partition,
                              const std::string& upstream) const {
    const EmbeddingInput& input = request.inputs[positions[unique]];
    const EmbeddingPointer& entry = entries[unique];
    InputRecord record;
    record.partition = partition.id();
    record.name_space = context.directives.name_space;
    record.upstream = upstream;
    record.model = request.model;
    record.dim = static_cast<std::uint32_t>(entry->dim());
    record.kind = input.kind;
    record.query_only = entry->query_only;
    record.input = input.key_bytes;
    return {keys[unique], entry, std::move(record)};
  }

  RequestShape ShapeAt(std::size_t unique, RequestShape scope) const {
    const EmbeddingInput& input = request.inputs[positions[unique]];
    scope.AddContent(input.kind == InputKind::kText ? "input" : "tokens", input.key_bytes);
    return scope;
  }

  // Whatever way a request ends, nobody waits for it for ever.
  ~Job() {
    for (std::size_t i = 0; i < leads.size(); ++i) {
      if (leads[i] != nullptr) Land(i);
    }
  }
  // The flight ends before its followers wake, so that one that must try itself does not follow
  // again.
  void Land(std::size_t unique) {
    leads[unique].reset();
    flights[unique]->Land(entries[unique]);
  }
};

}  // namespace larder

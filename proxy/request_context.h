// RequestContext: what is known of one request beside its bytes, gathered as it passes through.
// Thread-safety: none; it travels with its request.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cache/key.h"
#include "proxy/cache_directives.h"
#include "proxy/cache_status.h"

namespace larder {

struct ClientKey;
class Meter;

// What is known of a streamed answer only at its end. Thread-safe.
struct StreamOutcome {
  std::atomic<std::int64_t> billed_tokens{0};
  std::atomic<std::int64_t> billed_completion{0};  // of these, what the model wrote
  std::atomic<bool> stored{false};
};

// Where the time went; zero where the phase did not happen.
struct PhaseTimes {
  std::chrono::microseconds parse{0};
  std::chrono::microseconds lookup{0};
  std::chrono::microseconds upstream{0};  // until the head of its answer, or until the whole of it
};

struct RequestContext {
  std::string request_id;  // ours, until upstream names one
  Partition partition;
  CacheDirectives directives;
  std::string endpoint;  // path and query as upstream gets them: "/embeddings"; "" outside the API
  std::string api_path;  // the path below /v1, or below Azure's deployment, without query
  bool from_origin =
      false;          // endpoint counts from the upstream's origin, not from its base URL (Azure)
  std::string route;  // a bounded label for metrics: "embeddings", "chat", "passthrough", "admin"
  std::string model_in_path;  // Azure's deployment; empty otherwise
  std::string model;          // as asked for, once known
  bool for_search = false;    // what is embedded is a search's query, not itself to be found
  std::string trace_id;       // as RequestRecord::trace_id
  CacheStatus status;
  PhaseTimes times;
  // Of an answer that streams: what is known at its end. Null for others; shared with the
  // recording.
  std::shared_ptr<StreamOutcome> stream_outcome = nullptr;
  // Larder's own, that the request came with; null for others. Shared with ClientKeys.
  std::shared_ptr<const ClientKey> key = nullptr;
  // Takes what the request costs; null when nothing limits the caller. Shared with renewals.
  std::shared_ptr<Meter> meter = nullptr;
};

// Measures a phase: adds the time from its making to its destruction.
class PhaseTimer {
 public:
  PhaseTimer(const Clock& clock, std::chrono::microseconds& phase)
      : clock_(clock), phase_(phase), begin_(clock.Monotonic()) {}
  ~PhaseTimer() {
    phase_ += std::chrono::duration_cast<std::chrono::microseconds>(clock_.Monotonic() - begin_);
  }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  const Clock& clock_;
  std::chrono::microseconds& phase_;
  MonoTime begin_;
};

}  // namespace larder

// Calls whose whole answer is cached: chat/completions, completions, moderations, responses,
// models. Streams are relayed as they arrive, recorded, and replayed byte for byte. Identical calls
// in flight share one upstream call. Thread-safe; the handler outlives every answer it gave.
#pragma once

#include <functional>

#include "cache/flight_table.h"
#include "cache/response_cache.h"
#include "proxy/openai/pass_through_handler.h"
#include "proxy/openai/response_policy.h"

namespace larder {

struct ResponsesOptions {
  ResponsePolicyOptions policy;
  std::size_t max_body_bytes = 25U << 20;  // a larger answer is relayed, not stored
  std::size_t stream_window_bytes = 1U << 20;
  std::chrono::milliseconds upstream_timeout{600'000};
};

class ResponsesHandler {
 public:
  // Runs work that may touch the disk somewhere else than on a front's loop.
  using Executor = std::function<void(std::function<void()>)>;

  // All outlive the handler.
  ResponsesHandler(ResponseCache& cache, Upstream& upstream, const Clock& clock, std::string via,
                   PassThroughHandler& pass_through, Executor executor, ResponsesOptions options);

  // Precondition: `endpoint` is neither kEmbeddings nor kOther; the body is whole.
  Response Handle(const Request& request, Endpoint endpoint, RequestContext& context);

 private:
  class Flight;
  struct Job;
  struct Landing;

  std::optional<Response> TryCache(Job& job);
  std::optional<Response> Follow(Job& job, Flight& flight);
  Response Lead(Job& job, Landing landing);
  Response LeadStream(Job& job, UpstreamReply reply, Landing landing);
  Response LeadWhole(Job& job, UpstreamReply reply, Landing& landing);
  Response Replay(const ResponsePointer& entry) const;

  ResponseCache& cache_;
  Upstream& upstream_;
  const Clock& clock_;
  const std::string via_;
  PassThroughHandler& pass_through_;
  const Executor executor_;
  const ResponsesOptions options_;
  FlightTable<Flight> flights_;
};

}  // namespace larder

// Calls whose whole answer is cached: chat/completions, completions, moderations, responses,
// messages, models. Streams are relayed as they arrive, recorded, and replayed byte for byte; one
// entry serves streamed and whole. Identical calls in flight share one upstream call. A stale entry
// may answer while it is renewed, and when upstream fails. Thread-safe; the handler outlives every
// answer it gave.
#pragma once

#include <array>
#include <functional>

#include "proxy/hit_request.h"
#include "proxy/insight/miss_diagnosis.h"
#include "proxy/lifetime_rules.h"
#include "proxy/openai/answer_form.h"
#include "proxy/openai/entry_policy.h"
#include "proxy/openai/explanation.h"
#include "proxy/openai/pass_through_handler.h"
#include "proxy/openai/response_flight.h"

namespace larder {

struct ResponsesOptions {
  ResponsePolicyOptions policy;
  LifetimeRules lifetimes;  // where none matches, policy.lifetime or models_lifetime counts
  std::vector<std::string> key_headers;    // see KeyedHeaders
  std::size_t max_body_bytes = 25U << 20;  // a larger answer is relayed, not stored
  std::size_t stream_window_bytes = 1U << 20;
  // Between two pieces of an answer: a backstop, the upstream keeps its own timeouts.
  std::chrono::milliseconds upstream_timeout{std::chrono::hours{24}};
};

class ResponsesHandler {
 public:
  // Runs work that may touch the disk somewhere else than on a front's loop.
  using Executor = std::function<void(std::function<void()>)>;
  // Runs the renewal of a stale entry, which waits for upstream; false when it is full.
  using Refresher = std::function<bool(std::function<void()>)>;

  // All outlive the handler.
  ResponsesHandler(ResponseCache& cache, const UpstreamSet& upstreams, const Clock& clock,
                   std::string via, PassThroughHandler& pass_through, Executor executor,
                   Refresher refresher, ResponsesOptions options);

  // Who says why nothing was cached, and is told what is. Set before the first request; it outlives
  // the handler.
  void set_diagnosis(MissDiagnosis& diagnosis) { diagnosis_ = &diagnosis; }

  // Precondition: `endpoint` is neither kEmbeddings nor kOther; the body is whole.
  Response Handle(const Request& request, Endpoint endpoint, RequestContext& context);

  struct Hit {
    ResponsePointer entry;  // goes out as it is
    CacheStatus status;
    std::string model;  // as asked for
  };
  // What Handle would answer, when that stands in memory, fresh and in the form asked for, and
  // nothing about the request is out of the ordinary; else nullopt, and Handle is to be asked.
  // Never blocks.
  std::optional<Hit> FindHit(const HitRequest& request);

  // What Handle would do with the request, by the first upstream that it would ask. Asks nobody and
  // stores nothing. Errors: kInvalidArgument (the body).
  Result<ResponseExplanation> Explain(const Request& request, Endpoint endpoint,
                                      RequestContext& context);

  // The client has deleted a stored response: the entry that carries its id is dropped. Errors:
  // kIo.
  Status Forget(const RequestContext& context, std::string_view response_id);

  // Stale entries renewed so far, and renewals that were not done because too many were under way.
  std::uint64_t refreshes() const { return refreshes_.load(std::memory_order_relaxed); }
  std::uint64_t refreshes_refused() const {
    return refreshes_refused_.load(std::memory_order_relaxed);
  }

 private:
  struct Job;
  struct Attempt;
  struct Renewal;

  std::string WhyBypass(const RequestContext& context, const ResponseRequest& parsed,
                        std::optional<std::chrono::seconds> rule) const;
  Attempt Try(Job& job);
  // Says in the status why the cache did not answer; what is near, if that is why.
  std::optional<NearTable::Near> Diagnose(Job& job) const;
  std::optional<Response> TryCache(Job& job);
  std::optional<Response> Replay(const Job& job, const ResponseEntry& entry) const;
  std::optional<Response> Follow(Job& job, ResponseFlight& flight);
  Response AnswerStale(Job& job, const ResponseEntry& entry) const;
  Attempt Lead(Job& job, ResponseLanding landing);
  // `plain`: the body is not (or no more) in a content coding.
  Attempt LeadWhole(Job& job, UpstreamReply reply, ResponseLanding& landing, bool plain);
  Response LeadStream(Job& job, UpstreamReply reply, ResponseLanding landing, bool plain);
  bool KeepsRicher(const Job& job);
  void Renew(const Job& job);
  void RunRenewal(Renewal& renewal);
  ResponseFlights& FlightsOf(AnswerForm form) { return flights_[static_cast<std::size_t>(form)]; }

  ResponseCache& cache_;
  const UpstreamSet& upstreams_;
  const Clock& clock_;
  const std::string via_;
  PassThroughHandler& pass_through_;
  const Executor executor_;
  const Refresher refresher_;
  const ResponsesOptions options_;
  MissDiagnosis* diagnosis_ = nullptr;
  // By the form asked for: who asks for another form cannot read along.
  std::array<ResponseFlights, 3> flights_;
  std::atomic<std::uint64_t> refreshes_{0};
  std::atomic<std::uint64_t> refreshes_refused_{0};
};

}  // namespace larder

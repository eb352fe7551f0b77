#include "proxy/openai/responses_handler.h"

#include "proxy/access/permissions.h"
#include "proxy/openai/errors.h"
#include "proxy/openai/response_job.h"

// The way of one request: what may be cached, what the cache has, who asks upstream. The asking
// itself is responses_upstream.cc.

namespace larder {

ResponsesHandler::ResponsesHandler(ResponseCache& cache, const UpstreamSet& upstreams,
                                   const Clock& clock, std::string via,
                                   PassThroughHandler& pass_through, Executor executor,
                                   Refresher refresher, ResponsesOptions options)
    : cache_(cache),
      upstreams_(upstreams),
      clock_(clock),
      via_(std::move(via)),
      pass_through_(pass_through),
      executor_(std::move(executor)),
      refresher_(std::move(refresher)),
      options_(std::move(options)) {}

Response ResponsesHandler::Handle(const Request& request, Endpoint endpoint,
                                  RequestContext& context) {
  context.status.layer = CacheLayer::kResponses;
  auto parsed = [&] {
    PhaseTimer timer(clock_, context.times.parse);
    return ParseResponseRequest(endpoint, request.body, options_.policy);
  }();
  if (!parsed.ok()) {
    context.status.reason = "invalid-request";
    return RenderError(parsed.error());
  }
  // Azure goes by the path, whatever the body says.
  if (!context.model_in_path.empty()) parsed->model = context.model_in_path;
  context.model = parsed->model;
  // Which models there are may be asked by everybody.
  const Status may_use =
      endpoint == Endpoint::kModels ? Status() : CheckModel(context, context.model);
  if (!may_use.ok()) {
    context.status.reason = "forbidden";
    return RenderError(may_use.error());
  }
  const auto rule = options_.lifetimes.Match(context.model, context.api_path);
  if (std::string why = WhyBypass(context, *parsed, rule); !why.empty()) {
    context.status.outcome = CacheOutcome::kBypass;
    context.status.why =
        parsed->uncacheable.empty() ? MissReason::kBypass : MissReason::kUncacheable;
    context.status.reason = std::move(why);
    return pass_through_.Handle(request, context);
  }
  const auto lifetime = rule.value_or(LifetimeOf(endpoint, options_.policy));

  ResponsePointer stale;  // the first candidate's that may answer when all of them fail
  const auto candidates =
      upstreams_.Choose(context.model, context.api_path, AllowedUpstreams(context));
  if (candidates.empty()) {
    context.status.reason = "forbidden";
    return RenderError(NoUpstreamAllowed(context));
  }
  for (std::size_t i = 0;; ++i) {
    const Candidate& candidate = candidates[i];
    context.status.upstream = upstreams_.size() > 1 ? candidate.upstream->label() : std::string();
    Job job{request, endpoint, *parsed, context, candidate, lifetime, options_.key_headers};
    job.key = DeriveResponseKey(job.KeyParts());
    job.begun = cache_.purges().Now();
    context.status.key = job.key;
    Attempt attempt = Try(job);
    if (stale == nullptr) stale = std::move(job.stale);
    if (attempt.asks_next && i + 1 < candidates.size()) continue;
    if (attempt.upstream_failed && stale != nullptr) return AnswerStale(job, *stale);
    return std::move(attempt.response);
  }
}

Status ResponsesHandler::Forget(const RequestContext& context, std::string_view response_id) {
  const auto erased = cache_.EraseById(context.partition, response_id);
  return erased.ok() ? Status() : Status(erased.error());
}

std::string ResponsesHandler::WhyBypass(const RequestContext& context,
                                        const ResponseRequest& parsed,
                                        std::optional<std::chrono::seconds> rule) const {
  if (!parsed.uncacheable.empty()) return parsed.uncacheable;
  if (context.directives.skip_cache) return "skip-cache";
  if (rule == std::chrono::seconds{0}) return "lifetime-rule";
  return {};
}

ResponsesHandler::Attempt ResponsesHandler::Try(Job& job) {
  if (auto hit = TryCache(job)) return {std::move(*hit)};
  static_cast<void>(Diagnose(job));
  const CacheDirectives& directives = job.context.directives;
  if (directives.only_if_cached) {
    return {RenderError(Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                              "only what is cached was asked for, and there is no fresh entry"}),
            true};
  }
  if (!directives.may_read() || !directives.may_store()) return Lead(job, {});

  auto joined =
      FlightsOf(job.parsed.form).Join(job.key, [] { return std::make_shared<ResponseFlight>(); });
  if (joined.lead == nullptr) {
    if (auto followed = Follow(job, *joined.state)) return {std::move(*followed)};
    // The leader came to nothing, or had ended: its answer may be stored. Else once more, alone.
    if (auto hit = TryCache(job)) return {std::move(*hit)};
    return Lead(job, {});
  }
  ResponseLanding landing(std::move(joined));
  // The answer may have been stored between the look-up and the joining.
  if (auto hit = TryCache(job)) {
    landing.entry = cache_.FindInMemory(job.key);
    return {std::move(*hit)};
  }
  return Lead(job, std::move(landing));
}

std::optional<Response> ResponsesHandler::TryCache(Job& job) {
  CacheStatus& status = job.context.status;
  const CacheDirectives& directives = job.context.directives;
  if (!directives.may_read()) {
    status.outcome = CacheOutcome::kRequest;
    return std::nullopt;
  }
  PhaseTimer timer(clock_, job.context.times.lookup);
  const auto found = cache_.Find(job.key);
  status.store_failed = found.store_failed;
  status.outcome = CacheOutcome::kMiss;
  if (found.entry == nullptr) return std::nullopt;
  const WallTime now = clock_.Now();
  const EntryVerdict verdict =
      JudgeEntry(found.entry->stamp, now, job.lifetime, directives,
                 {options_.policy.stale_while_revalidate, options_.policy.stale_if_error});
  if (verdict.on_error) job.stale = found.entry;
  status.outcome = verdict.outcome;
  if (!verdict.answers) return std::nullopt;
  auto response = Replay(job, *found.entry);
  if (!response) {
    // Stored as a stream that told no usage, and usage is asked for.
    status.outcome = CacheOutcome::kMiss;
    status.reason = "form-not-recorded";
    return std::nullopt;
  }
  status.why = MissReason::kNone;
  status.changed_field.clear();
  status.age = AgeOf(found.entry->stamp, now);
  status.ttl = TtlOf(found.entry->stamp, now, job.lifetime);
  job.CountSaved(*found.entry);
  status.revalidating = verdict.refresh;
  if (verdict.refresh) Renew(job);
  return response;
}

std::optional<Response> ResponsesHandler::Replay(const Job& job, const ResponseEntry& entry) const {
  const AnswerForm form = job.parsed.form;
  auto body = RenderAnswer(job.endpoint, entry.body, entry.is_stream, form);
  if (!body) return std::nullopt;
  Response response;
  response.status = entry.status;
  for (const auto& [name, value] : entry.fields) response.headers.Add(name, value);
  if (const bool as_stream = form != AnswerForm::kFull; as_stream != entry.is_stream) {
    response.headers.Set("content-type",
                         as_stream ? "text/event-stream; charset=utf-8" : "application/json");
  }
  response.body = std::move(*body);
  return response;
}

// RFC 5861, section 4: upstream has failed, and so have those that stand in for it.
Response ResponsesHandler::AnswerStale(Job& job, const ResponseEntry& entry) const {
  auto response = Replay(job, entry);
  if (!response) return RenderError(UpstreamError(ErrorCode::kUnavailable, "upstream failed"));
  CacheStatus& status = job.context.status;
  const WallTime now = clock_.Now();
  status.outcome = CacheOutcome::kStale;
  status.on_error = true;
  status.age = AgeOf(entry.stamp, now);
  status.ttl = TtlOf(entry.stamp, now, job.lifetime);
  job.CountSaved(entry);
  status.billed_tokens = status.billed_completion = 0;
  return std::move(*response);
}

std::optional<Response> ResponsesHandler::Follow(Job& job, ResponseFlight& flight) {
  const ResponseFlight::Landed landed = flight.Wait();
  CacheStatus& status = job.context.status;
  if (landed.entry != nullptr) {
    if (auto response = Replay(job, *landed.entry)) {
      status.collapsed = true;
      status.forward_status = landed.entry->status;
      return response;
    }
  }
  if (landed.transcript == nullptr) return std::nullopt;
  auto reader = landed.transcript->NewReader();
  if (reader == nullptr) return std::nullopt;
  status.collapsed = true;
  status.forward_status = landed.status;
  Response response;
  response.status = landed.status;
  response.headers = landed.headers;
  response.stream = std::move(reader);
  return response;
}

}  // namespace larder

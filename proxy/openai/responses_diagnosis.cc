#include "proxy/access/permissions.h"
#include "proxy/openai/response_job.h"

// Why the cache did not answer, and what it would do with a request.

namespace larder {

std::optional<NearTable::Near> ResponsesHandler::Diagnose(Job& job) const {
  CacheStatus& status = job.context.status;
  status.changed_field.clear();
  if (diagnosis_ != nullptr && diagnosis_->enabled() && job.context.directives.may_store()) {
    job.shape = ShapeOf(job.KeyParts());
  }
  if (status.outcome == CacheOutcome::kRequest) {
    status.why = MissReason::kBypass;
  } else if (status.outcome == CacheOutcome::kStale) {
    status.why = MissReason::kExpired;
  } else if (status.reason == "form-not-recorded") {
    status.why = MissReason::kChanged;
    status.changed_field = "stream_options";
  } else if (diagnosis_ != nullptr) {
    auto judged = diagnosis_->Judge(MissDiagnosis::Kind::kResponse, job.key, job.shape);
    status.why = judged.why;
    if (judged.near) status.changed_field = judged.near->field;
    return std::move(judged.near);
  }
  return std::nullopt;
}

Result<ResponseExplanation> ResponsesHandler::Explain(const Request& request, Endpoint endpoint,
                                                      RequestContext& context) {
  LARDER_ASSIGN_OR_RETURN(ResponseRequest parsed,
                          ParseResponseRequest(endpoint, request.body, options_.policy));
  if (!context.model_in_path.empty()) parsed.model = context.model_in_path;
  const auto rule = options_.lifetimes.Match(parsed.model, context.api_path);
  auto candidates = upstreams_.Choose(parsed.model, context.api_path, AllowedUpstreams(context));
  const bool has_upstream = !candidates.empty();
  if (!has_upstream) candidates = upstreams_.Choose(parsed.model, context.api_path);
  const Candidate& candidate = candidates.front();
  ResponseExplanation explanation;
  explanation.model = parsed.model;
  explanation.upstream = candidate.upstream->label();
  if (endpoint != Endpoint::kModels) {
    explanation.refused = WhyRefused(context, parsed.model, has_upstream);
  }
  explanation.lifetime = rule.value_or(LifetimeOf(endpoint, options_.policy));
  LookupExplanation& lookup = explanation.lookup;
  explanation.reason = WhyBypass(context, parsed, rule);
  if (!explanation.reason.empty()) {
    lookup.would = CacheOutcome::kBypass;
    lookup.why = parsed.uncacheable.empty() ? MissReason::kBypass : MissReason::kUncacheable;
    return explanation;
  }
  Job job{
      request, endpoint, parsed, context, candidate, explanation.lifetime, options_.key_headers};
  explanation.parts = job.KeyParts();
  job.key = lookup.key = DeriveResponseKey(explanation.parts);
  const auto found = cache_.Find(job.key);
  CacheStatus& status = context.status;
  status.outcome = CacheOutcome::kMiss;
  if (found.entry != nullptr) lookup.entry = found.entry->stamp;
  if (!context.directives.may_read()) {
    status.outcome = CacheOutcome::kRequest;
  } else if (found.entry != nullptr) {
    const EntryVerdict verdict =
        JudgeEntry(found.entry->stamp, clock_.Now(), explanation.lifetime, context.directives,
                   {options_.policy.stale_while_revalidate, options_.policy.stale_if_error});
    status.outcome = verdict.outcome;
    if (verdict.answers && !Replay(job, *found.entry)) {
      status.outcome = CacheOutcome::kMiss;
      status.reason = "form-not-recorded";
    }
  }
  lookup.would = status.outcome;
  if (lookup.would != CacheOutcome::kHit) lookup.near = Diagnose(job);
  lookup.why = status.why;
  return explanation;
}

}  // namespace larder

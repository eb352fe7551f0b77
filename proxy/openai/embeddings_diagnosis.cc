#include <algorithm>
#include <array>

#include "proxy/access/permissions.h"
#include "proxy/insight/shapes.h"
#include "proxy/openai/embeddings_job.h"

// Why inputs were not cached.

namespace larder {
namespace {

// Inputs of a batch that are looked at to say why they are missing: it tells why, not how often.
constexpr std::size_t kMostDiagnosed = 256;

}  // namespace

// Why the cache did not answer: what is true of most inputs that are missing.
void EmbeddingsService::Diagnose(Job& job) const {
  CacheStatus& status = job.context.status;
  if (status.outcome != CacheOutcome::kMiss) {
    status.why =
        status.outcome == CacheOutcome::kStale ? MissReason::kExpired : MissReason::kBypass;
    return;
  }
  if (diagnosis_ == nullptr || !diagnosis_->enabled()) return;
  const RequestShape scope = ShapeOf(ScopeOf(job));
  std::array<std::size_t, kAllMissReasons.size()> counts{};
  std::string changed;
  std::size_t judged = 0;
  for (std::size_t i = 0; i < job.keys.size() && judged < kMostDiagnosed; ++i) {
    if (job.entries[i] != nullptr) continue;
    ++judged;
    const auto diagnosis =
        diagnosis_->Judge(MissDiagnosis::Kind::kEmbedding, job.keys[i], job.ShapeAt(i, scope));
    ++counts[static_cast<std::size_t>(diagnosis.why)];
    if (diagnosis.near && changed.empty()) changed = diagnosis.near->field;
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  status.why = static_cast<MissReason>(most - counts.begin());
  if (status.why == MissReason::kChanged) status.changed_field = std::move(changed);
}

void EmbeddingsService::NoteStored(const Job& job, const std::vector<std::size_t>& unique) {
  if (diagnosis_ == nullptr || !diagnosis_->enabled()) return;
  const RequestShape scope = ShapeOf(ScopeOf(job));
  for (std::size_t i = 0; i < unique.size(); ++i) {
    diagnosis_->NoteStored(MissDiagnosis::Kind::kEmbedding, job.keys[unique[i]],
                           i < kMostDiagnosed ? job.ShapeAt(unique[i], scope) : RequestShape());
  }
}

EmbeddingExplanation EmbeddingsService::Explain(const EmbeddingsRequest& request,
                                                const Headers& client_headers,
                                                RequestContext& context) {
  auto candidates = upstreams_.Choose(request.model, kEmbeddingsPath, AllowedUpstreams(context));
  const std::string refused = WhyRefused(context, request.model, !candidates.empty());
  if (candidates.empty()) candidates = upstreams_.Choose(request.model, kEmbeddingsPath);
  const Candidate& candidate = candidates.front();
  const auto rule = options_.lifetimes.Match(request.model, kEmbeddingsPath);
  EmbeddingExplanation explanation;
  explanation.upstream = candidate.upstream->label();
  explanation.refused = refused;
  explanation.lifetime = rule.value_or(cache_.options().lifetime);
  CacheDirectives& directives = context.directives;
  if (rule == std::chrono::seconds{0}) explanation.reason = "lifetime-rule";
  if (directives.skip_cache) explanation.reason = "skip-cache";
  if (!explanation.reason.empty()) directives.skip_cache = true;

  const EmbeddingsRequest asked = WithModel(request, candidate.model);
  Job job{asked, client_headers,       context, *candidate.upstream, explanation.lifetime,
          false, cache_.purges().Now()};
  explanation.scope = ScopeOf(job);
  Lookup(job);
  const CacheOutcome otherwise = context.status.outcome;  // of a look-up that was not allowed
  const RequestShape scope = ShapeOf(explanation.scope);
  for (const std::size_t unique : job.unique_of) {
    LookupExplanation lookup;
    lookup.key = job.keys[unique];
    const auto any =
        cache_.Find({&lookup.key, 1}, {.lifetime = explanation.lifetime, .any_age = true});
    if (any.entries[0] != nullptr) lookup.entry = any.entries[0]->stamp;
    if (job.entries[unique] != nullptr) {
      lookup.would = CacheOutcome::kHit;
    } else if (!job.may_read()) {
      lookup.would = otherwise;
      lookup.why = MissReason::kBypass;
    } else if (lookup.entry) {
      const bool stale =
          FreshnessOf(*lookup.entry, clock_.Now(), job.limits()) == Freshness::kStale;
      lookup.would = stale ? CacheOutcome::kStale : CacheOutcome::kRequest;
      lookup.why = stale ? MissReason::kExpired : MissReason::kBypass;
    } else {
      lookup.why = MissReason::kCold;
      if (diagnosis_ != nullptr) {
        auto judged = diagnosis_->Judge(MissDiagnosis::Kind::kEmbedding, lookup.key,
                                        job.ShapeAt(unique, scope));
        lookup.why = judged.why;
        lookup.near = std::move(judged.near);
      }
    }
    explanation.inputs.push_back(std::move(lookup));
  }
  return explanation;
}

}  // namespace larder

#include "proxy/openai/entry_policy.h"

namespace larder {

EntryVerdict JudgeEntry(const RecordStamp& stamp, WallTime now, std::chrono::seconds lifetime,
                        const CacheDirectives& directives, const StaleOptions& stale) {
  EntryVerdict verdict;
  const Freshness freshness = FreshnessOf(stamp, now, directives.LimitsFor(lifetime));
  if (freshness == Freshness::kRefused) {
    verdict.outcome = CacheOutcome::kRequest;
    return verdict;
  }
  const auto staleness = StalenessOf(stamp, now, lifetime);
  // One that asks for the cache alone asks for no call upstream either, not even a later one.
  const bool renewable = directives.may_store() && !directives.only_if_cached;
  const bool in_window = staleness.count() >= 0 && staleness < stale.while_revalidate;
  if (freshness == Freshness::kFresh) {
    verdict.answers = true;
    verdict.refresh = in_window && renewable && !directives.any_age;
    verdict.outcome = CacheOutcome::kHit;
    return verdict;
  }
  verdict.outcome = CacheOutcome::kStale;
  // What the request says of age is the last word, whatever the server would allow.
  const bool refused = (directives.max_age && AgeOf(stamp, now) >= *directives.max_age) ||
                       directives.min_fresh.count() > 0 || directives.max_stale;
  if (refused) return verdict;
  if (in_window) {
    verdict.answers = true;
    verdict.refresh = renewable;
    verdict.outcome = CacheOutcome::kHit;
  } else {
    verdict.on_error = staleness < stale.if_error;
  }
  return verdict;
}

}  // namespace larder

#include "proxy/access/permissions.h"
#include "proxy/openai/responses_handler.h"

// The fast lane's look-up: an answer that stands in memory just as it is asked for.

namespace larder {
namespace {

constexpr std::size_t kMaxFastBody = 1U << 20;  // a longer one would keep the loop from others

// Whether the stored bytes are the answer, without being put into another form.
bool IsAsAsked(const ResponseEntry& entry, Endpoint endpoint, AnswerForm form) {
  if (!entry.is_stream) return form == AnswerForm::kFull;
  const bool tells_usage_when_asked =
      endpoint == Endpoint::kChat || endpoint == Endpoint::kCompletions;
  return form == AnswerForm::kStream && !tells_usage_when_asked;
}

}  // namespace

std::optional<ResponsesHandler::Hit> ResponsesHandler::FindHit(const HitRequest& request) {
  ResponseRequest parsed;
  if (request.endpoint != Endpoint::kModels) {
    if (!request.root) return std::nullopt;
    auto read = ParseResponseRequest(request.endpoint, *request.root, options_.policy);
    if (!read.ok() || !read->uncacheable.empty()) return std::nullopt;
    parsed = std::move(read).value();
  }
  if (request.endpoint != Endpoint::kModels && !MayUseModel(request.key, parsed.model)) {
    return std::nullopt;
  }
  const auto rule = options_.lifetimes.Match(parsed.model, request.path);
  if (rule == std::chrono::seconds{0}) return std::nullopt;
  const auto lifetime = rule.value_or(LifetimeOf(request.endpoint, options_.policy));
  const UpstreamSet::First home =
      upstreams_.ChooseFirst(parsed.model, request.path, AllowedUpstreams(request.key));
  if (home.upstream == nullptr || home.model != parsed.model) return std::nullopt;
  const CacheKey key = DeriveResponseKey(
      {KeyScope{request.partition, {}, home.upstream->name(), std::string(request.keyed_headers)},
       std::string(request.method),
       std::string(request.path),
       std::move(parsed.canonical_body),
       {}});
  auto [entry, from_store] = cache_.Peek(key);
  Hit hit{std::move(entry), {}, std::move(parsed.model)};
  if (hit.entry == nullptr || hit.entry->body.size() > kMaxFastBody ||
      !IsAsAsked(*hit.entry, request.endpoint, parsed.form)) {
    return std::nullopt;
  }
  const WallTime now = clock_.Now();
  const EntryVerdict verdict =
      JudgeEntry(hit.entry->stamp, now, lifetime, CacheDirectives(),
                 {options_.policy.stale_while_revalidate, options_.policy.stale_if_error});
  if (!verdict.answers || verdict.refresh) return std::nullopt;
  cache_.CountHit(from_store);
  hit.status.layer = CacheLayer::kResponses;
  hit.status.outcome = verdict.outcome;
  hit.status.age = AgeOf(hit.entry->stamp, now);
  hit.status.ttl = TtlOf(hit.entry->stamp, now, lifetime);
  hit.status.saved_tokens = std::max<std::int64_t>(hit.entry->prompt_tokens, 0) +
                            std::max<std::int64_t>(hit.entry->completion_tokens, 0);
  hit.status.saved_completion = std::max<std::int64_t>(hit.entry->completion_tokens, 0);
  hit.status.key = key;
  if (upstreams_.size() > 1) hit.status.upstream = home.upstream->label();
  return hit;
}

}  // namespace larder

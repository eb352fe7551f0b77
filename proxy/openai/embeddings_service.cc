#include "proxy/openai/embeddings_service.h"

#include <numeric>
#include <unordered_map>

#include "proxy/access/limiter.h"
#include "proxy/access/permissions.h"
#include "proxy/forwarding.h"
#include "proxy/openai/embeddings_job.h"
#include "proxy/openai/embeddings_reply.h"
#include "proxy/openai/usage.h"
#include "proxy/upstream/decode_content.h"

namespace larder {
namespace {

// Of what upstream did not tell the tokens of.
std::int64_t EstimateTokens(const EmbeddingsRequest& request,
                            const std::vector<std::size_t>& weights) {
  const auto weight = std::accumulate(weights.begin(), weights.end(), std::size_t{0});
  const bool texts = request.inputs.front().kind == InputKind::kText;
  return texts ? EstimatedTokensOf(weight) : static_cast<std::int64_t>(weight);
}

}  // namespace

EmbeddingsService::EmbeddingsService(EmbeddingCache& cache, const UpstreamSet& upstreams,
                                     const Clock& clock, std::string via,
                                     EmbeddingsServiceOptions options)
    : cache_(cache),
      upstreams_(upstreams),
      clock_(clock),
      via_(std::move(via)),
      options_(std::move(options)) {}

// Asks one candidate after another, each with its own entries: those of one upstream never answer
// for another.
Result<EmbedOutcome> EmbeddingsService::Embed(const EmbeddingsRequest& request,
                                              const Headers& client_headers,
                                              RequestContext& context) {
  LARDER_RETURN_IF_ERROR(CheckModel(context, request.model));
  const RecentPurges::Moment begun = cache_.purges().Now();
  const auto candidates =
      upstreams_.Choose(request.model, kEmbeddingsPath, AllowedUpstreams(context));
  if (candidates.empty()) return NoUpstreamAllowed(context);
  CacheDirectives& directives = context.directives;
  const auto rule = options_.lifetimes.Match(request.model, kEmbeddingsPath);
  if (rule == std::chrono::seconds{0}) {
    directives.skip_cache = true;
    context.status.reason = "lifetime-rule";
  }
  for (std::size_t i = 0;; ++i) {
    const Candidate& candidate = candidates[i];
    std::optional<EmbeddingsRequest> renamed;
    if (candidate.model != request.model) renamed = WithModel(request, candidate.model);
    const EmbeddingsRequest& asked = renamed ? *renamed : request;
    context.status.upstream = upstreams_.size() > 1 ? candidate.upstream->label() : std::string();
    const auto lifetime = rule.value_or(cache_.options().lifetime);
    const auto attempt = [&](bool renew) {
      Job job{asked, client_headers, context, *candidate.upstream, lifetime, renew, begun};
      return EmbedWith(job);
    };
    auto outcome = attempt(false);
    // The model behind a name has changed its dimension: the whole batch is asked for anew.
    if (outcome.ok() && outcome->mixed) outcome = attempt(true);
    const bool failed =
        outcome.ok() ? outcome->refusal && IsFailover(outcome->refusal->status)
                     : IsFailover(outcome.error()) || outcome.error().code == ErrorCode::kNotCached;
    if (!failed || i + 1 == candidates.size()) return outcome;
  }
}

Result<EmbedOutcome> EmbeddingsService::EmbedWith(Job& job) {
  RequestContext& context = job.context;
  CacheStatus& status = context.status;
  status.layer = CacheLayer::kEmbeddings;
  status.items = static_cast<std::int64_t>(job.request.inputs.size());
  status.items_hit = 0;
  status.saved_tokens = 0;
  Lookup(job);

  std::size_t missing = 0;
  for (std::size_t i = 0; i < job.request.inputs.size(); ++i) {
    if (const auto& entry = job.entries[job.unique_of[i]]) {
      ++status.items_hit;
      status.saved_tokens += std::max<std::int64_t>(entry->total_tokens, 0);
    } else {
      ++missing;
    }
  }
  if (missing == 0) {
    status.outcome = CacheOutcome::kHit;
    const WallTime now = clock_.Now();
    status.ttl = job.lifetime;
    for (const auto& entry : job.entries) {
      status.age = std::max(status.age, AgeOf(entry->stamp, now));
      status.ttl = std::min(status.ttl, TtlOf(entry->stamp, now, job.lifetime));
    }
  } else {
    Diagnose(job);
    if (context.directives.only_if_cached) {
      return Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                   "only what is cached was asked for, and not every input is"};
    }
    PhaseTimer timer(clock_, context.times.upstream);
    LARDER_RETURN_IF_ERROR(FetchMissing(job));
    if (job.outcome.refusal) return std::move(job.outcome);
  }

  for (const auto& entry : job.entries) {
    if (entry->dim() == job.entries[0]->dim()) continue;
    if (!job.renew && status.items_hit > 0) {
      job.outcome.mixed = true;
      return std::move(job.outcome);
    }
    return UpstreamError(ErrorCode::kInvalidReply,
                         "upstream's vectors for one request differ in length");
  }
  if (!context.for_search && context.directives.may_store()) MakeSearchable(job);
  job.outcome.entries.reserve(job.request.inputs.size());
  for (const std::size_t unique : job.unique_of) job.outcome.entries.push_back(job.entries[unique]);
  return std::move(job.outcome);
}

EmbeddingsService::Home EmbeddingsService::HomeOf(std::string_view model) const {
  const auto first = upstreams_.ChooseFirst(model, kEmbeddingsPath);
  return {first.upstream->name(), std::string(first.model)};
}

Result<EmbeddingsService::Home> EmbeddingsService::HomeOf(const RequestContext& context,
                                                          std::string_view model) const {
  LARDER_RETURN_IF_ERROR(CheckModel(context, model));
  const auto first = upstreams_.ChooseFirst(model, kEmbeddingsPath, AllowedUpstreams(context));
  if (first.upstream == nullptr) return NoUpstreamAllowed(context);
  return Home{first.upstream->name(), std::string(first.model)};
}

Partition EmbeddingsService::PartitionOf(const RequestContext& context) const {
  return options_.share_all ? Partition("all") : context.partition;
}

EmbeddingScope EmbeddingsService::ScopeOf(const Job& job) const {
  return {KeyScope{PartitionOf(job.context), job.context.directives.name_space, job.upstream.name(),
                   KeyedHeaders(job.headers, options_.key_headers)},
          job.request.model, job.request.dimensions, job.request.extra};
}

void EmbeddingsService::Lookup(Job& job) {
  PhaseTimer timer(clock_, job.context.times.lookup);
  const Digest scope = DeriveEmbeddingScope(ScopeOf(job));
  std::unordered_map<CacheKey, std::size_t, DigestHash> seen;
  const auto& inputs = job.request.inputs;
  job.unique_of.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const CacheKey key = DeriveEmbeddingKey(scope, inputs[i].kind, inputs[i].key_bytes);
    const auto [place, added] = seen.try_emplace(key, job.keys.size());
    if (added) {
      job.keys.push_back(key);
      job.positions.push_back(i);
    }
    job.unique_of.push_back(place->second);
  }
  if (job.keys.size() == 1) job.context.status.key = job.keys[0];
  job.flights.resize(job.keys.size());
  job.leads.resize(job.keys.size());
  CacheStatus& status = job.context.status;
  if (!job.may_read()) {
    job.entries.resize(job.keys.size());
    const CacheDirectives& directives = job.context.directives;
    status.outcome = directives.skip_cache ? CacheOutcome::kBypass
                     : job.renew           ? CacheOutcome::kStale
                                           : CacheOutcome::kRequest;
    return;
  }
  auto found = cache_.Find(job.keys, job.limits());
  job.entries = std::move(found.entries);
  status.store_failed = found.store_failed;
  const auto absent = static_cast<std::size_t>(
      std::count(job.entries.begin(), job.entries.end(), EmbeddingPointer()));
  // One that was never there makes it a miss.
  status.outcome = absent == 0 || found.stale + found.refused < absent ? CacheOutcome::kMiss
                   : found.stale > 0                                   ? CacheOutcome::kStale
                                                                       : CacheOutcome::kRequest;
}

// A text that was only searched with so far is from now on found by searches.
void EmbeddingsService::MakeSearchable(Job& job) {
  std::vector<NewEmbedding> found;
  for (std::size_t i = 0; i < job.keys.size(); ++i) {
    if (!job.entries[i]->query_only) continue;
    auto entry = std::make_shared<EmbeddingEntry>(*job.entries[i]);
    entry->query_only = false;
    job.entries[i] = std::move(entry);
    found.push_back(job.NewEmbeddingAt(i, PartitionOf(job.context), job.upstream.name()));
  }
  if (!found.empty() && !cache_.Put(found, job.begun).ok()) job.context.status.store_failed = true;
}

// Leads what nobody fetches yet and lands it, then takes what others landed; what they failed at is
// fetched once more, alone.
Status EmbeddingsService::FetchMissing(Job& job) {
  const bool collapse = job.may_read() && job.context.directives.may_store();
  if (collapse) {
    for (std::size_t i = 0; i < job.keys.size(); ++i) {
      if (job.entries[i] != nullptr) continue;
      auto joined = flights_.Join(job.keys[i], [] { return std::make_shared<Flight>(); });
      job.flights[i] = std::move(joined.state);
      job.leads[i] = std::move(joined.lead);
      if (job.leads[i] == nullptr) continue;
      // It may have been stored between the look-up and the joining.
      job.entries[i] = cache_.FindInMemory(job.keys[i], job.limits());
      if (job.entries[i] != nullptr) job.Land(i);
    }
    LARDER_RETURN_IF_ERROR(FetchLed(job));
    if (job.outcome.refusal) return {};
    for (std::size_t i = 0; i < job.keys.size(); ++i) {
      if (job.entries[i] != nullptr || job.flights[i] == nullptr) continue;
      job.entries[i] = job.flights[i]->Wait();
      if (job.entries[i] != nullptr) {
        job.context.status.collapsed = true;
      } else {
        job.flights[i] = nullptr;
      }
    }
  }
  return FetchLed(job);
}

// Fetches every distinct input that is not known and not another's to fetch.
Status EmbeddingsService::FetchLed(Job& job) {
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < job.keys.size(); ++i) {
    const bool others = job.flights[i] != nullptr && job.leads[i] == nullptr;
    if (job.entries[i] == nullptr && !others) wanted.push_back(i);
  }
  for (std::size_t begin = 0; begin < wanted.size(); begin += options_.max_upstream_batch) {
    const std::size_t end = std::min(wanted.size(), begin + options_.max_upstream_batch);
    LARDER_RETURN_IF_ERROR(FetchBatch(job, {wanted.begin() + static_cast<std::ptrdiff_t>(begin),
                                            wanted.begin() + static_cast<std::ptrdiff_t>(end)}));
    if (job.outcome.refusal) return {};
  }
  return {};
}

Status EmbeddingsService::FetchBatch(Job& job, const std::vector<std::size_t>& unique) {
  LARDER_RETURN_IF_ERROR(CheckPriced(job.context, job.context.model));
  std::vector<std::size_t> positions;
  std::vector<std::size_t> weights;
  for (const std::size_t i : unique) {
    positions.push_back(job.positions[i]);
    weights.push_back(job.request.inputs[job.positions[i]].weight);
  }
  UpstreamRequest upstream_request;
  upstream_request.method = "POST";
  upstream_request.path_and_query = job.context.endpoint;
  upstream_request.from_origin = job.context.from_origin;
  upstream_request.headers = UpstreamHeaders(job.headers, via_, true);
  upstream_request.headers.Set("content-type", "application/json");
  upstream_request.body = RenderUpstreamEmbeddings(job.request, positions);

  LARDER_ASSIGN_OR_RETURN(UpstreamReply reply, job.upstream.Send(std::move(upstream_request)));
  job.context.status.forward_status = reply.status;
  DecodeContent(reply);  // what is in another coding is no JSON, and told as such
  job.outcome.upstream_headers = DownstreamHeaders(reply.headers);
  auto read = ReadWhole(*reply.body, options_.max_reply_bytes,
                        clock_.Monotonic() + options_.upstream_timeout);
  if (!read.ok() && read.error().code == ErrorCode::kTooLarge) {  // upstream's fault, no 413
    return UpstreamError(ErrorCode::kInvalidReply, "upstream's answer: " + read.error().message);
  }
  LARDER_ASSIGN_OR_RETURN(std::string body, std::move(read));
  if (reply.status != 200) {
    job.outcome.refusal =
        UpstreamRefusal{reply.status, job.outcome.upstream_headers, std::move(body)};
    return {};
  }
  LARDER_ASSIGN_OR_RETURN(ParsedEmbeddings parsed, ParseEmbeddingsReply(body, weights));
  job.context.status.billed_tokens += std::max<std::int64_t>(parsed.total_tokens, 0);
  if (const Meter* const meter = job.context.meter.get()) {
    const std::int64_t tokens =
        parsed.total_tokens >= 0 ? parsed.total_tokens : EstimateTokens(job.request, weights);
    meter->Charge(job.context.model, tokens, 0);
  }
  // What only the end of the connection ended is answered, and not kept (RFC 9112, section 8).
  Store(job, unique, std::move(parsed.entries), reply.framed);
  return {};
}

// Whether the text is cached as one that searches find: a search that renews it must not hide it.
bool EmbeddingsService::IsSearchable(const CacheKey& key) {
  const auto found = cache_.Find({&key, 1}, {std::chrono::seconds::max()});
  return found.entries[0] != nullptr && !found.entries[0]->query_only;
}

void EmbeddingsService::Store(Job& job, const std::vector<std::size_t>& unique,
                              std::vector<EmbeddingEntry> entries, bool storable) {
  const CacheDirectives& directives = job.context.directives;
  const RecordStamp stamp{clock_.Now(), directives.LifetimeFor(job.lifetime)};
  std::vector<NewEmbedding> added;
  for (std::size_t i = 0; i < unique.size(); ++i) {
    entries[i].stamp = stamp;
    entries[i].query_only = job.context.for_search && !IsSearchable(job.keys[unique[i]]);
    auto entry = std::make_shared<const EmbeddingEntry>(std::move(entries[i]));
    job.entries[unique[i]] = entry;
    added.push_back(job.NewEmbeddingAt(unique[i], PartitionOf(job.context), job.upstream.name()));
  }
  if (directives.may_store() && storable) {
    const bool on_disk = cache_.Put(added, job.begun).ok();
    NoteStored(job, unique);
    if (on_disk) job.context.status.stored = true;
    if (!on_disk) job.context.status.store_failed = true;
  }
  for (const std::size_t i : unique) {
    if (job.leads[i] != nullptr) job.Land(i);
  }
}

}  // namespace larder

#include "proxy/openai/embeddings_service.h"

#include <unordered_map>

#include "cache/freshness.h"
#include "proxy/forwarding.h"
#include "proxy/openai/embeddings_reply.h"

namespace larder {

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

EmbeddingsService::EmbeddingsService(EmbeddingCache& cache, Upstream& upstream, const Clock& clock,
                                     std::string via, EmbeddingsServiceOptions options)
    : cache_(cache), upstream_(upstream), clock_(clock), via_(std::move(via)), options_(options) {}

Result<EmbedOutcome> EmbeddingsService::Embed(const EmbeddingsRequest& request,
                                              const Headers& client_headers,
                                              RequestContext& context) {
  Job job{request, client_headers, context};
  CacheStatus& status = context.status;
  status.layer = CacheLayer::kEmbeddings;
  status.items = static_cast<std::int64_t>(request.inputs.size());
  Lookup(job);

  std::size_t missing = 0;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
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
    status.ttl = cache_.options().lifetime;
    for (const auto& entry : job.entries) {
      status.age = std::max(status.age, AgeOf(entry->stamp, now));
      status.ttl = std::min(status.ttl, TtlOf(entry->stamp, now, cache_.options().lifetime));
    }
  } else {
    status.outcome = context.directives.may_read()   ? CacheOutcome::kMiss
                     : context.directives.skip_cache ? CacheOutcome::kBypass
                                                     : CacheOutcome::kRequest;
    if (context.directives.only_if_cached) {
      return Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                   "only-if-cached was asked for, and not every input is cached"};
    }
    PhaseTimer timer(clock_, context.times.upstream);
    LARDER_RETURN_IF_ERROR(FetchMissing(job));
    if (job.outcome.refusal) return std::move(job.outcome);
  }

  for (const auto& entry : job.entries) {
    if (entry->dim() != job.entries[0]->dim()) {
      return UpstreamError(
          ErrorCode::kInvalidReply,
          "cached and new vectors of this model differ in length: the model behind its "
          "name has changed; send Cache-Control: no-cache once to renew the entries");
    }
  }
  if (!context.for_search && context.directives.may_store()) MakeSearchable(job);
  job.outcome.entries.reserve(request.inputs.size());
  for (const std::size_t unique : job.unique_of) job.outcome.entries.push_back(job.entries[unique]);
  return std::move(job.outcome);
}

Partition EmbeddingsService::PartitionOf(const RequestContext& context) const {
  return options_.share_all ? Partition("all") : context.partition;
}

void EmbeddingsService::Lookup(Job& job) {
  PhaseTimer timer(clock_, job.context.times.lookup);
  const Digest scope =
      DeriveEmbeddingScope({KeyScope{PartitionOf(job.context), job.context.directives.name_space,
                                     upstream_.name(), KeyedHeaders(job.headers)},
                            job.request.model, job.request.dimensions, job.request.extra});
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
  job.flights.resize(job.keys.size());
  job.leads.resize(job.keys.size());
  if (!job.context.directives.may_read()) {
    job.entries.resize(job.keys.size());
    return;
  }
  auto found = cache_.Find(job.keys, job.context.directives.max_age);
  job.entries = std::move(found.entries);
  job.context.status.store_failed = found.store_failed;
}

// A text that was only searched with so far is from now on found by searches.
void EmbeddingsService::MakeSearchable(Job& job) {
  std::vector<NewEmbedding> found;
  for (std::size_t i = 0; i < job.keys.size(); ++i) {
    if (!job.entries[i]->query_only) continue;
    auto entry = std::make_shared<EmbeddingEntry>(*job.entries[i]);
    entry->query_only = false;
    job.entries[i] = std::move(entry);
    found.push_back(job.NewEmbeddingAt(i, PartitionOf(job.context), upstream_.name()));
  }
  if (!found.empty() && !cache_.Put(found).ok()) job.context.status.store_failed = true;
}

// Leads what nobody fetches yet and lands it, then takes what others landed; what they failed at is
// fetched once more, alone.
Status EmbeddingsService::FetchMissing(Job& job) {
  const bool collapse = job.context.directives.may_read() && job.context.directives.may_store();
  if (collapse) {
    for (std::size_t i = 0; i < job.keys.size(); ++i) {
      if (job.entries[i] != nullptr) continue;
      auto joined = flights_.Join(job.keys[i], [] { return std::make_shared<Flight>(); });
      job.flights[i] = std::move(joined.state);
      job.leads[i] = std::move(joined.lead);
      if (job.leads[i] == nullptr) continue;
      // It may have been stored between the look-up and the joining.
      job.entries[i] = cache_.FindInMemory(job.keys[i], job.context.directives.max_age);
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
  upstream_request.first_byte_timeout = options_.upstream_timeout;
  upstream_request.idle_timeout = options_.upstream_timeout;

  LARDER_ASSIGN_OR_RETURN(UpstreamReply reply, upstream_.Send(std::move(upstream_request)));
  job.context.status.forward_status = reply.status;
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
  Store(job, unique, std::move(parsed.entries));
  return {};
}

// Whether the text is cached as one that searches find: a search that renews it must not hide it.
bool EmbeddingsService::IsSearchable(const CacheKey& key) {
  const auto found = cache_.Find({&key, 1});
  return found.entries[0] != nullptr && !found.entries[0]->query_only;
}

void EmbeddingsService::Store(Job& job, const std::vector<std::size_t>& unique,
                              std::vector<EmbeddingEntry> entries) {
  const CacheDirectives& directives = job.context.directives;
  const RecordStamp stamp{
      clock_.Now(),
      std::min(cache_.options().lifetime, directives.lifetime.value_or(cache_.options().lifetime))};
  std::vector<NewEmbedding> added;
  for (std::size_t i = 0; i < unique.size(); ++i) {
    entries[i].stamp = stamp;
    entries[i].query_only = job.context.for_search && !IsSearchable(job.keys[unique[i]]);
    auto entry = std::make_shared<const EmbeddingEntry>(std::move(entries[i]));
    job.entries[unique[i]] = entry;
    added.push_back(job.NewEmbeddingAt(unique[i], PartitionOf(job.context), upstream_.name()));
  }
  if (directives.may_store()) {
    const bool on_disk = cache_.Put(added).ok();
    if (on_disk) job.context.status.stored = true;
    if (!on_disk) job.context.status.store_failed = true;
  }
  for (const std::size_t i : unique) {
    if (job.leads[i] != nullptr) job.Land(i);
  }
}

}  // namespace larder

#include "proxy/openai/responses_handler.h"

#include "cache/freshness.h"
#include "proxy/forwarding.h"
#include "proxy/http/prefixed_body.h"
#include "proxy/openai/errors.h"
#include "proxy/openai/sse_scanner.h"
#include "proxy/relay/transcript.h"

namespace larder {
namespace {

bool IsEventStream(const Headers& headers) {
  constexpr std::string_view kType = "text/event-stream";
  const auto type = headers.Find("content-type");
  return type && EqualsIgnoreCase(type->substr(0, kType.size()), kType);
}

// Whether the body is as it was asked for, without a coding.
bool IsPlain(const Headers& headers) {
  const auto encoding = headers.Find("content-encoding");
  return !encoding || EqualsIgnoreCase(*encoding, "identity");
}

// For those who share another's upstream call: what belongs to the answer, nothing that belongs to
// that call (cookies, rate limits, request id).
Headers SharedHeaders(const Headers& upstream) {
  Headers headers = StoredHeaders(upstream);
  if (const auto encoding = upstream.Find("content-encoding")) {
    headers.Set("content-encoding", std::string(*encoding));
  }
  return headers;
}

}  // namespace

// What the leader of a key and its followers share: a stream to read along, or the stored answer.
class ResponsesHandler::Flight {
 public:
  struct Landed {
    std::shared_ptr<Transcript>
        transcript;  // shared by its readers; null when there is none (any more)
    int status = 0;
    Headers headers;
    ResponsePointer entry;  // null when there is none
  };

  // The flight itself must not keep a transcript alive that nobody reads.
  void LandStream(const std::shared_ptr<Transcript>& transcript, int status, Headers headers) {
    MutexLock lock(mutex_);
    if (landed_) return;
    landed_ = true;
    transcript_ = transcript;
    status_ = status;
    headers_ = std::move(headers);
    changed_.NotifyAll();
  }
  // nullptr: there is nothing to share, each follower must try itself.
  void LandEntry(ResponsePointer entry) {
    MutexLock lock(mutex_);
    if (landed_) return;
    landed_ = true;
    entry_ = std::move(entry);
    changed_.NotifyAll();
  }
  Landed Wait() {
    MutexLock lock(mutex_);
    while (!landed_) changed_.Wait(mutex_);
    return {transcript_.lock(), status_, headers_, entry_};
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool landed_ LARDER_GUARDED_BY(mutex_) = false;
  std::weak_ptr<Transcript> transcript_ LARDER_GUARDED_BY(mutex_);
  int status_ LARDER_GUARDED_BY(mutex_) = 0;
  Headers headers_ LARDER_GUARDED_BY(mutex_);
  ResponsePointer entry_ LARDER_GUARDED_BY(mutex_);
};

// What a leader owes its followers. Whatever way it ends, nobody waits for it for ever.
struct ResponsesHandler::Landing {
  std::shared_ptr<Flight> flight;  // owned by the leader and every follower; null when led alone
  std::unique_ptr<FlightTable<Flight>::Lead> lead;
  ResponsePointer entry = nullptr;  // what the followers get

  Landing(std::shared_ptr<Flight> f, std::unique_ptr<FlightTable<Flight>::Lead> l)
      : flight(std::move(f)), lead(std::move(l)) {}
  Landing(Landing&&) = default;
  Landing& operator=(Landing&&) = delete;
  ~Landing() {
    lead.reset();  // before its followers wake, so that they do not follow it again
    if (flight != nullptr) flight->LandEntry(std::move(entry));
  }
};

struct ResponsesHandler::Job {
  const Request& request;
  Endpoint endpoint;
  ResponseRequest parsed;
  RequestContext& context;
  CacheKey key{};

  // An entry that belongs to this request, without answer and stamp.
  ResponseEntry NewEntry(const std::string& upstream) const {
    ResponseEntry entry;
    entry.partition = context.partition.id();
    entry.name_space = context.directives.name_space;
    entry.upstream = upstream;
    entry.model = parsed.model;
    entry.path = std::string(EndpointName(endpoint));
    entry.is_stream = parsed.stream;
    return entry;
  }
};

ResponsesHandler::ResponsesHandler(ResponseCache& cache, Upstream& upstream, const Clock& clock,
                                   std::string via, PassThroughHandler& pass_through,
                                   Executor executor, ResponsesOptions options)
    : cache_(cache),
      upstream_(upstream),
      clock_(clock),
      via_(std::move(via)),
      pass_through_(pass_through),
      executor_(std::move(executor)),
      options_(options) {}

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
  Job job{request, endpoint, std::move(parsed).value(), context};
  if (job.parsed.model.empty()) job.parsed.model = context.model_in_path;
  context.model = job.parsed.model;
  const CacheDirectives& directives = context.directives;
  if (!job.parsed.uncacheable.empty() || directives.skip_cache) {
    context.status.outcome = CacheOutcome::kBypass;
    context.status.reason = job.parsed.uncacheable.empty() ? "skip-cache" : job.parsed.uncacheable;
    return pass_through_.Handle(request, context);
  }
  job.key =
      DeriveResponseKey({KeyScope{context.partition, directives.name_space, upstream_.name(),
                                  KeyedHeaders(request.headers)},
                         request.method, context.endpoint, job.parsed.canonical_body,
                         std::string(AnswerFormName(job.parsed.form)), directives.custom_key});
  if (auto hit = TryCache(job)) return std::move(*hit);
  if (directives.only_if_cached) {
    return RenderError(Error{ErrorCode::kNotCached, ErrorOrigin::kDownstream,
                             "only-if-cached was asked for, and there is no fresh entry"});
  }
  if (!directives.may_read() || !directives.may_store()) return Lead(job, {nullptr, nullptr});

  auto joined = flights_.Join(job.key, [] { return std::make_shared<Flight>(); });
  if (joined.lead == nullptr) {
    if (auto followed = Follow(job, *joined.state)) return std::move(*followed);
    // The leader came to nothing, or had ended: its answer may be stored. Else once more, alone.
    if (auto hit = TryCache(job)) return std::move(*hit);
    return Lead(job, {nullptr, nullptr});
  }
  Landing landing(std::move(joined.state), std::move(joined.lead));
  // The answer may have been stored between the look-up and the joining.
  if (auto hit = TryCache(job)) {
    landing.entry = cache_.FindInMemory(job.key);
    return std::move(*hit);
  }
  return Lead(job, std::move(landing));
}

std::optional<Response> ResponsesHandler::TryCache(Job& job) {
  CacheStatus& status = job.context.status;
  if (!job.context.directives.may_read()) {
    status.outcome = CacheOutcome::kRequest;
    return std::nullopt;
  }
  PhaseTimer timer(clock_, job.context.times.lookup);
  const auto found = cache_.Find(job.key);
  status.store_failed = found.store_failed;
  status.outcome = CacheOutcome::kMiss;
  if (found.entry == nullptr) return std::nullopt;
  const WallTime now = clock_.Now();
  const auto lifetime = LifetimeOf(job.endpoint, options_.policy);
  if (FreshnessOf(found.entry->stamp, now, lifetime) == Freshness::kStale) {
    status.outcome = CacheOutcome::kStale;
    return std::nullopt;
  }
  if (FreshnessOf(found.entry->stamp, now, lifetime, job.context.directives.max_age) ==
      Freshness::kStale) {
    status.outcome = CacheOutcome::kRequest;
    return std::nullopt;
  }
  status.outcome = CacheOutcome::kHit;
  status.age = AgeOf(found.entry->stamp, now);
  status.ttl = TtlOf(found.entry->stamp, now, lifetime);
  status.saved_tokens = std::max<std::int64_t>(found.entry->prompt_tokens, 0) +
                        std::max<std::int64_t>(found.entry->completion_tokens, 0);
  return Replay(found.entry);
}

Response ResponsesHandler::Replay(const ResponsePointer& entry) const {
  Response response;
  response.status = entry->status;
  for (const auto& [name, value] : entry->fields) response.headers.Add(name, value);
  response.body = entry->body;
  return response;
}

std::optional<Response> ResponsesHandler::Follow(Job& job, Flight& flight) {
  const Flight::Landed landed = flight.Wait();
  job.context.status.collapsed = true;
  if (landed.entry != nullptr) {
    job.context.status.forward_status = landed.entry->status;
    return Replay(landed.entry);
  }
  if (landed.transcript != nullptr) {
    if (auto reader = landed.transcript->NewReader()) {
      job.context.status.forward_status = landed.status;
      Response response;
      response.status = landed.status;
      response.headers = landed.headers;
      response.stream = std::move(reader);
      return response;
    }
  }
  job.context.status.collapsed = false;
  return std::nullopt;
}

Response ResponsesHandler::Lead(Job& job, Landing landing) {
  UpstreamRequest upstream_request;
  upstream_request.method = job.request.method;
  upstream_request.path_and_query = job.context.endpoint;
  upstream_request.from_origin = job.context.from_origin;
  upstream_request.headers = UpstreamHeaders(job.request.headers, via_, true);
  upstream_request.body = job.request.body;
  upstream_request.first_byte_timeout = options_.upstream_timeout;
  upstream_request.idle_timeout = options_.upstream_timeout;
  PhaseTimer timer(clock_, job.context.times.upstream);
  auto reply = upstream_.Send(std::move(upstream_request));
  if (!reply.ok()) return RenderError(reply.error());
  job.context.status.forward_status = reply->status;
  if (reply->status == 200 && IsEventStream(reply->headers)) {
    return LeadStream(job, std::move(reply).value(), std::move(landing));
  }
  return LeadWhole(job, std::move(reply).value(), landing);
}

// Reads the answer to its end, so that one that is cut or broken is told as an error.
Response ResponsesHandler::LeadWhole(Job& job, UpstreamReply reply, Landing& landing) {
  std::string body;
  ReadState state = ReadState::kData;
  while (state == ReadState::kData && body.size() <= options_.max_body_bytes) {
    auto read =
        ReadSome(*reply.body, 64UL * 1024, body, clock_.Monotonic() + options_.upstream_timeout);
    if (!read.ok()) return RenderError(read.error());
    state = *read;
  }
  if (state == ReadState::kFailed) return RenderError(reply.body->error());
  if (state == ReadState::kData) {  // too large to keep: what has come, then the rest as it comes
    reply.body = std::make_shared<PrefixedBody>(std::move(body), std::move(reply.body));
    return RelayReply(std::move(reply));
  }
  Response response;
  response.status = reply.status;
  response.headers = DownstreamHeaders(reply.headers);
  if (reply.status == 200 && IsPlain(reply.headers) && reply.framed) {
    const ReplyVerdict verdict = JudgeReply(job.endpoint, body);
    job.context.status.billed_tokens = std::max<std::int64_t>(verdict.prompt_tokens, 0) +
                                       std::max<std::int64_t>(verdict.completion_tokens, 0);
    if (verdict.storable && job.context.directives.may_store() && !job.parsed.stream) {
      ResponseEntry entry = job.NewEntry(upstream_.name());
      entry.fields = StoredHeaders(reply.headers).fields();
      entry.body = body;
      entry.prompt_tokens = verdict.prompt_tokens;
      entry.completion_tokens = verdict.completion_tokens;
      const auto lifetime = LifetimeOf(job.endpoint, options_.policy);
      entry.stamp = {clock_.Now(),
                     std::min(lifetime, job.context.directives.lifetime.value_or(lifetime))};
      landing.entry = std::make_shared<const ResponseEntry>(std::move(entry));
      job.context.status.stored = cache_.Put(job.key, landing.entry).ok();
      if (!job.context.status.stored) job.context.status.store_failed = true;
    }
  }
  response.body = std::move(body);
  return response;
}

Response ResponsesHandler::LeadStream(Job& job, UpstreamReply reply, Landing landing) {
  // The recording: lives in the transcript's callbacks, is committed at the stream's proper end,
  // and is gone with the transcript when nobody reads to the end.
  struct Recording {
    explicit Recording(Endpoint endpoint) : scanner(endpoint) {}
    SseScanner scanner;
    ResponseEntry entry;
    bool storable = false;
    std::size_t seen_bytes = 0;
    std::unique_ptr<FlightTable<Flight>::Lead> lead;
  };
  const auto recording = std::make_shared<Recording>(job.endpoint);
  recording->entry = job.NewEntry(upstream_.name());
  recording->entry.is_stream = true;
  recording->entry.fields = StoredHeaders(reply.headers).fields();
  const auto lifetime = LifetimeOf(job.endpoint, options_.policy);
  recording->entry.stamp.lifetime =
      std::min(lifetime, job.context.directives.lifetime.value_or(lifetime));
  recording->storable =
      IsPlain(reply.headers) && job.context.directives.may_store() && job.parsed.stream;
  recording->lead = std::move(landing.lead);

  auto on_bytes = [recording, endpoint = job.endpoint,
                   limit = options_.max_body_bytes](std::string_view bytes) {
    recording->seen_bytes += bytes.size();
    // Beyond the limit it is relayed alone: the scanner must not gather a line without end.
    if (recording->storable && recording->seen_bytes > limit) {
      recording->storable = false;
      recording->scanner = SseScanner(endpoint);
    }
    if (recording->storable) recording->scanner.Feed(bytes);
  };
  auto on_end = [this, recording, key = job.key](std::optional<std::string_view> whole) {
    const SseScanner& scanner = recording->scanner;
    if (whole && recording->storable && scanner.terminated() && !scanner.failed() &&
        scanner.answered()) {
      recording->entry.body = *whole;
      recording->entry.prompt_tokens = scanner.prompt_tokens();
      recording->entry.completion_tokens = scanner.completion_tokens();
      recording->entry.stamp.stored_at = clock_.Now();
      auto entry = std::make_shared<const ResponseEntry>(std::move(recording->entry));
      cache_.PutInMemory(key, entry);
      executor_([this, key, entry] { (void)cache_.PutInStore(key, entry).ok(); });
    }
    recording->lead.reset();
  };
  Transcript::Options transcript_options;
  transcript_options.record_limit_bytes = options_.max_body_bytes;
  transcript_options.window_bytes = options_.stream_window_bytes;
  const auto transcript = std::make_shared<Transcript>(std::move(reply.body), transcript_options,
                                                       std::move(on_bytes), std::move(on_end));
  Response response;
  response.status = reply.status;
  response.headers = DownstreamHeaders(reply.headers);
  response.stream = transcript->NewReader();
  if (landing.flight != nullptr) {
    landing.flight->LandStream(transcript, response.status, SharedHeaders(reply.headers));
  }
  return response;
}

}  // namespace larder

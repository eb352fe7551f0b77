#include "proxy/access/limiter.h"
#include "proxy/access/permissions.h"
#include "proxy/http/prefixed_body.h"
#include "proxy/openai/errors.h"
#include "proxy/openai/response_id.h"
#include "proxy/openai/response_job.h"
#include "proxy/openai/stream_recording.h"
#include "proxy/openai/usage_watch.h"
#include "proxy/upstream/decode_content.h"

// Asking upstream, recording its answer, renewing what is stale.

namespace larder {
namespace {

// Null when what it costs counts nowhere.
std::unique_ptr<UsageWatch> WatchOf(const RequestContext& context, Endpoint endpoint, bool stream,
                                    std::size_t request_bytes) {
  if (context.meter == nullptr || !context.meter->counts_tokens()) return nullptr;
  return std::make_unique<UsageWatch>(context.meter, context.model, endpoint, stream,
                                      request_bytes);
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

ResponsesHandler::Attempt ResponsesHandler::Lead(Job& job, ResponseLanding landing) {
  if (const Status priced = CheckPriced(job.context, job.context.model); !priced.ok()) {
    return {RenderError(priced.error())};
  }
  UpstreamRequest upstream_request;
  upstream_request.method = job.request.method;
  upstream_request.path_and_query = job.context.endpoint;
  upstream_request.from_origin = job.context.from_origin;
  upstream_request.headers = UpstreamHeaders(job.request.headers, via_, true);
  upstream_request.body = job.WithModel(job.request.body);
  PhaseTimer timer(clock_, job.context.times.upstream);
  auto reply = job.upstream().Send(std::move(upstream_request));
  if (!reply.ok()) {
    const bool failed = IsFailover(reply.error());
    return {RenderError(reply.error()), failed, failed};
  }
  job.context.status.forward_status = reply->status;
  const bool plain = DecodeContent(*reply);
  if (reply->status == 200 && IsEventStream(reply->headers)) {
    return {LeadStream(job, std::move(reply).value(), std::move(landing), plain)};
  }
  return LeadWhole(job, std::move(reply).value(), landing, plain);
}

// Reads the answer to its end, so that one that is cut or broken is told as an error.
ResponsesHandler::Attempt ResponsesHandler::LeadWhole(Job& job, UpstreamReply reply,
                                                      ResponseLanding& landing, bool plain) {
  std::string body;
  ReadState state = ReadState::kData;
  while (state == ReadState::kData && body.size() <= options_.max_body_bytes) {
    auto read =
        ReadSome(*reply.body, 64UL * 1024, body, clock_.Monotonic() + options_.upstream_timeout);
    if (!read.ok()) return {RenderError(read.error()), true, true};
    state = *read;
  }
  if (state == ReadState::kFailed) return {RenderError(reply.body->error()), true, true};
  Attempt attempt;
  attempt.asks_next = IsFailover(reply.status);
  attempt.upstream_failed = IsUpstreamFailure(reply.status);
  if (state == ReadState::kData) {  // too large to keep: what has come, then the rest as it comes
    reply.body = std::make_shared<PrefixedBody>(std::move(body), std::move(reply.body));
    if (auto watch = WatchOf(job.context, job.endpoint, false, job.request.body.size());
        watch != nullptr && reply.status == 200) {
      reply.body = std::make_shared<MeteredBody>(std::move(reply.body), std::move(watch));
    }
    attempt.response = RelayReply(std::move(reply));
    return attempt;
  }
  attempt.response.status = reply.status;
  attempt.response.headers = DownstreamHeaders(reply.headers);
  if (reply.status == 200) {
    if (auto watch = WatchOf(job.context, job.endpoint, false, job.request.body.size())) {
      watch->OnBytes(body);
      watch->Settle(true);
    }
  }
  if (reply.status == 200 && plain && reply.framed) {
    const ReplyVerdict verdict = JudgeReply(job.endpoint, body);
    CacheStatus& status = job.context.status;
    status.billed_tokens = std::max<std::int64_t>(verdict.prompt_tokens, 0) +
                           std::max<std::int64_t>(verdict.completion_tokens, 0);
    status.billed_completion = std::max<std::int64_t>(verdict.completion_tokens, 0);
    const bool as_asked = job.parsed.form == AnswerForm::kFull;
    if (verdict.storable && as_asked && job.context.directives.may_store()) {
      ResponseEntry entry = job.NewEntry(reply.headers);
      entry.body = body;
      entry.prompt_tokens = verdict.prompt_tokens;
      entry.completion_tokens = verdict.completion_tokens;
      if (job.endpoint == Endpoint::kResponses) entry.response_id = ResponseIdOf(body, false);
      entry.stamp.stored_at = clock_.Now();
      landing.entry = std::make_shared<const ResponseEntry>(std::move(entry));
      status.stored = cache_.Put(job.key, landing.entry, job.begun).ok();
      if (diagnosis_ != nullptr) {
        diagnosis_->NoteStored(MissDiagnosis::Kind::kResponse, job.key, job.shape);
      }
      if (!status.stored) status.store_failed = true;
    }
  }
  attempt.response.body = std::move(body);
  return attempt;
}

// What is recorded for replay is asked for in several forms, one after another: the stream that
// tells no usage must not take the place of what tells it.
bool ResponsesHandler::KeepsRicher(const Job& job) {
  if (job.context.directives.lifetime != kRecordedLifetime) return false;
  if (job.endpoint != Endpoint::kChat && job.endpoint != Endpoint::kCompletions) return false;
  if (job.parsed.form != AnswerForm::kStream) return false;
  const auto found = cache_.Find(job.key);
  return found.entry != nullptr && found.entry->prompt_tokens >= 0;
}

Response ResponsesHandler::LeadStream(Job& job, UpstreamReply reply, ResponseLanding landing,
                                      bool plain) {
  // What only the end of the connection ends may have been cut (RFC 9112, section 8).
  const bool storable = plain && reply.framed && job.context.directives.may_store() &&
                        job.parsed.form != AnswerForm::kFull && !KeepsRicher(job);
  const auto recording = std::make_shared<StreamRecording>(
      job.endpoint, job.NewEntry(reply.headers), storable, options_.max_body_bytes);
  const auto outcome = std::make_shared<StreamOutcome>();  // shared with whoever observes it
  job.context.stream_outcome = outcome;
  // Settles when the stream has ended, or goes with the transcript when nobody reads to the end.
  const std::shared_ptr<UsageWatch> watch =
      WatchOf(job.context, job.endpoint, true, job.request.body.size());
  auto on_bytes = [recording, watch](std::string_view bytes) {
    recording->OnBytes(bytes);
    if (watch != nullptr) watch->OnBytes(bytes);
  };
  // The lead lives in the callback: it ends with the stream, or with the transcript.
  auto on_end = [this, recording, watch, outcome, key = job.key, shape = job.shape,
                 begun = job.begun, lead = std::shared_ptr(std::move(landing.lead))](
                    std::optional<std::string_view> whole) mutable {
    outcome->billed_tokens = recording->billed_tokens();
    outcome->billed_completion = recording->billed_completion();
    if (watch != nullptr) watch->Settle(whole.has_value());
    if (const auto entry = recording->Commit(whole, clock_.Now())) {
      const auto put = cache_.PutInMemory(key, entry, begun);
      executor_([this, key, entry, put] { (void)cache_.PutInStore(key, entry, put).ok(); });
      outcome->stored = true;
      if (diagnosis_ != nullptr) {
        diagnosis_->NoteStored(MissDiagnosis::Kind::kResponse, key, shape);
      }
    }
    lead.reset();
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

// RFC 5861, section 3. Whoever finds the same stale entry meanwhile finds the flight, too, and
// leaves it at that.
void ResponsesHandler::Renew(const Job& job) {
  auto joined =
      FlightsOf(job.parsed.form).Join(job.key, [] { return std::make_shared<ResponseFlight>(); });
  if (joined.lead == nullptr) return;
  const auto renewal = std::make_shared<Renewal>(
      Renewal{job.request, job.endpoint, job.parsed, job.context, job.candidate, job.lifetime,
              job.key, ResponseLanding(std::move(joined))});
  if (!refresher_([this, renewal] { RunRenewal(*renewal); })) {
    refreshes_refused_.fetch_add(1, std::memory_order_relaxed);
  }
}

void ResponsesHandler::RunRenewal(Renewal& renewal) {
  renewal.context.status = {};
  Job job{renewal.request,   renewal.endpoint, renewal.parsed,       renewal.context,
          renewal.candidate, renewal.lifetime, options_.key_headers, renewal.key};
  job.begun = cache_.purges().Now();
  const Attempt attempt = Lead(job, std::move(renewal.landing));
  // A stream is stored when it has been read to its end.
  if (attempt.response.stream != nullptr) {
    std::string dropped;
    while (true) {
      const auto read = ReadSome(*attempt.response.stream, 64UL * 1024, dropped,
                                 clock_.Monotonic() + options_.upstream_timeout);
      if (!read.ok() || *read != ReadState::kData) break;
      dropped.clear();
    }
  }
  refreshes_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace larder

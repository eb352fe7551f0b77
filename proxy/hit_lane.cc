#include "proxy/hit_lane.h"

#include "base/decimal.h"
#include "proxy/access/limited_path.h"
#include "proxy/access/rate_fields.h"
#include "proxy/http/response_head.h"
#include "proxy/request_id.h"
#include "proxy/server_timing.h"
#include "proxy/trace_context.h"

namespace larder {
namespace {

// A body that grew to more than this is given back once it has been sent.
constexpr std::size_t kKeptBytes = 1U << 20;
// Room for a usual body from the start: a buffer that grew stands at any place in its page, and the
// kernel's copy from some of them takes 0.3 us longer.
constexpr std::size_t kFirstBytes = 64UL * 1024;

// A step of the wall clock shows in records after so long.
constexpr std::chrono::milliseconds kHoldAgainst{10};

std::chrono::microseconds Micros(MonoTime::duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time);
}

// The path below /v1 of a target that has nothing out of the ordinary; empty for others.
std::string_view PlainPath(std::string_view target) {
  constexpr std::string_view kPrefix = "/v1/";
  if (!target.starts_with(kPrefix)) return {};
  if (target.find_first_of("?%") != std::string_view::npos) return {};
  if (target.find("/.") != std::string_view::npos) return {};
  return target.substr(kPrefix.size() - 1);
}

}  // namespace

HitLane::HitLane(const Parts& parts)
    : parts_(parts),
      fields_(parts.embeddings.options().key_headers),
      embeddings_(parts.embeddings, parts.clock) {
  body_.reserve(kFirstBytes);
}

bool HitLane::Answer(const FastRequest& request, FastAnswer& answer) {
  const RequestHeadView& head = request.head;
  const std::string_view path = PlainPath(head.target);
  const Endpoint endpoint = path.empty() ? Endpoint::kOther : EndpointOf(head.method, path);
  if (endpoint == Endpoint::kOther || !fields_.Read(head.fields)) return false;
  if ((endpoint == Endpoint::kModels) != request.body.empty()) return false;

  const MonoTime begun = parts_.clock.Monotonic();
  const auto caller = parts_.callers.Identify(fields_.credential());
  if (!caller.ok()) return false;
  const Partition& partition = caller->partition;
  HitRequest asked{endpoint,     head.method,      path, partition, fields_.keyed(),
                   std::nullopt, caller->key.get()};
  if (endpoint != Endpoint::kModels) {
    asked.root = parser_.Parse(request.body);
    if (!asked.root) return false;
  }
  const MonoTime parsed = parts_.clock.Monotonic();
  if (endpoint == Endpoint::kEmbeddings ? !AnswerEmbeddings(asked) : !AnswerResponse(asked)) {
    return false;
  }
  if (!Admit(*caller, path)) return false;
  const MonoTime found = parts_.clock.Monotonic();

  received_ = request.received;
  record_.times.parse = Micros(parsed - begun);
  record_.times.lookup = Micros(found - parsed);
  record_.total = Micros(found - request.received);
  record_.request_id.clear();
  AppendRequestId(record_.request_id);
  record_.trace_id.assign(TraceIdOf(fields_.traceparent()));
  record_.method.assign(head.method);
  record_.path.assign(head.target);
  record_.route.assign(EndpointName(endpoint));
  record_.partition.assign(partition.id(), 0, 8);
  record_.upstream.assign(record_.cache.upstream.empty() ? parts_.upstream
                                                         : record_.cache.upstream);
  WriteHead(request);
  answer.head = head_;
  answer.body = entry_ != nullptr ? std::string_view(entry_->body) : body_;
  return true;
}

// Counts the request, now that it is answered here; one that is refused is the ordinary way's.
bool HitLane::Admit(const Callers::Caller& caller, std::string_view path) {
  Limiter& limiter = parts_.callers.limiter();
  const auto account = limiter.AccountOf(caller.key, caller.partition);
  limited_ = account != nullptr;
  return !limited_ || limiter.Admit(account, LimitedPath(path), &rate_).admitted;
}

bool HitLane::AnswerEmbeddings(const HitRequest& request) {
  entry_ = nullptr;
  record_.status = 200;
  return embeddings_.Answer(request, record_.cache, record_.model, body_);
}

bool HitLane::AnswerResponse(const HitRequest& request) {
  auto hit = parts_.responses.FindHit(request);
  if (!hit) return false;
  entry_ = std::move(hit->entry);
  record_.status = entry_->status;
  record_.cache = std::move(hit->status);
  record_.model = std::move(hit->model);
  return true;
}

// In the order in which Proxy::Handle and the front write them.
void HitLane::WriteHead(const FastRequest& request) {
  const auto field = [this](std::string_view name, std::string_view value) {
    head_ += name;
    head_ += ": ";
    head_ += value;
    head_ += "\r\n";
  };
  const auto number = [this](std::string_view name, std::int64_t value) {
    head_ += name;
    head_ += ": ";
    AppendNumber(value, head_);
    head_ += "\r\n";
  };
  head_.clear();
  AppendStatusLine(record_.status, head_);
  if (entry_ != nullptr) {
    for (const auto& [name, value] : entry_->fields) AppendField(name, value, head_);
  } else {
    field("content-type", "application/json");
  }
  if (parts_.varies_by_origin) field("vary", "Origin");
  head_ += "cache-status: ";
  AppendCacheStatus(record_.cache, head_);
  head_ += "\r\n";
  field("cf-aig-cache-status", "HIT");
  number("age", record_.cache.age.count());
  number("x-larder-billed-tokens", record_.cache.billed_tokens);
  field("cache-control", "private, no-store");
  if (limited_) AppendRateFields(rate_, head_);
  field("x-request-id", record_.request_id);
  head_ += "server-timing: ";
  AppendServerTiming(record_.times, record_.total, head_);
  head_ += "\r\nDate: ";
  head_ += request.date;
  number("\r\nContent-Length",
         static_cast<std::int64_t>(entry_ != nullptr ? entry_->body.size() : body_.size()));
  head_ += "Connection: keep-alive\r\n\r\n";
}

WallTime HitLane::WallAt(MonoTime now) {
  if (held_against_ == MonoTime{} || now - held_against_ >= kHoldAgainst) {
    held_against_ = now;
    wall_ = parts_.clock.Now();
  }
  return wall_ + std::chrono::duration_cast<WallTime::duration>(now - held_against_);
}

void HitLane::Finish(const Parts& parts, MonoTime now, WallTime wall, MonoTime received,
                     RequestRecord& record, const SendOutcome& outcome) {
  record.finished_at = wall;
  record.bytes_out = outcome.body_bytes;
  record.complete = outcome.complete;
  record.total = Micros(now - received);
  record.to_first_byte =
      outcome.first_byte == MonoTime{} ? record.total : Micros(outcome.first_byte - received);
  parts.observer(record);
}

void HitLane::OnSent(const SendOutcome& outcome) {
  if (parts_.observer) {
    const MonoTime now = parts_.clock.Monotonic();
    Finish(parts_, now, WallAt(now), received_, record_, outcome);
  }
  entry_ = nullptr;
  if (body_.capacity() > kKeptBytes) body_ = std::string();
}

std::function<void(const SendOutcome&)> HitLane::Later() {
  entry_ = nullptr;
  if (body_.capacity() > kKeptBytes) body_ = std::string();
  if (!parts_.observer) return [](const SendOutcome&) {};
  return
      [parts = parts_, received = received_, record = record_](const SendOutcome& outcome) mutable {
        Finish(parts, parts.clock.Monotonic(), parts.clock.Now(), received, record, outcome);
      };
}

}  // namespace larder

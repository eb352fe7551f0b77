#include "proxy/upstream/upstream_set.h"

#include <openssl/rand.h>

#include <algorithm>

#include "proxy/pattern.h"
#include "proxy/upstream/builtin/builtin_upstream.h"
#include "proxy/upstream/http_upstream.h"
#include "proxy/upstream/plain_engine.h"
#include "proxy/upstream/retrying_upstream.h"
#include "proxy/upstream/stoppable_pause.h"

namespace larder {
namespace {

// Uniform in [0, 1), of 53 bits.
double RandomFraction() {
  std::uint64_t bits = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof(bits));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// Proxies that the environment names are for neither engine.
PlainEngineOptions PlainOptions(const CurlEngineOptions& options) {
  return {.max_connections = options.max_connections,
          .max_queue = options.max_queue,
          .queue_timeout = options.queue_timeout,
          .connect_timeout = options.connect_timeout,
          .body_window_bytes = options.body_window_bytes};
}

}  // namespace

// Fields stand in the order of construction.
struct UpstreamSet::Member {
  UpstreamOptions options;
  std::vector<std::size_t> fallbacks;         // places in members_
  std::unique_ptr<CurlEngine> engine;         // null for the stand-in
  std::unique_ptr<PlainEngine> plain_engine;  // null but for http://
  std::unique_ptr<Upstream> upstream;
  std::unique_ptr<RetryingUpstream> retrying;
  Upstream* asked = nullptr;

  bool Matches(std::string_view model, std::string_view path) const {
    return MatchesAny(options.models, model) && MatchesAny(options.paths, path);
  }
  // What it calls the model.
  std::string_view Known(std::string_view model) const {
    for (const auto& [asked_for, known_as] : options.aliases) {
      if (asked_for == model) return known_as;
    }
    return model;
  }
  Candidate As(std::string_view model) const { return {asked, std::string(Known(model))}; }
};

UpstreamSet::UpstreamSet(std::vector<Member> members)
    : pause_(std::make_unique<StoppablePause>()), members_(std::move(members)) {}

UpstreamSet::~UpstreamSet() = default;

Result<std::vector<UpstreamSet::Member>> UpstreamSet::Arrange(
    std::vector<UpstreamOptions> options) {
  if (options.empty()) return InvalidArgument("there is no upstream; configure at least one");
  std::vector<Member> members;
  const auto place_of = [&](const std::string& name) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) {
      return member.options.name == name;
    });
    return static_cast<std::size_t>(found - members.begin());
  };
  for (UpstreamOptions& one : options) {
    if (place_of(one.name) != members.size()) {
      return InvalidArgument("two upstreams are named \"" + one.name + "\"; rename one");
    }
    members.emplace_back().options = std::move(one);
  }
  for (Member& member : members) {
    const std::string of = "upstream \"" + member.options.name + "\": the fallback ";
    for (const std::string& name : member.options.fallbacks) {
      const std::size_t place = place_of(name);
      if (place == members.size()) {
        return InvalidArgument(of + "\"" + name + "\" is no upstream; name one that is configured");
      }
      if (&members[place] == &member) {
        return InvalidArgument(of + "is the upstream itself; name another");
      }
      if (std::find(member.fallbacks.begin(), member.fallbacks.end(), place) !=
          member.fallbacks.end()) {
        return InvalidArgument(of + "\"" + name + "\" is named twice; name it once");
      }
      member.fallbacks.push_back(place);
    }
  }
  return members;
}

Result<std::unique_ptr<UpstreamSet>> UpstreamSet::Create(std::vector<UpstreamOptions> options,
                                                         const Clock& clock) {
  LARDER_ASSIGN_OR_RETURN(std::vector<Member> members, Arrange(std::move(options)));
  std::unique_ptr<UpstreamSet> set(new UpstreamSet(std::move(members)));
  for (Member& member : set->members_) LARDER_RETURN_IF_ERROR(set->Make(member, clock));
  return set;
}

Status UpstreamSet::Make(Member& member, const Clock& clock) {
  if (member.options.url == "builtin") {
    member.upstream = std::make_unique<BuiltinUpstream>();
  } else {
    LARDER_ASSIGN_OR_RETURN(member.engine, CurlEngine::Start(member.options.http, clock));
    if (member.options.url.starts_with("http://")) {
      member.plain_engine = std::make_unique<PlainEngine>(PlainOptions(member.options.http), clock);
      member.upstream =
          std::make_unique<HttpUpstream>(member.options, *member.plain_engine, *member.engine);
    } else {
      member.upstream = std::make_unique<HttpUpstream>(member.options, *member.engine);
    }
  }
  member.retrying = std::make_unique<RetryingUpstream>(
      *member.upstream, member.options, clock,
      [pause = pause_.get()](std::chrono::milliseconds duration) { return pause->For(duration); },
      &RandomFraction);
  member.asked = member.retrying.get();
  return {};
}

Result<std::unique_ptr<UpstreamSet>> UpstreamSet::Over(std::vector<UpstreamOptions> options,
                                                       std::vector<Upstream*> upstreams) {
  if (options.size() != upstreams.size()) {
    return InvalidArgument("give as many upstreams as options");
  }
  LARDER_ASSIGN_OR_RETURN(std::vector<Member> members, Arrange(std::move(options)));
  for (std::size_t i = 0; i < members.size(); ++i) members[i].asked = upstreams[i];
  return std::unique_ptr<UpstreamSet>(new UpstreamSet(std::move(members)));
}

const UpstreamSet::Member& UpstreamSet::MemberFor(std::string_view model,
                                                  std::string_view path) const {
  const auto chosen = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    return member.Matches(model, path);
  });
  return chosen == members_.end() ? members_.back() : *chosen;
}

UpstreamSet::First UpstreamSet::ChooseFirst(std::string_view model, std::string_view path) const {
  const Member& chosen = MemberFor(model, path);
  return {chosen.asked, chosen.Known(model)};
}

std::vector<Candidate> UpstreamSet::Choose(std::string_view model, std::string_view path) const {
  const Member& chosen = MemberFor(model, path);
  std::vector<Candidate> candidates{chosen.As(model)};
  for (const std::size_t place : chosen.fallbacks) {
    candidates.push_back(members_[place].As(model));
  }
  return candidates;
}

std::size_t UpstreamSet::size() const {
  return members_.size();
}

std::vector<UpstreamStats> UpstreamSet::Stats() const {
  std::vector<UpstreamStats> all;
  for (const Member& member : members_) {
    UpstreamStats& stats = all.emplace_back();
    if (member.retrying != nullptr) stats = member.retrying->stats();
    if (member.engine != nullptr) stats.queued = member.engine->queued();
    if (member.plain_engine != nullptr) stats.queued += member.plain_engine->queued();
    stats.label = member.options.name;
  }
  return all;
}

void UpstreamSet::Abort() {
  pause_->Stop();
  for (const Member& member : members_) {
    if (member.engine != nullptr) member.engine->Abort();
    if (member.plain_engine != nullptr) member.plain_engine->Abort();
  }
}

bool IsFailover(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kInvalidReply ||
         error.code == ErrorCode::kDeadlineExceeded || error.code == ErrorCode::kOverloaded;
}

bool IsFailover(int status) {
  return IsUpstreamFailure(status) || status == 408 || status == 429;
}

bool IsFailover(const Result<UpstreamReply>& reply) {
  return reply.ok() ? IsFailover(reply->status) : IsFailover(reply.error());
}

}  // namespace larder

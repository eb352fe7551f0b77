#include "proxy/upstream/upstream_set.h"

#include <openssl/rand.h>

#include <algorithm>

#include "proxy/http/worker_pool.h"
#include "proxy/pattern.h"
#include "proxy/upstream/authorised_upstream.h"
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

// A token endpoint is asked for one token at a time, and for a revocation now and then.
CurlEngineOptions TokenTransportOptions(const UpstreamOptions& options) {
  CurlEngineOptions http;
  http.max_connections = 2;
  http.max_queue = 16;
  http.max_tunnels = 0;
  http.connect_timeout = std::min(options.http.connect_timeout, options.oauth.timeout);
  http.ca_file = options.oauth.ca_file;
  return http;
}

// Chosen by the URL: the plain engine is for http:// alone, and libcurl's for both.
class TokenTransport final : public Transport {
 public:
  static Result<std::unique_ptr<Transport>> Start(const CurlEngineOptions& options,
                                                  const Clock& clock) {
    LARDER_ASSIGN_OR_RETURN(auto secure, CurlEngine::Start(options, clock));
    return std::unique_ptr<Transport>(new TokenTransport(std::move(secure), options, clock));
  }
  Result<UpstreamReply> Send(const std::string& url, UpstreamRequest request) override {
    Transport& by = url.starts_with("http://") ? static_cast<Transport&>(plain_) : *secure_;
    return by.Send(url, std::move(request));
  }
  std::size_t queued() const override { return secure_->queued() + plain_.queued(); }
  void Abort() override {
    secure_->Abort();
    plain_.Abort();
  }

 private:
  TokenTransport(std::unique_ptr<CurlEngine> secure, const CurlEngineOptions& options,
                 const Clock& clock)
      : secure_(std::move(secure)), plain_(PlainOptions(options), clock) {}

  const std::unique_ptr<CurlEngine> secure_;
  PlainEngine plain_;
};

CredentialKind KindOf(const UpstreamOptions& options) {
  if (options.url == "builtin") return CredentialKind::kClient;
  if (options.oauth.enabled()) return CredentialKind::kOAuth;
  return options.api_key.empty() ? CredentialKind::kClient : CredentialKind::kKey;
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
  // Of an upstream that is asked with access tokens.
  std::unique_ptr<Transport> token_transport;
  std::unique_ptr<TokenEndpoint> token_endpoint;
  std::unique_ptr<TokenSource> tokens;
  std::unique_ptr<AuthorisedUpstream> authorised;
  Upstream* asked = nullptr;

  bool Matches(std::string_view model, std::string_view path) const {
    return MatchesAny(options.models, model) && MatchesAny(options.paths, path);
  }
  bool IsAmong(std::span<const std::string> allowed) const {
    return allowed.empty() ||
           std::find(allowed.begin(), allowed.end(), options.name) != allowed.end();
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
    : pause_(std::make_unique<StoppablePause>()),
      token_flights_(std::make_unique<WorkerPool>(
          WorkerPoolOptions{.max_threads = members.size(), .queue_limit = members.size()})),
      members_(std::move(members)) {}

UpstreamSet::~UpstreamSet() {
  Abort();
  token_flights_->Stop();  // they work on the members
}

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
  return KindOf(member.options) == CredentialKind::kOAuth ? MakeTokens(member, clock) : Status();
}

Status UpstreamSet::MakeTokens(Member& member, const Clock& clock) {
  const UpstreamOptions& options = member.options;
  LARDER_ASSIGN_OR_RETURN(member.token_transport,
                          TokenTransport::Start(TokenTransportOptions(options), clock));
  LARDER_ASSIGN_OR_RETURN(member.token_endpoint,
                          TokenEndpoint::Create(options.oauth, *member.token_transport, clock));
  member.tokens = std::make_unique<TokenSource>(
      options.name, options.oauth,
      TokenSource::Parts{*member.token_endpoint, clock,
                         [pool = token_flights_.get()](std::function<void()> work) {
                           return pool->Submit(std::move(work));
                         },
                         &RandomFraction});
  member.authorised = std::make_unique<AuthorisedUpstream>(*member.retrying, *member.tokens,
                                                           options.total_timeout, clock);
  member.asked = member.authorised.get();
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

const UpstreamSet::Member* UpstreamSet::MemberFor(std::string_view model, std::string_view path,
                                                  std::span<const std::string> allowed) const {
  const auto chosen = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
    return member.IsAmong(allowed) && member.Matches(model, path);
  });
  if (chosen != members_.end()) return &*chosen;
  return members_.back().IsAmong(allowed) ? &members_.back() : nullptr;
}

UpstreamSet::First UpstreamSet::ChooseFirst(std::string_view model, std::string_view path,
                                            std::span<const std::string> allowed) const {
  const Member* const chosen = MemberFor(model, path, allowed);
  if (chosen == nullptr) return {nullptr, model};
  return {chosen->asked, chosen->Known(model)};
}

std::vector<Candidate> UpstreamSet::Choose(std::string_view model, std::string_view path,
                                           std::span<const std::string> allowed) const {
  std::vector<Candidate> candidates;
  const Member* const chosen = MemberFor(model, path, allowed);
  if (chosen == nullptr) return candidates;
  candidates.push_back(chosen->As(model));
  for (const std::size_t place : chosen->fallbacks) {
    if (members_[place].IsAmong(allowed)) candidates.push_back(members_[place].As(model));
  }
  return candidates;
}

bool UpstreamSet::Has(std::string_view name) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Member& member) { return member.options.name == name; });
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

void UpstreamSet::KeepTokens(Store& store, const Digest& secret) {
  token_store_ = std::make_unique<TokenStore>(store, secret);
  std::vector<std::string> names;
  for (const Member& member : members_) {
    if (member.tokens == nullptr) continue;
    member.tokens->Keep(*token_store_);
    names.push_back(member.options.name);
  }
  // What stays behind is noise that nobody asks for.
  (void)token_store_->ForgetAllBut(names).ok();
}

void UpstreamSet::ObserveTokens(
    const std::function<void(const std::string& upstream, const Status& status)>& observer) {
  for (const Member& member : members_) {
    if (member.tokens != nullptr) member.tokens->set_observer(observer);
  }
}

std::vector<UpstreamState> UpstreamSet::States() const {
  std::vector<UpstreamState> all;
  for (const Member& member : members_) {
    UpstreamState& state = all.emplace_back();
    state.name = member.options.name;
    state.url = member.options.url;
    state.credential = KindOf(member.options);
    if (member.retrying != nullptr) state.breaker = member.retrying->stats().breaker;
    if (member.tokens != nullptr) state.token = member.tokens->state();
  }
  return all;
}

Result<ForgottenToken> UpstreamSet::ForgetToken(std::string_view name) {
  for (const Member& member : members_) {
    if (member.options.name != name) continue;
    if (member.tokens != nullptr) return member.tokens->Forget();
    return InvalidArgument("this upstream is not asked with access tokens: it has none to forget");
  }
  return Error{ErrorCode::kNotFound, ErrorOrigin::kDownstream,
               "there is no upstream of this name; GET /admin/v1/upstreams lists them"};
}

void UpstreamSet::Abort() {
  pause_->Stop();
  for (const Member& member : members_) {
    if (member.tokens != nullptr) member.tokens->Stop();
    if (member.token_transport != nullptr) member.token_transport->Abort();
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

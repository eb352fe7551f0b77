// UpstreamSet: the configured upstreams, and which of them a request goes to.
// Thread-safety: every method may be called from any thread, many at once.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "proxy/upstream/upstream.h"
#include "proxy/upstream/upstream_options.h"
#include "proxy/upstream/upstream_state.h"
#include "proxy/upstream/upstream_stats.h"

namespace larder {

class StoppablePause;
class Store;
class TokenStore;
class WorkerPool;

// One upstream that may be asked, and the model's name there: its alias for what the client asked
// for, or that itself.
struct Candidate {
  Upstream* upstream = nullptr;  // never null; the set owns it
  std::string model;
};

class UpstreamSet {
 public:
  // Makes an upstream of each of `options`: its own connections, retries and breaker over a base
  // URL, or the stand-in for "builtin". `clock` outlives the set.
  // Errors: kInvalidArgument (no upstream at all, a name that comes twice, a fallback that is
  // unknown, comes twice or is the upstream itself, a service account's key that is none); those of
  // CurlEngine::Start.
  static Result<std::unique_ptr<UpstreamSet>> Create(std::vector<UpstreamOptions> options,
                                                     const Clock& clock);
  // The same choice among upstreams that somebody else owns and that outlive the set, one for each
  // of `options` in order; without retries and breakers.
  // Errors: kInvalidArgument as above, and when the two differ in size.
  static Result<std::unique_ptr<UpstreamSet>> Over(std::vector<UpstreamOptions> options,
                                                   std::vector<Upstream*> upstreams);
  // Ends what is under way; bodies handed out may outlive the set.
  ~UpstreamSet();
  UpstreamSet(const UpstreamSet&) = delete;
  UpstreamSet& operator=(const UpstreamSet&) = delete;

  // Whom to ask, in order, each next one when the one before IsFailover. The first
  // upstream, in the order configured, whose patterns match `model` and `path`, then its fallbacks
  // (whatever their patterns; their own fallbacks do not count). When none matches: the last.
  // `model` as the client asked for it, "" when the request has none (then only patterns that match
  // nothing at all, such as "*", match); `path` below /v1 without query: "/chat/completions".
  //
  // `allowed`: names of the only ones that may be asked; none: all. The choice is among these, as
  // if there were no others; it is empty when none of them matches and the last is not allowed.
  std::vector<Candidate> Choose(std::string_view model, std::string_view path,
                                std::span<const std::string> allowed = {}) const;

  // The first of Choose, without a copy: `model` lives as long as the set or the argument. Its
  // `upstream` is null when Choose is empty.
  struct First {
    Upstream* upstream;
    std::string_view model;
  };
  First ChooseFirst(std::string_view model, std::string_view path,
                    std::span<const std::string> allowed = {}) const;

  // Whether there is one of this name.
  bool Has(std::string_view name) const;

  // How many there are; at least 1.
  std::size_t size() const;

  // One for each upstream, in the order configured.
  std::vector<UpstreamStats> Stats() const;

  // Before the first request: access tokens are kept in `store`, sealed with `secret`, and read
  // from it; what it has of upstreams that are not there any more is deleted. `store` outlives the
  // set.
  void KeepTokens(Store& store, const Digest& secret);
  // Before the first request: told, from any thread, when an upstream's tokens begin to fail, and
  // when they come again.
  void ObserveTokens(
      const std::function<void(const std::string& upstream, const Status& status)>& observer);

  // One for each upstream, in the order configured.
  std::vector<UpstreamState> States() const;

  // Forgets the access token of the upstream of that name, and has its provider revoke it where
  // that is configured; blocks. Errors: kNotFound (no such upstream), kInvalidArgument (it is not
  // asked with tokens), those of TokenSource::Forget.
  Result<ForgottenToken> ForgetToken(std::string_view name);

  // Fails every exchange under way, every pause before a repetition, and each later request
  // (kCancelled).
  void Abort();

 private:
  struct Member;
  explicit UpstreamSet(std::vector<Member> members);
  // Null when none may be asked.
  const Member* MemberFor(std::string_view model, std::string_view path,
                          std::span<const std::string> allowed) const;
  // Gives a member its upstream,
  Status Make(Member& member, const Clock& clock);
  // and that its tokens.
  Status MakeTokens(Member& member, const Clock& clock);
  static Result<std::vector<Member>> Arrange(std::vector<UpstreamOptions> options);

  std::unique_ptr<StoppablePause> pause_;      // outlives the members, whose requests wait in it
  std::unique_ptr<TokenStore> token_store_;    // null: tokens are not kept
  std::unique_ptr<WorkerPool> token_flights_;  // one thread for each member with tokens, at most
  std::vector<Member> members_;
};

// Whether the next candidate should be asked instead of passing this on: no answer arrived
// (kUnavailable, kInvalidReply, kDeadlineExceeded, kOverloaded), or one that speaks of upstream's
// state rather than of the request: IsUpstreamFailure, 408, 429. What the request or its credential
// is to blame for (400, 401, 403, 404, 409, 422, ...) is not.
bool IsFailover(const Error& error);
bool IsFailover(int status);
bool IsFailover(const Result<UpstreamReply>& reply);

}  // namespace larder

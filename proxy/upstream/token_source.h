// TokenSource: the access token of one upstream, from memory, from the store of an earlier run, or
// from the token endpoint. One flight at a time asks that, on another thread; whoever has a token
// that is still good does not wait for it.
//
// Ages are held against both clocks: the monotonic one counts a token's life whatever is done to
// the wall clock, and the wall clock knows of the time in which the machine slept. A token is at
// its end when either says so, kMargin (at most a tenth of its life) before. A stored token counts
// by the wall clock alone, and not at all when that stands before the moment it was received.
//
// A token endpoint that fails is asked again after a pause: what it asks for, else kFirstPause,
// twice as long each time up to kLongestPause, less a random part of up to half. Until then, who
// has no token is told what the failure was, at once.
//
// Thread-safe; waits suit fibers (base/fiber.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "proxy/upstream/token_endpoint.h"
#include "proxy/upstream/token_store.h"
#include "proxy/upstream/upstream_state.h"

namespace larder {

struct AccessToken {
  std::string text;
  std::uint64_t number = 0;  // tells it from those before and behind it
};

class TokenSource {
 public:
  static constexpr std::chrono::milliseconds kMargin{10'000};
  static constexpr std::chrono::milliseconds kFirstPause{1'000};
  static constexpr std::chrono::milliseconds kLongestPause{60'000};
  // A token that upstream refused is replaced at once, and then again at the earliest after this:
  // an upstream that refuses every token must not have each of its requests ask for one.
  static constexpr std::chrono::milliseconds kRejectionPause{10'000};

  struct Parts {
    TokenEndpoint& endpoint;
    const Clock& clock;
    // Runs work on another thread; false: it will not run.
    std::function<bool(std::function<void()>)> run;
    std::function<double()> random;  // in [0, 1)
  };
  // Told on a flight's thread when flights begin to fail (an error) and when they succeed again.
  using Observer = std::function<void(const std::string& upstream, const Status& status)>;

  // `upstream`: its name, for messages and the store. All of `parts` outlives it, and it outlives
  // what `run` was given.
  TokenSource(std::string upstream, OAuthOptions options, Parts parts);

  // Before the first Get, each once: where tokens are kept (it outlives this), and whom to tell.
  void Keep(TokenStore& store);
  void set_observer(Observer observer) { observer_ = std::move(observer); }

  // A token, which is good for now. Waits while there is none, `wait` at most; begins a flight when
  // there is none or when the token is near its end.
  // Errors: kUnavailable, kInvalidReply (the token endpoint failed), kDeadlineExceeded, kCancelled
  // (Stop). None shows a secret.
  Result<AccessToken> Get(std::chrono::milliseconds wait);

  // Upstream refused this token. True when asking it again is worth while: another token has come
  // since, or this one was dropped.
  bool Reject(std::uint64_t number);

  // Forgets the token, also in the store, has the provider revoke it when a revocation_url is set,
  // and ends a pause. What a flight under way brings is not used. Blocks.
  // Errors: kIo (it may be found again after a restart), those of TokenEndpoint::Revoke; the token
  // is not used any more in either case.
  Result<ForgottenToken> Forget();

  TokenState state() const;

  // Ends every wait and refuses each later one (kCancelled).
  void Stop();

 private:
  struct Held {
    AccessToken token;
    MonoTime refresh_at;
    MonoTime last;       // from then on it is at its end, by one clock
    WallTime last_wall;  // and by the other
    WallTime expires_at;
  };
  // A moment by both clocks.
  struct Moment {
    MonoTime mono;
    WallTime wall;
  };
  Moment Now() const { return {parts_.clock.Monotonic(), parts_.clock.Now()}; }
  bool IsGood(const Held& held) const;
  // How long the token endpoint is left alone from now on; zero or less: no more.
  std::chrono::milliseconds PauseLeft() const LARDER_REQUIRES(mutex_);
  // Sees to it that one is under way. False when none can begin.
  bool BeginFlight() LARDER_REQUIRES(mutex_);
  void Fly(std::uint64_t epoch);
  void NoteFailure(const Error& error, std::optional<std::chrono::milliseconds> asked_for)
      LARDER_REQUIRES(mutex_);
  // Takes a token that lives for `life` in all, of which `left` are left at `now`.
  void Hold(std::string token, std::chrono::milliseconds life, std::chrono::milliseconds left,
            const Moment& now) LARDER_REQUIRES(mutex_);
  Error Failure() const LARDER_REQUIRES(mutex_);

  const std::string upstream_;
  const OAuthOptions options_;
  const Parts parts_;
  const Digest identity_;
  TokenStore* store_ = nullptr;  // null: tokens are not kept
  Observer observer_;

  Mutex storing_;  // what the store has is what memory has: held over both
  mutable Mutex mutex_;
  CondVar landed_;
  std::optional<Held> held_ LARDER_GUARDED_BY(mutex_);
  std::uint64_t last_number_ LARDER_GUARDED_BY(mutex_) = 0;
  std::uint64_t epoch_ LARDER_GUARDED_BY(mutex_) = 0;  // counts what made flights stale: Forget
  bool in_flight_ LARDER_GUARDED_BY(mutex_) = false;
  std::uint64_t landings_ LARDER_GUARDED_BY(mutex_) = 0;
  bool stopped_ LARDER_GUARDED_BY(mutex_) = false;
  std::optional<WallTime> last_refresh_ LARDER_GUARDED_BY(mutex_);
  // Of the flights since the last token.
  int failures_ LARDER_GUARDED_BY(mutex_) = 0;
  std::optional<Error> failure_ LARDER_GUARDED_BY(mutex_);
  std::optional<WallTime> failed_at_ LARDER_GUARDED_BY(mutex_);
  MonoTime pause_until_ LARDER_GUARDED_BY(mutex_){};
  std::optional<MonoTime> rejected_at_ LARDER_GUARDED_BY(mutex_);
};

}  // namespace larder

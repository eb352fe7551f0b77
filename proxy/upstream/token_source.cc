#include "proxy/upstream/token_source.h"

#include <algorithm>
#include <cmath>

namespace larder {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLongestWait = std::chrono::hours(24);

Error Stopped() {
  return Error{ErrorCode::kCancelled, ErrorOrigin::kSelf, "the server is shutting down"};
}

}  // namespace

TokenSource::TokenSource(std::string upstream, OAuthOptions options, Parts parts)
    : upstream_(std::move(upstream)),
      options_(std::move(options)),
      parts_(std::move(parts)),
      identity_(TokenIdentity(upstream_, options_)) {}

void TokenSource::Keep(TokenStore& store) {
  store_ = &store;
  auto stored = store.Load(upstream_, identity_);
  MutexLock lock(mutex_);
  const Moment now = Now();
  if (!stored || now.wall < stored->received || now.wall >= stored->expires) return;
  Hold(std::move(stored->token), stored->expires - stored->received, stored->expires - now.wall,
       now);
  last_refresh_ = stored->received;
}

void TokenSource::Hold(std::string token, milliseconds life, milliseconds left, const Moment& now) {
  const milliseconds margin = std::min(kMargin, life / 10);
  const milliseconds ahead =
      std::max(margin, std::min<milliseconds>(options_.refresh_ahead, life / 5));
  held_ = Held{.token = {std::move(token), ++last_number_},
               .refresh_at = now.mono + (left - ahead),
               .last = now.mono + (left - margin),
               .last_wall = now.wall + (left - margin),
               .expires_at = now.wall + left};
}

bool TokenSource::IsGood(const Held& held) const {
  const Moment now = Now();
  return now.mono < held.last && now.wall < held.last_wall;
}

milliseconds TokenSource::PauseLeft() const {
  if (failures_ == 0) return milliseconds(0);
  return std::chrono::ceil<milliseconds>(pause_until_ - parts_.clock.Monotonic());
}

Result<AccessToken> TokenSource::Get(milliseconds wait) {
  const auto deadline = steady_clock::now() + std::min(wait, kLongestWait);
  MutexLock lock(mutex_);
  while (!stopped_) {
    if (held_ && IsGood(*held_)) {
      if (parts_.clock.Monotonic() >= held_->refresh_at && PauseLeft().count() <= 0) BeginFlight();
      return held_->token;
    }
    if (!in_flight_) {
      if (PauseLeft().count() > 0) return Failure();
      if (!BeginFlight()) break;
    }
    const std::uint64_t newest = last_number_;
    const std::uint64_t landings = landings_;
    while (landings_ == landings && !stopped_) {
      const bool in_time = landed_.WaitUntil(mutex_, deadline);
      if (!in_time && landings_ == landings && !stopped_) {
        return UpstreamError(
            ErrorCode::kDeadlineExceeded,
            "upstream " + upstream_ + " cannot be asked: its token endpoint has not answered yet");
      }
    }
    // A token that lives no longer than its margin is good for those who waited for it.
    if (held_ && held_->token.number > newest) return held_->token;
    if (failure_) return Failure();
  }
  return Stopped();
}

bool TokenSource::BeginFlight() {
  if (in_flight_) return true;
  in_flight_ = parts_.run([this, epoch = epoch_] { Fly(epoch); });
  return in_flight_;
}

void TokenSource::Fly(std::uint64_t epoch) {
  const Moment asked = Now();
  const TokenEndpoint::Outcome outcome = parts_.endpoint.Ask();
  MutexLock storing(storing_);
  bool changed = false;
  bool taken = false;
  {
    MutexLock lock(mutex_);
    in_flight_ = false;
    ++landings_;
    if (epoch == epoch_) {
      if (outcome.token.ok()) {
        const milliseconds life = outcome.token->lifetime;
        Hold(outcome.token->access_token, life, life, asked);
        last_refresh_ = asked.wall;
        changed = failures_ > 0;
        failures_ = 0;
        failure_.reset();
        taken = true;
      } else {
        NoteFailure(outcome.token.error(), outcome.pause);
        changed = failures_ == 1;
      }
    }
    landed_.NotifyAll();
  }
  // That it could not be kept costs one more flight after a restart.
  if (taken && store_ != nullptr) {
    (void)store_
        ->Save(upstream_, identity_,
               {outcome.token->access_token, asked.wall, asked.wall + outcome.token->lifetime})
        .ok();
  }
  if (changed && observer_) {
    observer_(upstream_, outcome.token.ok() ? Status() : Status(outcome.token.error()));
  }
}

void TokenSource::NoteFailure(const Error& error, std::optional<milliseconds> asked_for) {
  failure_ = error;
  failed_at_ = parts_.clock.Now();
  if (error.code == ErrorCode::kCancelled) return;
  ++failures_;
  const double doubled = std::ldexp(static_cast<double>(kFirstPause.count()), failures_ - 1);
  const double longest = std::min(doubled, static_cast<double>(kLongestPause.count()));
  const milliseconds own(static_cast<std::int64_t>(longest - parts_.random() * longest / 2));
  pause_until_ = parts_.clock.Monotonic() +
                 std::max(own, std::min(kLongestPause, asked_for.value_or(milliseconds(0))));
}

Error TokenSource::Failure() const {
  if (failure_->code == ErrorCode::kCancelled) return *failure_;
  Error error = *failure_;
  error.message = "upstream " + upstream_ + " cannot be asked: its token endpoint " + error.message;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(PauseLeft()).count();
  if (seconds > 0) error.message += " (it is asked again in " + std::to_string(seconds) + " s)";
  return error;
}

bool TokenSource::Reject(std::uint64_t number) {
  MutexLock lock(mutex_);
  if (!held_ || held_->token.number != number) return true;
  const MonoTime now = parts_.clock.Monotonic();
  if (rejected_at_ && now - *rejected_at_ < kRejectionPause) return false;
  rejected_at_ = now;
  held_.reset();
  return true;
}

Result<ForgottenToken> TokenSource::Forget() {
  ForgottenToken forgotten;
  std::string token;
  {
    MutexLock storing(storing_);
    {
      MutexLock lock(mutex_);
      ++epoch_;
      if (held_) token = std::move(held_->token.text);
      forgotten.held = held_.has_value();
      held_.reset();
      failures_ = 0;
      failure_.reset();
      failed_at_.reset();
      rejected_at_.reset();
    }
    if (store_ != nullptr) LARDER_RETURN_IF_ERROR(store_->Forget(upstream_));
  }
  if (forgotten.held) {
    auto revoked = parts_.endpoint.Revoke(token);
    if (!revoked.ok()) {
      Error error = revoked.error();
      error.message =
          "the token was forgotten, but not revoked: the revocation endpoint " + error.message;
      return error;
    }
    forgotten.revoked = *revoked;
  }
  return forgotten;
}

TokenState TokenSource::state() const {
  MutexLock lock(mutex_);
  TokenState state;
  state.held = held_ && IsGood(*held_);
  state.refreshing = in_flight_;
  if (held_) state.expires_at = held_->expires_at;
  state.last_refresh = last_refresh_;
  if (failure_) state.last_error = "the token endpoint " + failure_->message;
  state.failed_at = failed_at_;
  if (PauseLeft().count() > 0) state.next_attempt = PauseLeft();
  return state;
}

void TokenSource::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  landed_.NotifyAll();
}

}  // namespace larder

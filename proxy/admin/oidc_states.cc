#include "proxy/admin/oidc_states.h"

#include "base/base64url.h"
#include "base/random.h"
#include "base/secret_box.h"

namespace larder {
namespace {

// 43 characters, which is also the least that PKCE allows.
std::string NewSecret() {
  return ToBase64Url(RandomBytes(32));
}

}  // namespace

void OidcStates::ForgetOld(MonoTime now) {
  while (!order_.empty() && (order_.front().first <= now || order_.size() >= most_)) {
    held_.erase(order_.front().second);
    order_.pop_front();
  }
}

OidcStates::Begun OidcStates::Begin(std::string view) {
  Begun begun{NewSecret(), NewSecret(), {NewSecret(), NewSecret(), std::move(view)}};
  const Digest key = Sha256Of(begun.state);
  const MonoTime now = clock_.Monotonic();
  MutexLock lock(mutex_);
  ForgetOld(now);
  held_[key] = {Sha256Of(begun.browser), now + kLifetime, begun.kept};
  order_.emplace_back(now + kLifetime, key);
  return begun;
}

std::optional<OidcState> OidcStates::Take(std::string_view state, std::string_view browser) {
  const Digest key = Sha256Of(state);
  const Digest asker = Sha256Of(browser);
  const MonoTime now = clock_.Monotonic();
  std::optional<Held> taken;
  {
    MutexLock lock(mutex_);
    const auto found = held_.find(key);
    if (found != held_.end()) {
      taken = std::move(found->second);
      held_.erase(found);  // its place in order_ goes with its time
    }
  }
  if (!taken || taken->ends <= now || !IsSameSecret(AsBytes(taken->browser), AsBytes(asker))) {
    return std::nullopt;
  }
  return std::move(taken->state);
}

std::size_t OidcStates::size() const {
  MutexLock lock(mutex_);
  return held_.size();
}

}  // namespace larder

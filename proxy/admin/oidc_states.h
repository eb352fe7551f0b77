// OidcStates: logins that are under way at the OpenID provider. Each is kept ten minutes, used
// once, and taken back by the browser that began it alone. In memory: after a restart one begins
// anew. Thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/sha256.h"

namespace larder {

struct OidcState {
  std::string nonce;          // to be found in the ID token
  std::string code_verifier;  // PKCE (RFC 7636)
  std::string view;           // of the dashboard, where to afterwards
};

class OidcStates {
 public:
  static constexpr std::chrono::minutes kLifetime{10};

  // Beyond `most` the oldest is given up. `clock` outlives it.
  OidcStates(std::size_t most, const Clock& clock) : most_(most), clock_(clock) {}

  struct Begun {
    std::string state;    // goes to the provider and comes back
    std::string browser;  // a cookie's value
    OidcState kept;
  };
  Begun Begin(std::string view);

  // What was kept, and it is gone: nullopt when there is none of this name, or no more, or when
  // another browser has begun it.
  std::optional<OidcState> Take(std::string_view state, std::string_view browser);

  std::size_t size() const;

 private:
  struct Held {
    Digest browser;
    MonoTime ends;
    OidcState state;
  };
  void ForgetOld(MonoTime now) LARDER_REQUIRES(mutex_);

  const std::size_t most_;
  const Clock& clock_;
  mutable Mutex mutex_;
  // By the hash: where a look-up ends tells nothing of a state.
  std::unordered_map<Digest, Held, DigestHash> held_ LARDER_GUARDED_BY(mutex_);
  std::deque<std::pair<MonoTime, Digest>> order_ LARDER_GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace larder

// LoginLimit: how often somebody may be wrong. Failures within the last minute are counted by
// address (an IPv6 one by its first 64 bits) and of all together, so that guessing takes for ever
// and what is remembered is bounded. Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "proxy/admin/admin_options.h"

namespace larder {

class LoginLimit {
 public:
  // How many times as many failures all addresses may have together as one.
  static constexpr std::size_t kAllTogether = 10;

  // `clock` outlives it.
  LoginLimit(LoginLimitOptions options, const Clock& clock) : options_(options), clock_(clock) {}

  // Counts a failure of `peer` ("127.0.0.1:50412") ahead of the attempt, so that many at once are
  // no way around the limit. False: too many; nothing was counted and nothing must be tried.
  bool Admit(std::string_view peer);
  // It was none after all.
  void Forgive(std::string_view peer);
  // Until the next attempt may be made; zero when one may now.
  std::chrono::seconds Wait(std::string_view peer) const;

 private:
  struct Failure {
    std::string address;
    MonoTime at;
  };
  void ForgetOld(MonoTime now) LARDER_REQUIRES(mutex_);

  const LoginLimitOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::deque<Failure> failures_ LARDER_GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace larder

// What an administrator sees of an upstream: whose credential it is asked with, and how that is.
// Thread-safety: values.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "proxy/upstream/upstream_stats.h"

namespace larder {

// Of an access token (token_source.h); nothing of it or of what it is got with.
struct TokenState {
  bool held = false;                     // there is one, and it is still good
  bool refreshing = false;               // the token endpoint is being asked
  std::optional<WallTime> expires_at;    // of the one that is there
  std::optional<WallTime> last_refresh;  // when the last one was asked for that came
  std::string last_error;  // why the last question brought none; empty when it brought one
  std::optional<WallTime> failed_at;
  std::optional<std::chrono::milliseconds> next_attempt;  // how long it is left alone from now on
};

struct ForgottenToken {
  bool held = false;     // there was one
  bool revoked = false;  // and its provider was told
};

enum class CredentialKind {
  kClient,  // the client's own
  kKey,     // one that Larder holds
  kOAuth,   // a token that Larder asks for
};

// "client", "key", "oauth".
constexpr std::string_view CredentialKindName(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::kKey:
      return "key";
    case CredentialKind::kOAuth:
      return "oauth";
    case CredentialKind::kClient:
      break;
  }
  return "client";
}

struct UpstreamState {
  std::string name;
  std::string url;
  CredentialKind credential = CredentialKind::kClient;
  BreakerState breaker = BreakerState::kClosed;
  std::optional<TokenState> token;  // of kOAuth
};

}  // namespace larder

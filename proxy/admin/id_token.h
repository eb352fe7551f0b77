// ID tokens: whom an OpenID provider says somebody is, and whether it really said so. Source:
// OpenID Connect Core 1.0, section 3.1.3.7; RFC 7519; RFC 8725 (what goes wrong with JWTs). Of
// signatures RS256 and ES256 count and nothing else: "none", and HS256 with a public key for a
// secret, are refused by not being known. Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/admin/jwk_set.h"

namespace larder {

struct IdTokenRules {
  std::string issuer;     // exactly
  std::string client_id;  // among those it is for
  std::string nonce;      // of the login it belongs to
};

struct Identity {
  std::string subject;  // the provider's own name for somebody; never used for another person
  std::string email;    // when the provider says that it verified it; else empty
};

inline constexpr std::size_t kMaxIdTokenBytes = 32UL * 1024;
// How far the provider's clock and this one may be apart.
inline constexpr std::chrono::seconds kClockLeeway{60};

// Errors: kNotFound: no key of `keys` is the one that the token names, which newer keys may cure;
// kUnauthenticated: it is not to be believed, and why (nothing of the token is shown).
Result<Identity> VerifyIdToken(std::string_view token, const JwkSet& keys,
                               const IdTokenRules& rules, WallTime now);

// Whether one of `patterns` lets somebody in: matched with the verified e-mail address without
// regard to case, or, behind "sub:", with the subject. Nobody without patterns.
bool IsAllowed(std::span<const std::string> patterns, const Identity& identity);

}  // namespace larder

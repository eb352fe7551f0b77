// What a request says about caching: Cache-Control (RFC 9111, section 5.2.1), Cloudflare AI
// Gateway's cf-aig-* fields, x-larder-namespace. A caller can narrow sharing or shorten life, never
// the reverse. Thread-safety: values; pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "cache/freshness.h"
#include "proxy/http/headers.h"

namespace larder {

struct CacheDirectives {
  bool no_cache = false;                        // do not answer from the cache; store the answer
  bool no_store = false;                        // neither answer from the cache nor store
  bool skip_cache = false;                      // cf-aig-skip-cache: the same, by Cloudflare's name
  bool only_if_cached = false;                  // 504 rather than a call upstream
  std::optional<std::chrono::seconds> max_age;  // an older entry does not answer
  std::chrono::seconds min_fresh{0};            // nor does one that goes stale sooner than that
  // An entry answers until so long past its lifetime; seconds::max() for a max-stale without a
  // number.
  std::optional<std::chrono::seconds> max_stale;
  std::optional<std::chrono::seconds> lifetime;  // cf-aig-cache-ttl: for what is stored now
  std::string custom_key;                        // cf-aig-cache-key
  std::string name_space;                        // x-larder-namespace

  // What the server's CacheMode asks for, no request can.
  bool any_age = false;    // an entry answers whatever its age
  bool read_only = false;  // nothing is stored

  bool may_read() const { return !no_cache && !no_store && !skip_cache; }
  bool may_store() const { return !no_store && !skip_cache && !read_only; }
  // Whether an entry that a look-up found may answer, `lifetime` being the configured one.
  FreshnessLimits LimitsFor(std::chrono::seconds lifetime) const {
    return {lifetime, max_age, min_fresh, max_stale, any_age};
  }
  // The lifetime of what is stored now: the request's where it asks for less than the configured.
  std::chrono::seconds LifetimeFor(std::chrono::seconds configured) const;
};

// What is recorded for replay lives so long, whatever is configured.
inline constexpr std::chrono::seconds kRecordedLifetime{3650 * 86'400};

// Unknown directives and unusable arguments of Cache-Control are ignored, as RFC 9111 asks.
// Errors: kInvalidArgument for a cf-aig-cache-ttl outside [60, 2592000], a key or namespace over
// 256 bytes.
Result<CacheDirectives> ParseCacheDirectives(const Headers& headers);

}  // namespace larder

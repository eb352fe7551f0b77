// What a request says about caching: Cache-Control (RFC 9111, section 5.2.1), Cloudflare AI
// Gateway's cf-aig-* fields, x-larder-namespace. A caller can narrow sharing or shorten life, never
// the reverse. Thread-safety: values; pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "proxy/http/headers.h"

namespace larder {

struct CacheDirectives {
  bool no_cache = false;                        // do not answer from the cache; store the answer
  bool no_store = false;                        // neither answer from the cache nor store
  bool skip_cache = false;                      // cf-aig-skip-cache: the same, by Cloudflare's name
  bool only_if_cached = false;                  // 504 rather than a call upstream
  std::optional<std::chrono::seconds> max_age;  // an older entry does not answer
  std::optional<std::chrono::seconds> lifetime;  // cf-aig-cache-ttl: for what is stored now
  std::string custom_key;                        // cf-aig-cache-key
  std::string name_space;                        // x-larder-namespace

  bool may_read() const { return !no_cache && !no_store && !skip_cache; }
  bool may_store() const { return !no_store && !skip_cache; }
};

// Unknown directives and unusable arguments of Cache-Control are ignored, as RFC 9111 asks.
// Errors: kInvalidArgument for a cf-aig-cache-ttl outside [60, 2592000], a key or namespace over
// 256 bytes.
Result<CacheDirectives> ParseCacheDirectives(const Headers& headers);

}  // namespace larder

// CacheStatus: what became of one request in the cache. The one value that the Cache-Status field,
// the log line, the metrics and the dashboard are made from. Thread-safety: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "proxy/http/headers.h"
#include "proxy/miss_reason.h"

namespace larder {

enum class CacheLayer { kNone, kEmbeddings, kResponses };
std::string_view CacheLayerName(CacheLayer layer);  // "none", "embeddings", "responses"

// RFC 9211, section 2.2, the reasons that Larder has.
enum class CacheOutcome {
  kHit,      // answered from the cache alone
  kMiss,     // nothing (or, for a batch, not everything) was cached
  kBypass,   // not a request that Larder caches, or told to skip the cache
  kStale,    // there was an entry, too old to answer
  kRequest,  // the request's own Cache-Control asked for a fresh answer
};
std::string_view CacheOutcomeName(CacheOutcome outcome);  // "hit", "miss", ...

struct CacheStatus {
  CacheLayer layer = CacheLayer::kNone;
  CacheOutcome outcome = CacheOutcome::kBypass;
  // Of what came from the cache; a ttl of 0 or less: it was stale.
  std::chrono::seconds ttl{0};
  std::chrono::seconds age{0};
  int forward_status = 0;  // upstream's status; 0 when it was not asked or did not answer
  bool stored = false;
  bool collapsed = false;     // shared another request's upstream call
  bool store_failed = false;  // the disk refused; the answer came all the same
  bool revalidating = false;  // a stale hit, renewed behind it (stale-while-revalidate)
  bool on_error = false;      // upstream failed and a stale entry answered (stale-if-error)
  // Embeddings: inputs of the batch and how many of them were hits. Zero for other layers.
  std::int64_t items = 0;
  std::int64_t items_hit = 0;
  std::int64_t billed_tokens = 0;  // what upstream charges for this request
  std::int64_t saved_tokens = 0;   // what it would have charged beyond that
  // Of these, tokens that the model wrote; they have a price of their own.
  std::int64_t billed_completion = 0;
  std::int64_t saved_completion = 0;
  std::string reason;    // why not cached, in a word ("method", "stateful"); empty otherwise
  std::string upstream;  // the label of the upstream chosen; empty where there is but one
  MissReason why = MissReason::kNone;
  std::string changed_field;  // of kChanged: what differs ("temperature"); empty otherwise
  // Of the entry that answers, or would; absent for a batch of several inputs, and where there is
  // no key.
  std::optional<Digest> key = std::nullopt;

  // Whether the answer is one that the cache had.
  bool from_cache() const { return outcome == CacheOutcome::kHit || on_error; }
};

// "larder; hit; ttl=86399" or "larder; fwd=miss; fwd-status=200; stored; detail=\"items=8,hit=5\"".
std::string RenderCacheStatus(const CacheStatus& status);
void AppendCacheStatus(const CacheStatus& status, std::string& out);

// Adds Cache-Status, cf-aig-cache-status, Age (on hits), x-larder-billed-tokens, and Cache-Control
// towards shared caches. An upstream's own Cache-Status stays, in front of Larder's (RFC 9211,
// section 2).
void AddCacheHeaders(const CacheStatus& status, Headers& headers);

}  // namespace larder

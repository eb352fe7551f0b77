#include "proxy/cache_status.h"

namespace larder {

std::string_view CacheLayerName(CacheLayer layer) {
  switch (layer) {
    case CacheLayer::kNone:
      return "none";
    case CacheLayer::kEmbeddings:
      return "embeddings";
    case CacheLayer::kResponses:
      return "responses";
  }
  return "none";
}

std::string_view CacheOutcomeName(CacheOutcome outcome) {
  switch (outcome) {
    case CacheOutcome::kHit:
      return "hit";
    case CacheOutcome::kMiss:
      return "miss";
    case CacheOutcome::kBypass:
      return "bypass";
    case CacheOutcome::kStale:
      return "stale";
    case CacheOutcome::kRequest:
      return "request";
  }
  return "bypass";
}

std::string RenderCacheStatus(const CacheStatus& status) {
  std::string text = "larder";
  if (status.outcome == CacheOutcome::kHit) {
    text += "; hit; ttl=" + std::to_string(status.ttl.count());
  } else {
    text += "; fwd=" + std::string(CacheOutcomeName(status.outcome));
    if (status.forward_status > 0) text += "; fwd-status=" + std::to_string(status.forward_status);
    if (status.stored) text += "; stored";
    if (status.collapsed) text += "; collapsed";
  }
  std::string detail;
  const auto add = [&](const std::string& part) { detail += (detail.empty() ? "" : ",") + part; };
  if (status.layer == CacheLayer::kEmbeddings) {
    add("items=" + std::to_string(status.items) + ",hit=" + std::to_string(status.items_hit));
  }
  if (!status.reason.empty()) add(status.reason);
  if (status.revalidating) add("stale-while-revalidate");
  if (status.on_error) add("stale-if-error");
  if (!status.upstream.empty()) add("upstream=" + status.upstream);
  if (status.store_failed) add("store-failed");
  if (!detail.empty()) text += "; detail=\"" + detail + "\"";
  return text;
}

void AddCacheHeaders(const CacheStatus& status, Headers& headers) {
  headers.Add("cache-status", RenderCacheStatus(status));
  headers.Set("cf-aig-cache-status", status.from_cache() ? "HIT" : "MISS");
  if (status.from_cache()) headers.Set("age", std::to_string(status.age.count()));
  if (status.layer != CacheLayer::kNone) {
    headers.Set("x-larder-billed-tokens", std::to_string(status.billed_tokens));
  }
  headers.Set("cache-control", "private, no-store");
}

}  // namespace larder

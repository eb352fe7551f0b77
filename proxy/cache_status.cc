#include "proxy/cache_status.h"

#include "base/decimal.h"

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
  std::string text;
  AppendCacheStatus(status, text);
  return text;
}

void AppendCacheStatus(const CacheStatus& status, std::string& out) {
  out += "larder";
  if (status.outcome == CacheOutcome::kHit) {
    out += "; hit; ttl=";
    AppendNumber(status.ttl.count(), out);
  } else {
    out += "; fwd=";
    out += CacheOutcomeName(status.outcome);
    if (status.forward_status > 0) {
      out += "; fwd-status=";
      AppendNumber(status.forward_status, out);
    }
    if (status.stored) out += "; stored";
    if (status.collapsed) out += "; collapsed";
  }
  const std::size_t before = out.size();
  const auto begin_part = [&] { out += out.size() == before ? "; detail=\"" : ","; };
  const auto add = [&](std::string_view part) {
    begin_part();
    out += part;
  };
  if (status.layer == CacheLayer::kEmbeddings) {
    add("items=");
    AppendNumber(status.items, out);
    out += ",hit=";
    AppendNumber(status.items_hit, out);
  }
  if (!status.reason.empty()) add(status.reason);
  if (status.revalidating) add("stale-while-revalidate");
  if (status.on_error) add("stale-if-error");
  if (!status.upstream.empty()) {
    add("upstream=");
    out += status.upstream;
  }
  if (status.store_failed) add("store-failed");
  if (out.size() > before) out += '"';
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

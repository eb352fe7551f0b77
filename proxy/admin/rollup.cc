#include "proxy/admin/rollup.h"

#include <algorithm>

#include "base/bytes.h"

namespace larder {
namespace {

constexpr std::uint8_t kPayloadVersion = 1;

std::size_t Index(CacheLayer layer) {
  return static_cast<std::size_t>(layer);
}
std::size_t Index(CacheOutcome outcome) {
  return static_cast<std::size_t>(outcome);
}

std::uint64_t NotNegative(std::int64_t count) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

// Calls `visit` with every plain counter, in the order they are stored.
template <typename Counts, typename Visit>
void ForEachCounter(Counts& counts, const Visit& visit) {
  auto& [requests, inputs, input_hits, tokens_billed, tokens_saved, errors_4xx, errors_5xx,
         incomplete, stored, collapsed] = counts;
  for (auto& layer : requests) {
    for (auto& count : layer) visit(count);
  }
  for (auto* count : {&inputs, &input_hits, &tokens_billed, &tokens_saved, &errors_4xx, &errors_5xx,
                      &incomplete, &stored, &collapsed}) {
    visit(*count);
  }
}

}  // namespace

bool IsOwnRoute(std::string_view route) {
  return route == "admin" || route == "dashboard" || route == "health" || route == "metrics";
}

std::uint64_t& RollupCounts::at(CacheLayer layer, CacheOutcome outcome) {
  return requests[Index(layer)][Index(outcome)];
}

std::uint64_t RollupCounts::at(CacheLayer layer, CacheOutcome outcome) const {
  return requests[Index(layer)][Index(outcome)];
}

std::uint64_t RollupCounts::Requests(CacheLayer layer) const {
  std::uint64_t sum = 0;
  for (const CacheOutcome outcome : kAllOutcomes) sum += at(layer, outcome);
  return sum;
}

std::uint64_t RollupCounts::Requests(CacheOutcome outcome) const {
  std::uint64_t sum = 0;
  for (const CacheLayer layer : kAllLayers) sum += at(layer, outcome);
  return sum;
}

std::uint64_t RollupCounts::Requests() const {
  std::uint64_t sum = 0;
  for (const CacheLayer layer : kAllLayers) sum += Requests(layer);
  return sum;
}

void RollupCounts::Merge(const RollupCounts& other) {
  std::array<std::uint64_t, sizeof(RollupCounts) / sizeof(std::uint64_t)> added{};
  std::size_t i = 0;
  ForEachCounter(other, [&](const std::uint64_t& count) { added[i++] = count; });
  i = 0;
  ForEachCounter(*this, [&](std::uint64_t& count) { count += added[i++]; });
}

void Rollup::Add(const RequestRecord& record, std::string_view route) {
  const auto known = by_route.find(route);
  if (known != by_route.end()) {
    ++known->second;
  } else {
    by_route.emplace(route, 1);
  }
  if (IsOwnRoute(route)) return;

  const CacheStatus& cache = record.cache;
  ++counts.at(cache.layer, cache.outcome);
  if (cache.layer == CacheLayer::kEmbeddings && cache.outcome != CacheOutcome::kBypass) {
    counts.inputs += NotNegative(cache.items);
    counts.input_hits += NotNegative(cache.items_hit);
  }
  counts.tokens_billed += NotNegative(cache.billed_tokens);
  counts.tokens_saved += NotNegative(cache.saved_tokens);
  if (record.status >= 400 && record.status < 500) ++counts.errors_4xx;
  if (record.status >= 500) ++counts.errors_5xx;
  if (!record.complete) ++counts.incomplete;
  if (cache.stored) ++counts.stored;
  if (cache.collapsed) ++counts.collapsed;

  if (cache.layer == CacheLayer::kNone || cache.outcome == CacheOutcome::kBypass) return;
  if (!record.complete || record.status >= 400) return;
  (cache.outcome == CacheOutcome::kHit ? hits : misses).Add(record.total);
}

void Rollup::Merge(const Rollup& other) {
  counts.Merge(other.counts);
  hits.Merge(other.hits);
  misses.Merge(other.misses);
  for (const auto& [route, count] : other.by_route) by_route[route] += count;
}

std::string EncodeRollup(const Rollup& rollup) {
  std::string payload;
  ByteWriter writer(payload);
  writer.Fixed(kPayloadVersion);
  ForEachCounter(rollup.counts, [&](const std::uint64_t& count) { writer.Fixed(count); });
  rollup.hits.Encode(writer);
  rollup.misses.Encode(writer);
  writer.Fixed(static_cast<std::uint16_t>(rollup.by_route.size()));
  for (const auto& [route, count] : rollup.by_route) {
    writer.Prefixed(route);
    writer.Fixed(count);
  }
  return payload;
}

std::optional<Rollup> DecodeRollup(std::string_view payload) {
  ByteReader reader(payload);
  if (reader.Fixed<std::uint8_t>() != kPayloadVersion) return std::nullopt;
  Rollup rollup;
  ForEachCounter(rollup.counts,
                 [&](std::uint64_t& count) { count = reader.Fixed<std::uint64_t>(); });
  const auto hits = LatencyHistogram::Decode(reader);
  if (!hits) return std::nullopt;
  const auto misses = LatencyHistogram::Decode(reader);
  if (!misses) return std::nullopt;
  rollup.hits = *hits;
  rollup.misses = *misses;
  const auto routes = reader.Fixed<std::uint16_t>();
  for (std::uint16_t i = 0; i < routes && reader.ok(); ++i) {
    const std::string_view route = reader.Prefixed();
    const auto count = reader.Fixed<std::uint64_t>();
    rollup.by_route[std::string(route)] += count;
  }
  if (!reader.ok() || reader.remaining() != 0) return std::nullopt;
  return rollup;
}

}  // namespace larder

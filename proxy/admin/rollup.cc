#include "proxy/admin/rollup.h"

#include <algorithm>

#include "base/utf8.h"

namespace larder {
namespace {

std::size_t Index(CacheLayer layer) {
  return static_cast<std::size_t>(layer);
}
std::size_t Index(CacheOutcome outcome) {
  return static_cast<std::size_t>(outcome);
}

std::uint64_t NotNegative(std::int64_t count) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

}  // namespace

bool IsOwnRoute(std::string_view route) {
  return route == "admin" || route == "dashboard" || route == "health" || route == "metrics";
}

bool AskedUpstream(const RequestRecord& record) {
  const CacheStatus& cache = record.cache;
  if (cache.forward_status > 0) {
    return cache.layer == CacheLayer::kEmbeddings || !cache.collapsed;
  }
  return record.times.upstream.count() > 0 && !cache.collapsed;
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

void NamedCounts::Add(std::string_view name, std::uint64_t count) {
  const auto known = counts_.find(name);
  if (known != counts_.end()) {
    known->second += count;
    return;
  }
  std::string clean = CleanName(name, kNameBytes);
  const bool room = counts_.size() - counts_.count(kOtherName) < kLimit;
  counts_[room || counts_.contains(clean) ? std::move(clean) : std::string(kOtherName)] += count;
}

void NamedCounts::Merge(const NamedCounts& other) {
  for (const auto& [name, count] : other.counts_) Add(name, count);
}

void RollupRow::Add(const RequestRecord& record, const RequestCost& cost) {
  const CacheStatus& cache = record.cache;
  ++counts.at(cache.layer, cache.outcome);
  if (cache.layer == CacheLayer::kEmbeddings && cache.outcome != CacheOutcome::kBypass) {
    counts.inputs += NotNegative(cache.items);
    counts.input_hits += NotNegative(cache.items_hit);
  }
  counts.tokens_billed += NotNegative(cache.billed_tokens);
  counts.tokens_saved += NotNegative(cache.saved_tokens);
  counts.completion_billed += NotNegative(cache.billed_completion);
  counts.completion_saved += NotNegative(cache.saved_completion);
  counts.spent_nano += cost.spent_nano;
  counts.saved_nano += cost.saved_nano;
  counts.unpriced_tokens += cost.unpriced_tokens;
  if (record.status >= 400 && record.status < 500) ++counts.errors_4xx;
  if (record.status >= 500) ++counts.errors_5xx;
  if (!record.complete) ++counts.incomplete;
  if (cache.stored) ++counts.stored;
  if (cache.collapsed) ++counts.collapsed;
  if (cache.why != MissReason::kNone) ++counts.why[static_cast<std::size_t>(cache.why)];
  if (!cache.changed_field.empty()) changed_fields.Add(cache.changed_field, 1);
  if (!cache.reason.empty() && cache.outcome != CacheOutcome::kHit) {
    bypass_details.Add(cache.reason, 1);
  }

  // Up to the answer's head: what follows of a stream is upstream's time, not Larder's.
  const auto until_head = record.to_first_byte.count() > 0 ? record.to_first_byte : record.total;
  overhead.Add(until_head - record.times.upstream);
  const bool cached = cache.layer != CacheLayer::kNone && cache.outcome != CacheOutcome::kBypass;
  if (AskedUpstream(record)) {
    upstream.Add(record.times.upstream);
    if (cached && cache.outcome != CacheOutcome::kHit) {
      ++counts.fetches;
      counts.fetch_micros += NotNegative(record.times.upstream.count());
    }
  }
  if (!cached || !record.complete || record.status >= 400) return;
  (cache.outcome == CacheOutcome::kHit ? hits : misses).Add(record.total);
}

void RollupRow::Merge(const RollupRow& other) {
  counts.Merge(other.counts);
  hits.Merge(other.hits);
  misses.Merge(other.misses);
  overhead.Merge(other.overhead);
  upstream.Merge(other.upstream);
  changed_fields.Merge(other.changed_fields);
  bypass_details.Merge(other.bypass_details);
}

std::size_t StatusClassOf(int status) {
  return status >= 100 && status < 600 ? static_cast<std::size_t>(status / 100 - 1)
                                       : kStatusClasses - 1;
}

std::uint64_t RouteCounts::Requests() const {
  std::uint64_t sum = 0;
  for (const auto& by_class : requests) {
    for (const std::uint64_t count : by_class) sum += count;
  }
  return sum;
}

void RouteCounts::Merge(const RouteCounts& other) {
  for (std::size_t outcome = 0; outcome < requests.size(); ++outcome) {
    for (std::size_t i = 0; i < kStatusClasses; ++i) {
      requests[outcome][i] += other.requests[outcome][i];
    }
  }
}

RollupRow& Rollup::RowOf(const RowKey& key) {
  const auto known = rows_.find(key);
  if (known != rows_.end()) return known->second;
  const bool other = key.model == kOtherRow && key.partition == kOtherRow;
  if (!other && named_ >= max_rows_) return RowOf({kOtherRow, kOtherRow, key.route});
  if (!other) ++named_;
  return rows_[RowName{std::string(key.model), std::string(key.partition), std::string(key.route)}];
}

RouteCounts& Rollup::RouteOf(std::string_view route) {
  const auto known = routes_.find(route);
  return known != routes_.end() ? known->second : routes_[std::string(route)];
}

void Rollup::Add(const RequestRecord& record, const RequestCost& cost) {
  const auto outcome = static_cast<std::size_t>(record.cache.outcome);
  ++RouteOf(record.route).requests[outcome][StatusClassOf(record.status)];
  if (!IsOwnRoute(record.route)) {
    RowOf({record.model, record.partition, record.route}).Add(record, cost);
  }
}

void Rollup::Merge(const Rollup& other) {
  for (const auto& [name, row] : other.rows_) RowOf(name.key()).Merge(row);
  for (const auto& [route, counts] : other.routes_) RouteOf(route).Merge(counts);
}

}  // namespace larder

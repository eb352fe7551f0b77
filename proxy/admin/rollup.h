// Rollup: what happened in one minute, or in any sum of minutes. The one place that decides how a
// finished request counts; the metrics, the stats and the charts all read it.
//
// Larder's own routes (IsOwnRoute) count in by_route and nowhere else: a dashboard that polls must
// not move the numbers it shows. Thread-safety: values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/admin/latency_histogram.h"
#include "proxy/admin/request_record.h"

namespace larder {

inline constexpr std::array kAllLayers = {CacheLayer::kNone, CacheLayer::kEmbeddings,
                                          CacheLayer::kResponses};
inline constexpr std::array kAllOutcomes = {CacheOutcome::kHit, CacheOutcome::kMiss,
                                            CacheOutcome::kBypass, CacheOutcome::kStale,
                                            CacheOutcome::kRequest};

// "admin", "dashboard", "health", "metrics".
bool IsOwnRoute(std::string_view route);

struct RollupCounts {
  // By CacheLayer, then CacheOutcome.
  std::array<std::array<std::uint64_t, kAllOutcomes.size()>, kAllLayers.size()> requests{};
  // Of embeddings requests that were looked up; those of a bypass are not.
  std::uint64_t inputs = 0;
  std::uint64_t input_hits = 0;
  std::uint64_t tokens_billed = 0;
  std::uint64_t tokens_saved = 0;
  std::uint64_t errors_4xx = 0;  // answered so, whoever said it
  std::uint64_t errors_5xx = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t stored = 0;
  std::uint64_t collapsed = 0;

  std::uint64_t& at(CacheLayer layer, CacheOutcome outcome);
  std::uint64_t at(CacheLayer layer, CacheOutcome outcome) const;
  // Sums over the other dimension, or both.
  std::uint64_t Requests(CacheLayer layer) const;
  std::uint64_t Requests(CacheOutcome outcome) const;
  std::uint64_t Requests() const;

  void Merge(const RollupCounts& other);
};

struct Rollup {
  RollupCounts counts;
  // Total time of complete answers below 400: from a cache; and of those that could have been.
  LatencyHistogram hits;
  LatencyHistogram misses;
  std::map<std::string, std::uint64_t, std::less<>> by_route;

  // `route` is the record's, bounded.
  void Add(const RequestRecord& record, std::string_view route);
  void Merge(const Rollup& other);
};

// The payload of a kRollup record: a version byte, then the counts, the histograms and the routes.
std::string EncodeRollup(const Rollup& rollup);
// nullopt when the payload is not a roll-up, or of a version this build does not know.
std::optional<Rollup> DecodeRollup(std::string_view payload);

}  // namespace larder

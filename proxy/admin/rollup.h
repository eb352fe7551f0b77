// Rollup: what happened in one minute, one hour, or since the start, by model, partition and route.
// The one place that decides how a finished request counts: the metrics, the stats, the charts and
// the money all read it.
//
// Larder's own routes (IsOwnRoute) count in `routes` and nowhere else: a dashboard that polls must
// not move the numbers it shows. Thread-safety: values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "proxy/admin/latency_histogram.h"
#include "proxy/admin/request_record.h"
#include "proxy/admin/traffic_filter.h"

namespace larder {

inline constexpr std::array kAllLayers = {CacheLayer::kNone, CacheLayer::kEmbeddings,
                                          CacheLayer::kResponses};
inline constexpr std::array kAllOutcomes = {CacheOutcome::kHit, CacheOutcome::kMiss,
                                            CacheOutcome::kBypass, CacheOutcome::kStale,
                                            CacheOutcome::kRequest};
// The row of whatever had no room for one of its own, and the name of what is "other".
inline constexpr std::string_view kOtherRow = "(other)";
inline constexpr std::string_view kOtherName = "other";

// "admin", "dashboard", "health", "metrics".
bool IsOwnRoute(std::string_view route);

// Whether this request itself asked upstream; a follower of another's call did not.
bool AskedUpstream(const RequestRecord& record);

// What one request cost and did not cost, in billionths of the currency.
struct RequestCost {
  std::uint64_t spent_nano = 0;
  std::uint64_t saved_nano = 0;
  std::uint64_t unpriced_tokens = 0;  // billed and saved ones of a model that has no price
};

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
  // Of the tokens, those that the model wrote.
  std::uint64_t completion_billed = 0;
  std::uint64_t completion_saved = 0;
  std::uint64_t spent_nano = 0;
  std::uint64_t saved_nano = 0;
  std::uint64_t unpriced_tokens = 0;
  // Misses (stale and refused hits too) of a cached layer that asked upstream, and how long it
  // took.
  std::uint64_t fetches = 0;
  std::uint64_t fetch_micros = 0;
  std::array<std::uint64_t, kAllMissReasons.size()> why{};  // by MissReason

  std::uint64_t& at(CacheLayer layer, CacheOutcome outcome);
  std::uint64_t at(CacheLayer layer, CacheOutcome outcome) const;
  // Sums over the other dimension, or both.
  std::uint64_t Requests(CacheLayer layer) const;
  std::uint64_t Requests(CacheOutcome outcome) const;
  std::uint64_t Requests() const;

  void Merge(const RollupCounts& other);
};

// Calls `visit` with every counter, in the order in which they are stored: new ones go to the end.
template <typename Counts, typename Visit>
void ForEachCounter(Counts& counts, const Visit& visit) {
  auto& [requests, inputs, input_hits, tokens_billed, tokens_saved, errors_4xx, errors_5xx,
         incomplete, stored, collapsed, completion_billed, completion_saved, spent_nano, saved_nano,
         unpriced_tokens, fetches, fetch_micros, why] = counts;
  for (auto& layer : requests) {
    for (auto& count : layer) visit(count);
  }
  for (auto* count : {&inputs, &input_hits, &tokens_billed, &tokens_saved, &errors_4xx, &errors_5xx,
                      &incomplete, &stored, &collapsed, &completion_billed, &completion_saved,
                      &spent_nano, &saved_nano, &unpriced_tokens, &fetches, &fetch_micros}) {
    visit(*count);
  }
  for (auto& count : why) visit(count);
}

// Counts by name, of which there are at most kLimit; whatever comes later is "other". Names are
// clean (base/utf8.h) and have at most 64 bytes.
class NamedCounts {
 public:
  static constexpr std::size_t kLimit = 32;
  static constexpr std::size_t kNameBytes = 64;

  void Add(std::string_view name, std::uint64_t count);
  void Merge(const NamedCounts& other);
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return counts_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

struct RollupRow {
  RollupCounts counts;
  // Total time of complete answers below 400: from a cache; and of those that could have been.
  LatencyHistogram hits;
  LatencyHistogram misses;
  LatencyHistogram overhead;  // up to the answer's head, less upstream's time; of all requests
  LatencyHistogram upstream;  // of those that asked it
  NamedCounts changed_fields;
  NamedCounts bypass_details;

  // Precondition: the route is not Larder's own.
  void Add(const RequestRecord& record, const RequestCost& cost);
  void Merge(const RollupRow& other);
};

struct RowName {
  std::string model;
  std::string partition;
  std::string route;
  RowKey key() const { return {model, partition, route}; }
};
struct RowLess {
  using is_transparent = void;
  static RowKey KeyOf(const RowName& name) { return name.key(); }
  static RowKey KeyOf(const RowKey& key) { return key; }
  bool operator()(const auto& a, const auto& b) const { return KeyOf(a) < KeyOf(b); }
};

// Requests of one route by CacheOutcome, then by class of the answer's status: "1xx" to "5xx", then
// "none", when no answer was sent.
inline constexpr std::size_t kStatusClasses = 6;
std::size_t StatusClassOf(int status);
struct RouteCounts {
  std::array<std::array<std::uint64_t, kStatusClasses>, kAllOutcomes.size()> requests{};
  std::uint64_t Requests() const;
  void Merge(const RouteCounts& other);
};

class Rollup {
 public:
  static constexpr std::size_t kRows = 64;
  static constexpr std::size_t kModelBytes = 64;

  using Rows = std::map<RowName, RollupRow, RowLess>;
  using Routes = std::map<std::string, RouteCounts, std::less<>>;

  // Of at most `max_rows` rows; what belongs to none of them counts in "(other)", of which each
  // route has one.
  explicit Rollup(std::size_t max_rows = kRows) : max_rows_(max_rows) {}

  // Made when it is not there. They stay where they are.
  RollupRow& RowOf(const RowKey& key);
  RouteCounts& RouteOf(std::string_view route);

  // For tests and the like: a whole request, of a model and a route that are clean.
  void Add(const RequestRecord& record, const RequestCost& cost);
  void Merge(const Rollup& other);

  bool empty() const { return routes_.empty() && rows_.empty(); }
  const Rows& rows() const { return rows_; }
  const Routes& routes() const { return routes_; }

 private:
  std::size_t max_rows_;
  std::size_t named_ = 0;  // rows but for "(other)"
  Rows rows_;
  Routes routes_;
};

}  // namespace larder

// TrafficSum: what rows of roll-ups add up to, of those that a reader asked for; and the tables by
// model, partition and route. Bounded, whatever is added: each table keeps kNames names.
// Thread-safety: none; one thread at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proxy/admin/rollup.h"
#include "proxy/admin/traffic_filter.h"

namespace larder {

class TrafficSum {
 public:
  static constexpr std::size_t kNames = 512;
  static constexpr std::size_t kTableRows = 64;

  // One line of a table.
  struct Group {
    RollupCounts counts;
    std::uint64_t hit_times = 0;
    std::uint64_t hit_micros = 0;
    std::uint64_t miss_times = 0;
    std::uint64_t miss_micros = 0;

    void Add(const RollupRow& row);
    void Merge(const Group& other);
  };
  using Groups = std::map<std::string, Group, std::less<>>;
  struct TableRow {
    std::string name;
    Group group;
  };

  explicit TrafficSum(TrafficFilter filter = {}) : filter_(std::move(filter)) {}

  void Add(const Rollup& rollup);

  const RollupRow& total() const { return total_; }
  // Requests by route; Larder's own too when nothing was filtered.
  const std::map<std::string, std::uint64_t, std::less<>>& by_route_requests() const {
    return route_requests_;
  }
  // Most requests first, at most kTableRows; the rest is one more row, "(other)".
  std::vector<TableRow> ByModel() const { return Table(by_model_); }
  std::vector<TableRow> ByPartition() const { return Table(by_partition_); }
  std::vector<TableRow> ByRoute() const { return Table(by_route_); }
  // Models with tokens that have no price, most tokens first, at most 32.
  std::vector<std::string> UnpricedModels() const;
  // An estimate: for each hit the mean time that upstream took for misses of its model and route,
  // less the hit's own time. What was never missed, or is faster upstream, counts 0.
  double TimeSavedSeconds() const;

 private:
  static Group& In(Groups& groups, std::string_view name);
  static std::vector<TableRow> Table(const Groups& groups);

  const TrafficFilter filter_;
  RollupRow total_;
  std::map<std::string, std::uint64_t, std::less<>> route_requests_;
  Groups by_model_;
  Groups by_partition_;
  Groups by_route_;
  Groups by_model_and_route_;
};

}  // namespace larder

#include "proxy/admin/traffic_sum.h"

#include <algorithm>

namespace larder {

void TrafficSum::Group::Add(const RollupRow& row) {
  counts.Merge(row.counts);
  hit_times += row.hits.count();
  hit_micros += row.hits.sum_micros();
  miss_times += row.misses.count();
  miss_micros += row.misses.sum_micros();
}

void TrafficSum::Group::Merge(const Group& other) {
  counts.Merge(other.counts);
  hit_times += other.hit_times;
  hit_micros += other.hit_micros;
  miss_times += other.miss_times;
  miss_micros += other.miss_micros;
}

TrafficSum::Group& TrafficSum::In(Groups& groups, std::string_view name) {
  const auto known = groups.find(name);
  if (known != groups.end()) return known->second;
  return groups[std::string(groups.size() < kNames ? name : kOtherRow)];
}

void TrafficSum::Add(const Rollup& rollup) {
  for (const auto& [name, row] : rollup.rows()) {
    if (!filter_.Matches(name.key())) continue;
    total_.Merge(row);
    In(by_model_, name.model).Add(row);
    In(by_partition_, name.partition).Add(row);
    In(by_route_, name.route).Add(row);
    // No name holds a line end: they are clean.
    In(by_model_and_route_, name.model + "\n" + name.route).Add(row);
    if (!filter_.empty()) route_requests_[name.route] += row.counts.Requests();
  }
  if (!filter_.empty()) return;
  for (const auto& [route, counts] : rollup.routes()) {
    const bool room = route_requests_.size() < kTableRows || route_requests_.contains(route);
    route_requests_[room ? route : std::string(kOtherName)] += counts.Requests();
  }
}

std::vector<TrafficSum::TableRow> TrafficSum::Table(const Groups& groups) {
  std::vector<TableRow> rows;
  TableRow other{std::string(kOtherRow), {}};
  for (const auto& [name, group] : groups) {
    if (name == kOtherRow) {
      other.group.Merge(group);
    } else {
      rows.push_back({name, group});
    }
  }
  std::ranges::stable_sort(rows, std::greater<>(),
                           [](const TableRow& row) { return row.group.counts.Requests(); });
  for (std::size_t i = kTableRows; i < rows.size(); ++i) other.group.Merge(rows[i].group);
  if (rows.size() > kTableRows) rows.resize(kTableRows);
  if (other.group.counts.Requests() > 0) rows.push_back(std::move(other));
  return rows;
}

std::vector<std::string> TrafficSum::UnpricedModels() const {
  constexpr std::size_t kMost = 32;
  std::vector<std::pair<std::uint64_t, std::string>> unpriced;
  for (const auto& [name, group] : by_model_) {
    const std::uint64_t tokens = group.counts.unpriced_tokens;
    if (tokens > 0 && !name.empty()) unpriced.emplace_back(tokens, name);
  }
  std::ranges::stable_sort(unpriced, std::greater<>(), [](const auto& one) { return one.first; });
  std::vector<std::string> names;
  for (auto& [tokens, name] : unpriced) {
    if (names.size() < kMost) names.push_back(std::move(name));
  }
  return names;
}

double TrafficSum::TimeSavedSeconds() const {
  double micros = 0;
  for (const auto& [name, group] : by_model_and_route_) {
    if (group.counts.fetches == 0 || group.hit_times == 0) continue;
    const double fetch =
        static_cast<double>(group.counts.fetch_micros) / static_cast<double>(group.counts.fetches);
    const double hits = static_cast<double>(group.hit_times);
    micros += std::max(0.0, hits * fetch - static_cast<double>(group.hit_micros));
  }
  return micros / 1e6;
}

}  // namespace larder

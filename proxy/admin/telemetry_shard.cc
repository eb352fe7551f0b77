#include "proxy/admin/telemetry_shard.h"

#include <algorithm>

#include "base/utf8.h"

namespace larder {
namespace {

constexpr std::int64_t kMillisOfMinute = 60'000;

}  // namespace

bool TelemetryShard::IsLikeLast(const RequestRecord& record) const {
  const std::int64_t since = ToUnixMillis(record.finished_at) - last_.minute_begin;
  return last_is_set_ && since >= 0 && since < kMillisOfMinute && record.model == last_.model &&
         record.partition == last_.partition && record.route == last_.route;
}

void TelemetryShard::Select(const RequestRecord& record) {
  const std::int64_t minute =
      std::chrono::floor<std::chrono::minutes>(record.finished_at.time_since_epoch()).count();
  last_.minute_begin = minute * kMillisOfMinute;
  last_.model = record.model;
  last_.partition = record.partition;
  last_.route = record.route;
  last_.row = nullptr;
  last_.counts = nullptr;
  last_.own = IsOwnRoute(record.route);
  last_.price = last_.own ? nullptr : parts_.prices.Find(record.model);
  last_is_set_ = true;
  if (!parts_.count) return;

  auto& minutes = taken_.minutes;
  auto found = std::ranges::find(minutes, minute, &std::pair<std::int64_t, Rollup>::first);
  if (found == minutes.end()) {
    if (minutes.size() < kMinutes) minutes.emplace_back(minute, Rollup());
    found = minutes.end() - 1;
  }
  Rollup& rollup = found->second;
  const std::string_view route = parts_.routes.Bound(record.route);
  last_.counts = &rollup.RouteOf(route);
  if (last_.own) return;
  const std::string model = CleanName(record.model, Rollup::kModelBytes);
  last_.row = &rollup.RowOf({model, record.partition, route});
}

RequestCost TelemetryShard::Count(const RequestRecord& record) {
  RequestCost cost;
  if (!last_.own) cost = CostOf(last_.price, record.cache);
  if (last_.counts != nullptr) {
    const auto outcome = static_cast<std::size_t>(record.cache.outcome);
    ++last_.counts->requests[outcome][StatusClassOf(record.status)];
  }
  if (last_.row != nullptr) {
    last_.row->Add(record, cost);
    taken_.tally.Add(record);
  }
  return cost;
}

bool TelemetryShard::AddLine(const ShownRequest& request) {
  // A dashboard that polls must not fill the log.
  const LogLevel level = last_.own ? LogLevel::kDebug : LogLevel::kInfo;
  if (!parts_.lines.load(std::memory_order_relaxed) || !parts_.log->enabled(level)) return false;
  const std::size_t before = lines_.size();
  if (before >= kMostLineBytes) {
    ++dropped_;
    return false;
  }
  text_.AppendLine(request, parts_.log->format(), level, lines_);
  return before < kManyLineBytes && lines_.size() >= kManyLineBytes;
}

bool TelemetryShard::Record(const RequestRecord& record) {
  MutexLock lock(mutex_);
  if (!IsLikeLast(record)) Select(record);
  const RequestCost cost = Count(record);
  // Taken with the lock held: who has seen a number in use and then looks here finds its request.
  const std::uint64_t seq = last_.own ? 0 : parts_.next_seq.fetch_add(1, std::memory_order_relaxed);
  if (parts_.count && !last_.own) recent_.Put(seq, record, cost);
  return parts_.log != nullptr && AddLine({seq, record, cost});
}

TelemetryShard::Taken TelemetryShard::Take() {
  MutexLock lock(mutex_);
  last_is_set_ = false;
  return std::exchange(taken_, {});
}

std::uint64_t TelemetryShard::TakeLines(TextBuffer& lines) {
  MutexLock lock(mutex_);
  std::swap(lines, lines_);
  return std::exchange(dropped_, 0);
}

std::size_t TelemetryShard::CopyRecent(std::uint64_t after, std::uint64_t before,
                                       const EventFilter& filter, std::size_t most,
                                       std::vector<RecentRequest>& out) const {
  MutexLock lock(mutex_);
  return recent_.Copy(after, before, filter, most, out);
}

}  // namespace larder

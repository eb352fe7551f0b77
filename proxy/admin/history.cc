#include "proxy/admin/history.h"

#include <algorithm>

#include "cache/record.h"

namespace larder {
namespace {

constexpr std::chrono::seconds kLifetime = std::chrono::hours(30 * 24);

std::int64_t MinuteOf(WallTime time) {
  return std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
}

std::int64_t MinuteOfKey(std::string_view key) {
  std::uint64_t minute = 0;
  for (const char byte : key) minute = minute << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(minute);
}

}  // namespace

std::string History::KeyOf(std::int64_t minute) {
  std::string key(8, '\0');
  auto rest = static_cast<std::uint64_t>(minute);
  for (std::size_t i = 8; i-- > 0; rest >>= 8) key[i] = static_cast<char>(rest & 0xff);
  return key;
}

History::History(Store& store, const Clock& clock, RouteLabels& routes)
    : store_(store), clock_(clock), routes_(routes) {
  Load();
}

std::int64_t History::CurrentMinute() const {
  return MinuteOf(clock_.Now());
}

void History::Load() {
  const std::int64_t current = CurrentMinute();
  std::map<std::int64_t, Rollup> loaded;
  const Status read = store_.ForEach(Family::kHistory, KeyOf(current - kMinutes + 1),
                                     [&](std::string_view key, std::string_view value) {
                                       if (key.size() != 8) return true;
                                       const std::int64_t minute = MinuteOfKey(key);
                                       if (minute >= current + kMinutes) return false;
                                       const auto record = OpenRecord(RecordKind::kRollup, value);
                                       if (!record.ok()) return true;
                                       auto rollup = DecodeRollup(record->payload);
                                       if (!rollup) return true;
                                       Rollup bounded = *rollup;
                                       bounded.by_route.clear();
                                       for (const auto& [route, count] : rollup->by_route) {
                                         bounded.by_route[std::string(routes_.Bound(route))] +=
                                             count;
                                       }
                                       loaded.emplace(minute, std::move(bounded));
                                       return true;
                                     });
  // What was read before a failure is kept: charts with a gap are better than none.
  static_cast<void>(read);
  MutexLock lock(mutex_);
  rollups_ = std::move(loaded);
}

void History::Prune(std::int64_t current) {
  rollups_.erase(rollups_.begin(), rollups_.upper_bound(current - kMinutes));
  rollups_.erase(rollups_.lower_bound(current + kMinutes), rollups_.end());
  unwritten_.erase(unwritten_.begin(), unwritten_.upper_bound(current - kMinutes));
}

void History::Add(const RequestRecord& record, std::string_view route) {
  const std::int64_t current = CurrentMinute();
  const std::int64_t minute = std::min(MinuteOf(record.finished_at), current);
  if (minute <= current - kMinutes) return;
  MutexLock lock(mutex_);
  const auto [place, added] = rollups_.try_emplace(minute);
  place->second.Add(record, route);
  unwritten_.insert(minute);
  if (added) Prune(current);
}

Status History::Flush() {
  MutexLock flush(flush_mutex_);
  const WallTime now = clock_.Now();
  WriteBatch batch;
  std::set<std::int64_t> taken;
  {
    MutexLock lock(mutex_);
    taken.swap(unwritten_);
    for (const std::int64_t minute : taken) {
      const auto found = rollups_.find(minute);
      if (found == rollups_.end()) continue;
      batch.Put(Family::kHistory, KeyOf(minute),
                SealRecord(RecordKind::kRollup, {now, kLifetime}, EncodeRollup(found->second)));
    }
  }
  if (batch.empty()) return {};
  Status written = store_.Apply(batch);
  if (!written.ok()) {
    MutexLock lock(mutex_);
    unwritten_.merge(taken);
  }
  return written;
}

// Both lock once a minute of history, not once, so that a long window never delays a request.

Rollup History::Sum(std::int64_t minutes) const {
  const std::int64_t current = CurrentMinute();
  Rollup sum;
  for (std::int64_t minute = current - minutes + 1; minute <= current; ++minute) {
    MutexLock lock(mutex_);
    const auto found = rollups_.find(minute);
    if (found != rollups_.end()) sum.Merge(found->second);
  }
  return sum;
}

std::vector<History::Point> History::Points(std::int64_t minutes) const {
  const std::int64_t current = CurrentMinute();
  std::vector<Point> points;
  points.reserve(static_cast<std::size_t>(minutes));
  for (std::int64_t minute = current - minutes + 1; minute <= current; ++minute) {
    points.push_back({minute, {}});
    MutexLock lock(mutex_);
    const auto found = rollups_.find(minute);
    if (found != rollups_.end()) points.back().counts = found->second.counts;
  }
  return points;
}

}  // namespace larder

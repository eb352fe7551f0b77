// History: a roll-up a minute for the last 24 hours, in memory and in Family::kHistory, so that a
// restart does not blank the charts. A minute without requests takes no space.
//
// Wall time decides the minute. When the clock steps back, minutes that are now in the future are
// not shown until they come round again. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cache/store.h"
#include "proxy/admin/rollup.h"
#include "proxy/admin/route_labels.h"

namespace larder {

class History {
 public:
  static constexpr std::int64_t kMinutes = std::int64_t{24} * 60;

  // All outlive it. Loads what the store has of the last kMinutes; what cannot be read is left out.
  History(Store& store, const Clock& clock, RouteLabels& routes);

  // Counts the request in the minute in which it finished; not at all when that is too long ago.
  void Add(const RequestRecord& record, std::string_view route);

  // Writes the minutes that changed since they were last written. Errors: kIo; then they are
  // written next time.
  Status Flush();

  // The last `minutes` minutes, the current one included; `minutes` is in [1, kMinutes].
  Rollup Sum(std::int64_t minutes) const;
  struct Point {
    std::int64_t minute = 0;  // since 1970-01-01 UTC
    RollupCounts counts;
  };
  // One a minute, oldest first, empty ones included.
  std::vector<Point> Points(std::int64_t minutes) const;

  // The store's key of a minute: big-endian, so that keys sort as time does.
  static std::string KeyOf(std::int64_t minute);

 private:
  std::int64_t CurrentMinute() const;
  void Load();
  void Prune(std::int64_t current) LARDER_REQUIRES(mutex_);

  Store& store_;
  const Clock& clock_;
  RouteLabels& routes_;
  mutable Mutex mutex_;
  std::map<std::int64_t, Rollup> rollups_ LARDER_GUARDED_BY(mutex_);
  std::set<std::int64_t> unwritten_ LARDER_GUARDED_BY(mutex_);
  Mutex flush_mutex_;  // orders writers, so that an older state never overwrites a newer one
};

}  // namespace larder

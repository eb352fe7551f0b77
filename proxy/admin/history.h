// History: a roll-up a minute for two days and one an hour for 31 days, in memory and in
// Family::kHistory, so that a restart does not blank the charts. A period without requests takes no
// space; both are written in one batch, so that an hour never disagrees with its minutes.
//
// Memory: the current periods are open, each of at most 64 rows and one "(other)" for each route
// (8 KiB a row). All others are held as they are stored: at most 16 KiB a minute and 64 KiB an
// hour, 92 MiB together when every period of a month is full of different models, partitions and
// latencies. A model asked steadily takes about 300 bytes of a minute.
//
// Wall time decides the period. When the clock steps back, minutes that are now in the future are
// not shown until they come round again; when it steps forth, what lies between stays empty.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cache/store.h"
#include "proxy/admin/rollup.h"

namespace larder {

class History {
 public:
  static constexpr std::int64_t kMinutes = std::int64_t{2} * 24 * 60;
  static constexpr std::int64_t kHours = std::int64_t{31} * 24;
  static constexpr std::size_t kMinuteBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kHourBytes = std::size_t{64} * 1024;

  // Both outlive it. Loads what the store has, the newest kMinutes and kHours of it; what cannot be
  // read is left out. Minutes whose hour is missing make it anew.
  History(Store& store, const Clock& clock);

  // Adds what happened in a minute (since 1970-01-01 UTC).
  void Add(std::int64_t minute, const Rollup& happened);

  // Writes the periods that changed since they were last written, and closes those that are over.
  // Errors: kIo; then they are written next time.
  Status Flush();

  // Calls `visit` with what happened in [first, last], piece by piece, oldest first: each piece is
  // a minute or a whole hour of `first_minute` and `minutes`. Where minutes are gone, whole hours
  // stand for them, from the hour of `first` on. Minutes after the current one are left out. The
  // roll-up lives for the call; nothing is locked during it. Cost: about 10 us a piece.
  void Visit(std::int64_t first, std::int64_t last, bool whole_hours,
             const std::function<void(std::int64_t first_minute, std::int64_t minutes,
                                      const Rollup& rollup)>& visit) const;

  std::int64_t CurrentMinute() const;
  // Bytes of closed periods in memory.
  std::size_t closed_bytes() const;

  // The store's keys: big-endian, so that keys sort as time does.
  static std::string KeyOf(std::int64_t minute);
  static std::string KeyOfHour(std::int64_t hour);

 private:
  struct Period {
    std::string payload;           // as of the last flush; empty before the first
    std::unique_ptr<Rollup> open;  // ahead of the payload; null: closed
    bool unwritten = false;
  };
  using Periods = std::map<std::int64_t, Period>;

  void Load();
  void LoadPeriods(const std::string& start, std::size_t max_bytes, Periods& periods) const;
  static Rollup& Open(Period& period);
  static void MergeInto(Periods& periods, std::int64_t at, const Rollup& happened);
  void Prune() LARDER_REQUIRES(mutex_);
  // Null when there is no such minute, or hour.
  std::unique_ptr<Rollup> Read(bool hour, std::int64_t at) const LARDER_EXCLUDES(mutex_);

  Store& store_;
  const Clock& clock_;
  mutable Mutex mutex_;
  Periods minutes_ LARDER_GUARDED_BY(mutex_);
  Periods hours_ LARDER_GUARDED_BY(mutex_);
  Mutex flush_mutex_;  // orders writers, so that an older state never overwrites a newer one
};

}  // namespace larder

#include "proxy/admin/history.h"

#include <algorithm>

#include "cache/record.h"
#include "proxy/admin/rollup_codec.h"

namespace larder {
namespace {

// As long as they are read, and a day for a clock that is wrong.
constexpr std::chrono::seconds kMinuteLifetime = std::chrono::hours(3 * 24);
constexpr std::chrono::seconds kHourLifetime = std::chrono::hours(32 * 24);
constexpr std::int64_t kMinutesOfHour = 60;

// Rounded down, also before 1970.
std::int64_t HourOf(std::int64_t minute) {
  return minute >= 0 ? minute / kMinutesOfHour : (minute + 1) / kMinutesOfHour - 1;
}

std::string BigEndian(std::int64_t number) {
  std::string bytes(8, '\0');
  auto rest = static_cast<std::uint64_t>(number);
  for (std::size_t i = 8; i-- > 0; rest >>= 8) bytes[i] = static_cast<char>(rest & 0xff);
  return bytes;
}

std::int64_t NumberOf(std::string_view big_endian) {
  std::uint64_t number = 0;
  for (const char byte : big_endian) number = number << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string History::KeyOf(std::int64_t minute) {
  return BigEndian(minute);
}

std::string History::KeyOfHour(std::int64_t hour) {
  return "h" + BigEndian(hour);
}

History::History(Store& store, const Clock& clock) : store_(store), clock_(clock) {
  Load();
}

std::int64_t History::CurrentMinute() const {
  return std::chrono::floor<std::chrono::minutes>(clock_.Now().time_since_epoch()).count();
}

// Keys of one kind stand together.
void History::LoadPeriods(const std::string& start, std::size_t max_bytes, Periods& periods) const {
  const std::size_t prefix = start.size() - 8;
  const Status read =
      store_.ForEach(Family::kHistory, start, [&](std::string_view key, std::string_view value) {
        if (key.substr(0, prefix) != start.substr(0, prefix)) return false;
        if (key.size() != start.size()) return key < KeyOfHour(0);
        const auto record = OpenRecord(RecordKind::kRollup, value);
        if (!record.ok()) return true;
        // Encoded anew: of an older version it becomes of this one, and no longer than allowed.
        if (const auto rollup = DecodeRollup(record->payload)) {
          periods[NumberOf(key.substr(prefix))].payload = EncodeRollup(*rollup, max_bytes);
        }
        return true;
      });
  // What was read before a failure is kept: charts with a gap are better than none.
  static_cast<void>(read);
}

void History::Load() {
  Periods minutes;
  Periods hours;
  LoadPeriods(KeyOf(0), kMinuteBytes, minutes);
  LoadPeriods(KeyOfHour(0), kHourBytes, hours);
  Periods missing;
  for (const auto& [minute, period] : minutes) {
    if (hours.contains(HourOf(minute))) continue;
    MergeInto(missing, HourOf(minute), *DecodeRollup(period.payload));
  }
  hours.merge(missing);
  MutexLock lock(mutex_);
  minutes_ = std::move(minutes);
  hours_ = std::move(hours);
  Prune();
}

Rollup& History::Open(Period& period) {
  if (period.open == nullptr) {
    auto rollup = DecodeRollup(period.payload);
    period.open = std::make_unique<Rollup>(rollup ? std::move(*rollup) : Rollup());
  }
  return *period.open;
}

void History::MergeInto(Periods& periods, std::int64_t at, const Rollup& happened) {
  Period& period = periods[at];
  Open(period).Merge(happened);
  period.unwritten = true;
}

void History::Add(std::int64_t minute, const Rollup& happened) {
  MutexLock lock(mutex_);
  MergeInto(minutes_, minute, happened);
  MergeInto(hours_, HourOf(minute), happened);
  Prune();
}

// By their number, so that a clock that is wrong for a while drops nothing that is right: first
// what lies far in the future, then the oldest.
void History::Prune() {
  const std::int64_t current = CurrentMinute();
  const auto prune = [](Periods& periods, std::int64_t now, std::int64_t most) {
    while (periods.size() > static_cast<std::size_t>(most)) {
      const bool from_end = periods.rbegin()->first > now + most;
      periods.erase(from_end ? std::prev(periods.end()) : periods.begin());
    }
  };
  prune(minutes_, current, kMinutes);
  prune(hours_, HourOf(current), kHours + 1);
}

Status History::Flush() {
  MutexLock flush(flush_mutex_);
  const WallTime now = clock_.Now();
  const std::int64_t current = CurrentMinute();
  WriteBatch batch;
  std::vector<std::int64_t> taken_minutes;
  std::vector<std::int64_t> taken_hours;
  const auto take = [&](Periods& periods, std::int64_t still_open, std::size_t max_bytes,
                        std::chrono::seconds lifetime, auto key_of,
                        std::vector<std::int64_t>& taken) {
    for (auto& [at, period] : periods) {
      if (period.open != nullptr && (period.unwritten || at != still_open)) {
        period.payload = EncodeRollup(*period.open, max_bytes);
        if (at != still_open) period.open = nullptr;
      }
      if (!std::exchange(period.unwritten, false)) continue;
      batch.Put(Family::kHistory, key_of(at),
                SealRecord(RecordKind::kRollup, {now, lifetime}, period.payload));
      taken.push_back(at);
    }
  };
  {
    MutexLock lock(mutex_);
    take(minutes_, current, kMinuteBytes, kMinuteLifetime, &KeyOf, taken_minutes);
    take(hours_, HourOf(current), kHourBytes, kHourLifetime, &KeyOfHour, taken_hours);
  }
  if (batch.empty()) return {};
  Status written = store_.Apply(batch);
  if (written.ok()) return written;
  MutexLock lock(mutex_);
  const auto again = [](Periods& periods, const std::vector<std::int64_t>& taken) {
    for (const std::int64_t at : taken) {
      if (const auto found = periods.find(at); found != periods.end()) {
        found->second.unwritten = true;
      }
    }
  };
  again(minutes_, taken_minutes);
  again(hours_, taken_hours);
  return written;
}

// A copy, so that decoding and whatever the reader does delays no request.
std::unique_ptr<Rollup> History::Read(bool hour, std::int64_t at) const {
  std::string payload;
  {
    MutexLock lock(mutex_);
    const Periods& periods = hour ? hours_ : minutes_;
    const auto found = periods.find(at);
    if (found == periods.end()) return nullptr;
    if (found->second.open != nullptr) return std::make_unique<Rollup>(*found->second.open);
    payload = found->second.payload;
  }
  auto rollup = DecodeRollup(payload);
  return rollup ? std::make_unique<Rollup>(std::move(*rollup)) : nullptr;
}

void History::Visit(
    std::int64_t first, std::int64_t last, bool whole_hours,
    const std::function<void(std::int64_t, std::int64_t, const Rollup&)>& visit) const {
  const std::int64_t current = CurrentMinute();
  last = std::min(last, current);
  std::int64_t at = first;
  while (at <= last) {
    const std::int64_t hour = HourOf(at);
    const std::int64_t begin = hour * kMinutesOfHour;
    const std::int64_t end = begin + kMinutesOfHour;
    const bool minutes_gone = at <= current - kMinutes;
    // The current hour may have minutes in it that are in the future, once the clock was set back.
    const bool whole = at == begin && end - 1 <= last && end <= current;
    if (minutes_gone || (whole_hours && whole)) {
      if (const auto rollup = Read(true, hour)) visit(begin, kMinutesOfHour, *rollup);
      at = end;
      continue;
    }
    if (const auto rollup = Read(false, at)) visit(at, 1, *rollup);
    ++at;
  }
}

std::size_t History::closed_bytes() const {
  MutexLock lock(mutex_);
  std::size_t bytes = 0;
  for (const Periods* periods : {&minutes_, &hours_}) {
    for (const auto& [at, period] : *periods) bytes += period.payload.size();
  }
  return bytes;
}

}  // namespace larder

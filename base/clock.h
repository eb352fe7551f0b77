// Clock: the one source of time, so that tests can turn it. Seam: SystemClock here, ManualClock in
// tests/support.
#pragma once

#include <chrono>
#include <cstdint>

namespace larder {

// Wall time for what outlives the process (stored-at, expiry); it may step back or jump.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
// Monotonic time for deadlines and durations within the process.
using MonoTime = std::chrono::steady_clock::time_point;

// Thread-safety: every method may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  // Never goes back; its epoch is arbitrary.
  virtual MonoTime Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime Now() const override;
  MonoTime Monotonic() const override;
};

// Milliseconds since 1970-01-01 UTC, as stored on disk.
inline std::int64_t ToUnixMillis(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime FromUnixMillis(std::int64_t millis) {
  return WallTime(std::chrono::milliseconds(millis));
}

}  // namespace larder

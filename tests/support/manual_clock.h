// A Clock that moves only when told, for tests. Thread-safe.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace larder {

class ManualClock final : public Clock {
 public:
  // Starts at 2026-01-01T00:00:00Z.
  WallTime Now() const override { return FromUnixMillis(wall_millis_.load()); }
  MonoTime Monotonic() const override {
    return MonoTime(std::chrono::milliseconds(mono_millis_.load()));
  }

  void Advance(std::chrono::milliseconds by) {
    wall_millis_ += by.count();
    mono_millis_ += by.count();
  }
  // Moves wall time alone, as an administrator or NTP does; `by` may be negative.
  void StepWall(std::chrono::milliseconds by) { wall_millis_ += by.count(); }

 private:
  std::atomic<std::int64_t> wall_millis_{1767225600000};
  std::atomic<std::int64_t> mono_millis_{1000000};
};

}  // namespace larder

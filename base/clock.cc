#include "base/clock.h"

namespace larder {

WallTime SystemClock::Now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

MonoTime SystemClock::Monotonic() const {
  return std::chrono::steady_clock::now();
}

}  // namespace larder

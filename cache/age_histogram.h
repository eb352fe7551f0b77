// AgeHistogram: how many bytes were stored when, in little memory whatever the number of entries,
// so that a second look at them can tell the oldest without sorting. Thread-safety: a value.
#pragma once

#include <cstdint>
#include <map>

#include "base/clock.h"

namespace larder {

class AgeHistogram {
 public:
  // At most this many steps of time are told apart: of a second at first, of twice as much whenever
  // they do not suffice.
  static constexpr std::size_t kMostSteps = 8192;

  void Add(WallTime stored_at, std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

  // Which entries make up the oldest `bytes`: all that were stored before `all_before`, and
  // `rest_bytes` of those between that and `some_before`.
  struct Oldest {
    WallTime all_before;
    WallTime some_before;
    std::uint64_t rest_bytes = 0;
  };
  Oldest OldestOf(std::uint64_t bytes) const;

 private:
  void Widen();

  std::int64_t step_millis_ = 1000;
  std::map<std::int64_t, std::uint64_t> steps_;
  std::uint64_t bytes_ = 0;
};

}  // namespace larder

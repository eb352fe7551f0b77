// StoreHealth: whether a database can be used, and what is to be said of it where operators look:
// /readyz, the metrics, the admin API and the log. Thread-safety: values; a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

enum class StoreState : std::uint8_t {
  kOk,
  kDegraded,  // it takes no writes for the moment: no room, or it is being opened again
  kReadOnly,  // what it has can be read
  kUnusable,  // it cannot be opened
};
// "ok", "degraded", "read-only", "unusable".
std::string_view StoreStateName(StoreState state);

struct StoreHealth {
  StoreState state = StoreState::kOk;
  std::string message = {};    // a sentence that says why; empty while all is well
  std::uint64_t failures = 0;  // times it stopped being ok since the start
  std::uint64_t reopened = 0;  // times it was opened again and was ok
};

}  // namespace larder

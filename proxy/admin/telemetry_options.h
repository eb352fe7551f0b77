// What can be set of telemetry. Thread-safety: a value.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proxy/admin/price_rule.h"

namespace larder {

struct TelemetryOptions {
  bool enabled = true;           // false: nothing is counted, kept or shown
  std::string currency = "USD";  // of the prices; the built-in ones are in USD
  std::vector<PriceRule> prices;
  std::size_t max_event_streams = 32;  // live tails open at a time
};

}  // namespace larder

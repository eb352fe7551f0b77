// What a configuration that was read again changes: Setting::live says which settings take effect
// while the server runs. Thread-safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace larder {

// Keys, in the order of Settings(); an array of tables is named as a whole ("upstreams"). No value
// is told: some are secrets.
struct ConfigChanges {
  std::vector<std::string> now;            // take effect
  std::vector<std::string> at_next_start;  // wait
};

ConfigChanges CompareConfigs(const Config& running, const Config& read);

// Gives `running` every value of `read` that takes effect while the server runs.
void TakeLiveSettings(Config& running, const Config& read);

}  // namespace larder

// Lengths of time as people write them: on the command line, in the admin API's queries.
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace larder {

// "90s", "15m", "1h", "30d" or plain seconds, at most 100 years; nullopt for anything else.
std::optional<std::chrono::seconds> ParseDuration(std::string_view text);

}  // namespace larder

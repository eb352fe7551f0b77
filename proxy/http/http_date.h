// Dates of header fields. Source: RFC 9110, section 5.6.7. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace larder {

// The time of an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), the one form that is generated;
// nullopt for everything else, the two obsolete forms included. The day's name is not checked.
std::optional<WallTime> ParseHttpDate(std::string_view text);

}  // namespace larder

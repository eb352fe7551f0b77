// The answer of GET /admin/v1/stats as a screen for people. Thread-safety: pure.
#pragma once

#include <string>

#include "proxy/json/json.h"

namespace larder {

// Lines, each with its end. What the answer lacks is left out, so that an older server's shows what
// it has; what it has of names and messages is printable (app/terminal.h). `models`: at most so
// many rows of the busiest models.
std::string RenderStatsScreen(JsonElement stats, bool colour, int models = 8);

}  // namespace larder

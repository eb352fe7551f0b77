// A request of GET /admin/v1/events as one line for people. Thread-safety: pure.
#pragma once

#include <string>

#include "proxy/json/json.h"

namespace larder {

// "12:03:04.123  200  miss       220 ms  chat  gpt-4o  120 billed  changed: temperature", without a
// line end. Times are local; names are printable (app/terminal.h).
std::string RenderTailLine(JsonElement event, bool colour);

}  // namespace larder

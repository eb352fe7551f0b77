// Strings of the server's answers, ready for a terminal (app/terminal.h: Printable).
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "proxy/json/json.h"

namespace larder {

// The member `name`; empty when there is no such string.
std::string TextOf(JsonElement object, std::string_view name);
// The strings of the array `name`, "a, b"; empty when there are none.
std::string ListOf(JsonElement object, std::string_view name);

}  // namespace larder

// Config as JSON: what GET /admin/v1/config answers. Thread-safety: pure functions.
#pragma once

#include <string>

#include "config/load.h"

namespace larder {

// {"file", "settings": [{"key", "value", "default", "origin", "unit", "description", "secret"}]},
// every setting and every row of each element of the arrays of tables, in the order of a file.
// Secrets are "(redacted)", or null where none is set; what an element inherits has no default.
std::string ConfigJson(const LoadedConfig& loaded);

}  // namespace larder

// Config as text: what is in effect, and what config/larder.toml documents. Both are TOML that
// LoadConfig reads. Thread-safety: pure functions.
#pragma once

#include <string>

#include "config/load.h"

namespace larder {

// Every setting, and every element of the arrays of tables, with its effective value and, behind
// it, where that came from. Secrets are redacted
// ("set from environment LARDER_ADMIN_TOKEN, redacted"). Loading the text gives the same values,
// secrets aside.
std::string PrintConfig(const LoadedConfig& loaded);

// The text of config/larder.toml: every setting with its description, range, unit and default,
// commented out. A line "#key = value" sets its default once the # is taken away. Of each array of
// tables it has one element as an example, commented out likewise.
std::string DocumentedDefaults();

}  // namespace larder

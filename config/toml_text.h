// Writing TOML 1.0: values of settings as one-line TOML, and texts as messages show them.
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.h"

namespace larder {

// A basic string in quotes; control characters are escaped, so that it is always one line.
// `text` is UTF-8.
std::string TomlString(std::string_view text);
// The value as it stands behind "key = ".
std::string TomlValue(const SettingValue& value);

// `text` for a message: as TomlString, but any bytes will do, and of a long text its beginning.
std::string ShowText(std::string_view text);

}  // namespace larder

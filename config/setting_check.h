// Whether a value may stand for a setting, wherever it came from. An error's message is a whole
// sentence without its place: "server.worker_threads must be in [1, 4096], got 0".
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "config/settings.h"

namespace larder {

// The value as it is kept (see Setting::normalise). Errors: kInvalidArgument (another type than the
// setting's, out of range, not one of the choices, refused by normalise).
Result<SettingValue> CheckSetting(const Setting& setting, SettingValue value);

// As CheckSetting for the text of a variable or a flag: numbers are decimal, booleans "true" or
// "false", arrays comma-separated.
Result<SettingValue> ParseSetting(const Setting& setting, std::string_view text);

// For a TOML value of a type that no setting has; `kind` names it: "a date", "a table".
Error WrongType(const Setting& setting, std::string_view kind);

// Why a secret may not stand where it was found, and where it belongs.
Error MisplacedSecret(const Setting& setting);

}  // namespace larder

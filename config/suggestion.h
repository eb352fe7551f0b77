// "Did you mean": what is said of a key that no setting has. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Whether `key` is a table that holds settings, directly or in tables of its own.
bool IsSettingTable(std::string_view key);

// The sentence about an unknown setting, or table: names the nearest one when one is near.
std::string UnknownSetting(std::string_view key);
std::string UnknownTable(std::string_view key);

}  // namespace larder

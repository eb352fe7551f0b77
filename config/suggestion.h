// "Did you mean": what is said of a key that no setting has. Rows of arrays of tables are settings
// here. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder {

// The candidate that `text` most likely stands for; empty when none is near.
std::string_view Nearest(std::string_view text, const std::vector<std::string_view>& candidates);

// Whether `key` is a table that holds settings, directly or in tables of its own.
bool IsSettingTable(std::string_view key);

// The sentence about an unknown setting, or table: names the nearest one when one is near.
std::string UnknownSetting(std::string_view key);
std::string UnknownTable(std::string_view key);

}  // namespace larder

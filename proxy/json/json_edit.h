// Changes to a JSON object that leave the rest of its text byte for byte as it was.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

// The object `json` with `raw_value`, a JSON value, in the place of its member `name` (of each,
// when it occurs several times). nullopt when `json` is no JSON object or has no such member.
// Members of its members do not count.
std::optional<std::string> ReplaceMember(std::string_view json, std::string_view name,
                                         std::string_view raw_value);

// The object `json` without its member `name` and the comma it needed. nullopt as above.
std::optional<std::string> RemoveMember(std::string_view json, std::string_view name);

}  // namespace larder

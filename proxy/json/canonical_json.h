// Canonical JSON for cache keys: member order, white space, escapes and the spelling of numbers do
// not matter; everything else does. Members are sorted by the bytes of their names (doubled names
// keep their order), numbers are written by value (1, 1.0 and 1e0 are one; whole numbers beyond
// 2^53 stay exact). Thread-safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/json/json.h"

namespace larder {

// `skip` names members of the outermost object that do not count.
std::string CanonicalJson(JsonElement value, std::span<const std::string_view> skip = {});

}  // namespace larder

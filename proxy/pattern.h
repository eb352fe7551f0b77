// Patterns of model names and paths, as the configuration writes them. Thread-safety: pure
// function.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace larder {

// Whether `pattern` matches all of `text`: '*' stands for any number of bytes ('/' included), every
// other byte for itself; case counts. Cost: linear in text for each '*'.
bool MatchesPattern(std::string_view pattern, std::string_view text);

// Whether one of `patterns` matches; true when there are none: no pattern is no condition.
bool MatchesAny(std::span<const std::string> patterns, std::string_view text);

}  // namespace larder

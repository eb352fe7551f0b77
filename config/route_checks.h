// What the strings of [[upstreams]] and [[cache.lifetimes]] must be, each as a Setting::normalise.
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace larder {

// 1 to 32 of a-z, 0-9, _ and -, and not "default", which is [upstream]. Errors: kInvalidArgument.
Result<std::string> NormaliseUpstreamName(std::string_view text);
// The same with "default". Errors: kInvalidArgument.
Result<std::string> NormaliseFallback(std::string_view text);

// A pattern (proxy/pattern.h) of model names: not empty, plain text. Errors: kInvalidArgument.
Result<std::string> NormaliseModelPattern(std::string_view text);
// A pattern of paths below /v1: begins with / or *, and not with /v1. Errors: kInvalidArgument.
Result<std::string> NormalisePathPattern(std::string_view text);

// "NAME=UPSTREAM'S NAME" without blanks at the ends of either, which are not empty; a name does not
// hold "=", an upstream's may. Errors: kInvalidArgument.
Result<std::string> NormaliseAlias(std::string_view text);
// What NormaliseAlias gave, taken apart.
std::pair<std::string, std::string> SplitAlias(std::string_view normalised);

}  // namespace larder

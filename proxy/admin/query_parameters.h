// The query of a request to the admin API, whose parameters are known. Thread-safety: pure
// functions.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace larder {

// Errors: kInvalidArgument, `param` being a parameter that is not among `names`, or that occurs
// twice.
Status CheckParameters(std::string_view query, std::span<const std::string_view> names);

}  // namespace larder

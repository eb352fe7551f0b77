// The parts of a multipart/form-data body. Source: RFC 7578, RFC 2046 section 5.1.1.
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

namespace larder {

// The content of the first part that has this name; nullopt when there is none, or when the content
// type is not multipart/form-data with a boundary. The view lives as long as `body`. A part ends at
// the next delimiter, or, when that is missing, is no part.
std::optional<std::string_view> FindFormPart(std::string_view content_type, std::string_view body,
                                             std::string_view name);

}  // namespace larder

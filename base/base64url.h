// Base64url (RFC 4648, section 5: '-' and '_', not padded), as tokens, cookies and challenges have
// it. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace larder {

std::string ToBase64Url(std::string_view bytes);

// nullopt unless `text` is canonical: the alphabet alone, no padding, left-over bits zero.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace larder

// UTF-8 one code point at a time (RFC 3629). Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace larder {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8 here
};

// The first code point of `text`, which is not empty.
CodePoint DecodeUtf8(std::string_view text);

// What would end a line or steer a terminal: C0, DEL, C1, and the separators U+2028 and U+2029.
bool IsControlCodePoint(char32_t value);

// At most `max_bytes` of `text`, cut between code points; what is not UTF-8, and control
// characters, become '?'. For names that a caller chose and others will read.
std::string CleanName(std::string_view text, std::size_t max_bytes);

}  // namespace larder

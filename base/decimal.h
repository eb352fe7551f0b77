// Numbers as decimal text, appended without a string of their own. Thread-safety: pure functions.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace larder {

inline void AppendNumber(std::int64_t number, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

}  // namespace larder

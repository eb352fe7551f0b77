#include "base/utf8.h"

#include <algorithm>

namespace larder {

CodePoint DecodeUtf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return {};
    value = value << 6 | (next & 0x3fU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (overlong || surrogate || value > 0x10ffff) return {};
  return {value, length};
}

bool IsControlCodePoint(char32_t value) {
  return value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0x2028 || value == 0x2029;
}

std::string CleanName(std::string_view text, std::size_t max_bytes) {
  std::string name;
  name.reserve(std::min(text.size(), max_bytes));
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    const std::size_t bytes = std::max<std::size_t>(point.bytes, 1);
    const bool plain = point.bytes > 0 && !IsControlCodePoint(point.value);
    if (name.size() + (plain ? bytes : 1) > max_bytes) break;
    if (plain) {
      name += text.substr(0, bytes);
    } else {
      name += '?';
    }
    text.remove_prefix(bytes);
  }
  return name;
}

}  // namespace larder

#include "config/text_checks.h"

#include <algorithm>
#include <cstdint>

namespace larder {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;

// Bytes of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none
// (Unicode 15, table 3-7).
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  const std::uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

bool IsTokenCharacter(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

}  // namespace

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    if (length == 1 && (static_cast<std::uint8_t>(text[0]) < 0x20 || text[0] == 0x7f)) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<std::string> PlainText(std::string_view text) {
  if (!IsPlainText(text)) return InvalidArgument("must be UTF-8 without control characters");
  return std::string(text);
}

Result<std::string> NonEmptyText(std::string_view text) {
  if (text.empty()) return InvalidArgument("must not be empty");
  return PlainText(text);
}

Result<std::string> NormaliseToken(std::string_view text) {
  if (text.empty() || text.size() > kMaxTokenBytes ||
      !std::all_of(text.begin(), text.end(), IsTokenCharacter)) {
    return InvalidArgument(
        "must be 1 to 4096 visible ASCII characters without quotes, commas, semicolons and "
        "backslashes; make one with: openssl rand -hex 32");
  }
  return std::string(text);
}

}  // namespace larder

#include "config/toml_text.h"

#include <cstdint>

#include "config/text_checks.h"

namespace larder {
namespace {

constexpr std::size_t kMaxShownBytes = 80;

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<std::uint8_t>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (byte < 0x20 || byte == 0x7f) {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  } else {
    out += c;
  }
}

}  // namespace

std::string TomlString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) AppendEscaped(out, c);
  out += '"';
  return out;
}

std::string TomlValue(const SettingValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return TomlString(*text);
  std::string out = "[";
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    if (out.size() > 1) out += ", ";
    out += TomlString(item);
  }
  return out + "]";
}

std::string ShowText(std::string_view text) {
  const bool cut = text.size() > kMaxShownBytes;
  std::string shown(text.substr(0, kMaxShownBytes));
  if (cut || !IsPlainText(text)) {
    for (char& c : shown) {
      if (static_cast<std::uint8_t>(c) >= 0x80) c = '?';
    }
  }
  return TomlString(shown) + (cut ? "..." : "");
}

}  // namespace larder

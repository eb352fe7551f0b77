#include "proxy/http/field_lines.h"

namespace larder {
namespace {

// Field values: visible bytes, obs-text, space and tab; no other control byte.
bool IsFieldValue(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find_first_of("\r\n");
  if (end == std::string_view::npos || rest.substr(end, 2) != "\r\n") return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

bool HasBareLineEnd(std::string_view bytes, std::size_t from) {
  for (std::size_t at = bytes.find_first_of("\r\n", from); at != std::string_view::npos;
       at = bytes.find_first_of("\r\n", at + 1)) {
    if (bytes[at] == '\n' && (at == 0 || bytes[at - 1] != '\r')) return true;
    if (bytes[at] == '\r' && at + 1 < bytes.size() && bytes[at + 1] != '\n') return true;
  }
  return false;
}

FieldLines ParseFieldLines(std::string_view lines, std::size_t max_fields, Headers& headers) {
  while (!lines.empty()) {
    const auto line = TakeLine(lines);
    if (!line) return FieldLines::kBareLineEnd;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !IsToken(line->substr(0, colon))) {
      return FieldLines::kNoField;
    }
    const std::string_view value = TrimOws(line->substr(colon + 1));
    if (!IsFieldValue(value)) return FieldLines::kControlByte;
    if (headers.size() == max_fields) return FieldLines::kTooMany;
    headers.Add(std::string(line->substr(0, colon)), std::string(value));
  }
  return FieldLines::kRight;
}

std::optional<std::uint64_t> ParseContentLength(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace larder

#include "proxy/http/field_lines.h"

namespace larder {
namespace {

// Field values: visible bytes, obs-text, space and tab; no other control byte. Without a branch in
// the loop, so that the compiler looks at many bytes at once.
bool IsFieldValue(std::string_view text) {
  bool control = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    control |= (byte < 0x20 && byte != '\t') || byte == 0x7f;
  }
  return !control;
}

}  // namespace

std::optional<std::string_view> TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  if (line.find('\r') != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(end + 1);
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

FieldLines ParseFieldLines(std::string_view lines, std::size_t max_fields,
                           std::vector<FieldView>& fields) {
  fields.clear();
  while (!lines.empty()) {
    const auto line = TakeLine(lines);
    if (!line) return FieldLines::kBareLineEnd;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !IsToken(line->substr(0, colon))) {
      return FieldLines::kNoField;
    }
    const std::string_view value = TrimOws(line->substr(colon + 1));
    if (!IsFieldValue(value)) return FieldLines::kControlByte;
    if (fields.size() == max_fields) return FieldLines::kTooMany;
    fields.push_back({line->substr(0, colon), value});
  }
  return FieldLines::kRight;
}

FieldLines ParseFieldLines(std::string_view lines, std::size_t max_fields, Headers& headers) {
  std::vector<FieldView> fields;
  const FieldLines parsed = ParseFieldLines(lines, max_fields, fields);
  for (const auto& [name, value] : fields) headers.Add(std::string(name), std::string(value));
  return parsed;
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

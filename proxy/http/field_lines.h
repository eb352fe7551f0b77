// The lines of a message head as both parsers of heads take them (RFC 9112, sections 2.2 and 5):
// CRLF ends a line and nothing else does, a field is a name, a colon and a value without control
// bytes, and there are no folded lines. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/http/headers.h"

namespace larder {

// The next line without its CRLF, taken off the front of `rest`; nullopt at a bare CR or LF.
std::optional<std::string_view> TakeLine(std::string_view& rest);

// Whether a CR without LF, or an LF without CR, stands at or behind `from`. A CR at the very end
// may still get its LF.
bool HasBareLineEnd(std::string_view bytes, std::size_t from);

// A field as it stands in a head.
struct FieldView {
  std::string_view name;
  std::string_view value;
};

enum class FieldLines { kRight, kBareLineEnd, kNoField, kControlByte, kTooMany };

// Takes every field of `lines` (each ending in CRLF, without the empty line), at most `max_fields`,
// into `headers`. Values lose the white space around them and stay as they are otherwise.
FieldLines ParseFieldLines(std::string_view lines, std::size_t max_fields, Headers& headers);
// The same without a copy: `fields` are views of `lines`, and replace what stood there.
FieldLines ParseFieldLines(std::string_view lines, std::size_t max_fields,
                           std::vector<FieldView>& fields);

// The value of a Content-Length field: 1 to 18 digits; nullopt for anything else.
std::optional<std::uint64_t> ParseContentLength(std::string_view text);

}  // namespace larder

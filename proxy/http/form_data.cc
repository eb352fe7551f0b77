#include "proxy/http/form_data.h"

#include <algorithm>
#include <string>

#include "proxy/http/headers.h"

namespace larder {
namespace {

// The value of a parameter of "kind; name=value; other=\"value\"", without quotes; empty when there
// is none.
std::string_view ParameterOf(std::string_view field, std::string_view name) {
  for (std::size_t at = field.find(';'); at != std::string_view::npos; at = field.find(';')) {
    field.remove_prefix(at + 1);
    const std::string_view rest = TrimOws(field);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = rest.substr(equals + 1);
    if (value.starts_with('"')) {
      value.remove_prefix(1);
      value = value.substr(0, value.find('"'));
    } else {
      value = TrimOws(value.substr(0, value.find(';')));
    }
    if (EqualsIgnoreCase(TrimOws(rest.substr(0, equals)), name)) return value;
  }
  return {};
}

// Whether the header of a part says that it is the field `name`.
bool IsNamed(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::size_t end = header.find("\r\n");
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (EqualsIgnoreCase(line.substr(0, colon), "content-disposition")) {
      return ParameterOf(line.substr(colon), "name") == name;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string_view> FindFormPart(std::string_view content_type, std::string_view body,
                                             std::string_view name) {
  const std::string_view kind = TrimOws(content_type.substr(0, content_type.find(';')));
  const std::string_view boundary = ParameterOf(content_type, "boundary");
  if (!EqualsIgnoreCase(kind, "multipart/form-data") || boundary.empty()) return std::nullopt;
  const std::string delimiter = "\r\n--" + std::string(boundary);
  // The first delimiter may stand at the very beginning, without its line break.
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (body.starts_with(first)) {
    body.remove_prefix(first.size());
  } else if (const std::size_t begin = body.find(delimiter); begin != std::string_view::npos) {
    body.remove_prefix(begin + delimiter.size());
  } else {
    return std::nullopt;
  }
  while (!body.starts_with("--")) {
    const std::size_t head = body.find("\r\n");
    const std::size_t end = body.find(delimiter);
    if (head == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
    const std::string_view part = body.substr(head, end - std::min(head, end));
    const std::size_t blank = part.find("\r\n\r\n");
    if (blank != std::string_view::npos && IsNamed(part.substr(2, blank), name)) {
      return part.substr(blank + 4);
    }
    body.remove_prefix(end + delimiter.size());
  }
  return std::nullopt;
}

}  // namespace larder

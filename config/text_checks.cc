#include "config/text_checks.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace larder {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;
constexpr std::size_t kMaxFieldNameBytes = 64;

// Fields that frame a message, steer its connection or say what is in it.
constexpr std::array<std::string_view, 18> kTakenFields = {
    "accept",           "accept-encoding",
    "connection",       "content-encoding",
    "content-length",   "content-type",
    "cookie",           "date",
    "expect",           "host",
    "keep-alive",       "proxy-authorization",
    "proxy-connection", "te",
    "trailer",          "transfer-encoding",
    "upgrade",          "via"};

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

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// RFC 9110, section 5.6.2: tchar.
bool IsFieldNameCharacter(char c) {
  return IsLetter(c) || IsDigit(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
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

Result<std::string> NormaliseApiKey(std::string_view text) {
  if (text.empty() || text.size() > kMaxTokenBytes ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return InvalidArgument("must be 1 to 4096 visible ASCII characters");
  }
  return std::string(text);
}

Result<std::string> NormaliseVariableName(std::string_view text) {
  const auto legal = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; };
  if (!std::all_of(text.begin(), text.end(), legal) || (!text.empty() && IsDigit(text.front()))) {
    return InvalidArgument(
        "must be the name of an environment variable, of letters, digits and underscores, such as "
        "\"OPENAI_API_KEY\"; a key itself never stands here");
  }
  return std::string(text);
}

Result<std::string> NormaliseKeyHeader(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool taken =
      std::find(kTakenFields.begin(), kTakenFields.end(), name) != kTakenFields.end();
  if (name.empty() || name.size() > kMaxFieldNameBytes || taken ||
      !std::all_of(name.begin(), name.end(), IsFieldNameCharacter)) {
    return InvalidArgument(
        "must be the name of a header field that can carry a key, such as \"authorization\", "
        "\"api-key\", \"x-api-key\" or \"x-goog-api-key\"");
  }
  return name;
}

}  // namespace larder

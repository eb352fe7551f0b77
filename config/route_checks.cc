#include "config/route_checks.h"

#include <algorithm>

#include "config/text_checks.h"
#include "config/toml_text.h"

namespace larder {
namespace {

constexpr std::size_t kMaxNameBytes = 32;
constexpr std::size_t kMaxPatternBytes = 256;

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::string> NormaliseUpstreamName(std::string_view text) {
  if (text == "default") {
    return InvalidArgument("must not be \"default\": that is the name of [upstream]");
  }
  return NormaliseFallback(text);
}

Result<std::string> NormaliseFallback(std::string_view text) {
  const bool legal = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!legal || text.empty() || text.size() > kMaxNameBytes) {
    return InvalidArgument("must be a name of 1 to 32 characters from a-z, 0-9, _ and -, got " +
                           ShowText(text));
  }
  return std::string(text);
}

Result<std::string> NormaliseModelPattern(std::string_view text) {
  if (text.empty() || text.size() > kMaxPatternBytes || !IsPlainText(text)) {
    return InvalidArgument(
        "must hold model names of 1 to 256 bytes, in which * stands for any text, such as "
        "\"gpt-4o*\", got " +
        ShowText(text));
  }
  return std::string(text);
}

Result<std::string> NormalisePathPattern(std::string_view text) {
  const bool rooted = text.starts_with('/') || text.starts_with('*');
  if (!rooted || text.size() > kMaxPatternBytes || !IsPlainText(text)) {
    return InvalidArgument(
        "must hold paths that begin with / or *, such as \"/chat/completions\", got " +
        ShowText(text));
  }
  if (text == "/v1" || text.starts_with("/v1/")) {
    return InvalidArgument("must hold paths below /v1, without it, such as " +
                           std::string("\"/chat/completions\", got ") + ShowText(text));
  }
  return std::string(text);
}

Result<std::string> NormaliseAlias(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = Trimmed(text.substr(0, equals));
  const std::string_view known_as =
      equals == std::string_view::npos ? std::string_view{} : Trimmed(text.substr(equals + 1));
  if (name.empty() || known_as.empty() || text.size() > 2 * kMaxPatternBytes ||
      !IsPlainText(text)) {
    return InvalidArgument(
        "must hold NAME=UPSTREAM'S NAME, such as \"fast=claude-haiku-4-5\", got " + ShowText(text));
  }
  return std::string(name) + "=" + std::string(known_as);
}

std::pair<std::string, std::string> SplitAlias(std::string_view normalised) {
  const std::size_t equals = std::min(normalised.find('='), normalised.size());
  return {std::string(normalised.substr(0, equals)),
          std::string(normalised.substr(std::min(equals + 1, normalised.size())))};
}

}  // namespace larder

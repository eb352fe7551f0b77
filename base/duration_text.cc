#include "base/duration_text.h"

#include <charconv>
#include <cstdint>

namespace larder {

std::optional<std::chrono::seconds> ParseDuration(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::chrono::hours kMost{24 * 365 * 100};
  if (error != std::errc() || value < 0 || value > std::chrono::seconds(kMost).count()) {
    return std::nullopt;
  }
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  std::chrono::seconds length(value);
  if (unit == "m") {
    length = std::chrono::minutes(value);
  } else if (unit == "h") {
    length = std::chrono::hours(value);
  } else if (unit == "d") {
    length = std::chrono::hours(24 * value);
  } else if (!unit.empty() && unit != "s") {
    return std::nullopt;
  }
  return length <= kMost ? std::optional(length) : std::nullopt;
}

}  // namespace larder

#include "app/retry_pause.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace larder {
namespace {

std::optional<double> NumberOf(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  const std::string_view trimmed = TrimOws(*text);
  double value = 0;
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), value);
  if (error != std::errc() || end != trimmed.data() + trimmed.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0) return std::nullopt;
  return value;
}

std::chrono::milliseconds Bounded(double milliseconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(
      std::ceil(std::min(milliseconds, static_cast<double>(kMaxPause.count())))));
}

}  // namespace

bool IsWorthRepeating(int status) {
  return status == 408 || status == 409 || status == 429 ||
         (status >= 500 && status != 501 && status != 505);
}

std::optional<std::chrono::milliseconds> PauseAskedFor(const Headers& headers) {
  if (const auto millis = NumberOf(headers.Find("retry-after-ms"))) return Bounded(*millis);
  if (const auto seconds = NumberOf(headers.Find("retry-after"))) return Bounded(*seconds * 1000);
  return std::nullopt;
}

std::chrono::milliseconds PauseBefore(int attempt, double random) {
  const double full = std::min(500 * std::pow(2.0, std::min(attempt, 16) - 1), 30'000.0);
  return Bounded(full * (1 - random / 4));
}

}  // namespace larder

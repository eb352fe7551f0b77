#include "app/human.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace larder {
namespace {

template <typename... Args>
std::string Format(const char* format, Args... args) {
  std::array<char, 64> buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), format, args...);
  return {buffer.data(), static_cast<std::size_t>(std::max(size, 0))};
}

}  // namespace

std::string HumanCount(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string HumanBytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(kUnits)) {
    bytes /= 1000;
    ++unit;
  }
  return Format(unit == 0 || bytes >= 9.95 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
}

std::string HumanDuration(std::chrono::duration<double> time) {
  const double seconds = time.count();
  if (seconds < 9.995) return Format("%.2f s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return Format("%d s", static_cast<int>(whole));
  const auto two = [](std::int64_t large, const char* a, std::int64_t small, const char* b) {
    return Format("%lld%s %02lld%s", static_cast<long long>(large), a,
                  static_cast<long long>(small), b);
  };
  if (whole < 3600) return two(whole / 60, "m", whole % 60, "s");
  if (whole < 86400) return two(whole / 3600, "h", whole / 60 % 60, "m");
  return two(whole / 86400, "d", whole / 3600 % 24, "h");
}

std::string HumanMillis(double milliseconds) {
  if (milliseconds < 9.995) return Format("%.2f ms", milliseconds);
  if (milliseconds < 999.5) return Format("%.0f ms", milliseconds);
  return Format("%.1f s", milliseconds / 1000);
}

std::string HumanPercent(double part, double whole) {
  return whole > 0 ? Format("%.1f %%", part / whole * 100) : "-";
}

std::string HumanMoney(double amount, const std::string& currency) {
  const std::string figure =
      amount != 0 && std::abs(amount) < 0.01 ? Format("%.6f", amount) : Format("%.2f", amount);
  return currency == "USD" ? "$" + figure : figure + " " + currency;
}

std::string Counted(std::int64_t count, const char* singular, const char* plural) {
  return HumanCount(count) + " " + (count == 1 ? singular : plural);
}

}  // namespace larder

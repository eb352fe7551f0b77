#include "proxy/admin/price_rule.h"

#include <algorithm>
#include <array>

#include "base/decimal.h"

namespace larder {
namespace {

constexpr std::uint64_t kNano = 1'000'000'000;
constexpr std::uint64_t kMostAmount = 1'000'000;  // of the currency for a million tokens

}  // namespace

std::optional<std::uint64_t> ParseAmountNano(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point < text.size() ? text.substr(point + 1) : std::string_view();
  if (whole.empty() || whole.size() > 7 || part.size() > 9) return std::nullopt;
  if (point < text.size() && part.empty()) return std::nullopt;
  std::uint64_t nano = 0;
  for (const char digit : whole) {
    if (digit < '0' || digit > '9') return std::nullopt;
    nano = nano * 10 + static_cast<unsigned>(digit - '0') * kNano;
  }
  std::uint64_t place = kNano;
  for (const char digit : part) {
    if (digit < '0' || digit > '9') return std::nullopt;
    place /= 10;
    nano += static_cast<unsigned>(digit - '0') * place;
  }
  if (nano > kMostAmount * kNano) return std::nullopt;
  return nano;
}

void AppendAmount(std::uint64_t nano, std::string& out) {
  AppendNumber(static_cast<std::int64_t>(nano / kNano), out);
  std::uint64_t part = nano % kNano;
  if (part == 0) return;
  std::array<char, 10> digits{'.'};
  for (std::size_t i = digits.size(); i-- > 1; part /= 10) {
    digits[i] = static_cast<char>('0' + part % 10);
  }
  std::size_t size = digits.size();
  while (digits[size - 1] == '0') --size;
  out.append(digits.data(), size);
}

}  // namespace larder

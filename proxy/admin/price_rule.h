// PriceRule: what the tokens of some models cost, as the configuration's [[prices]] gives it.
// Thread-safety: a value, and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

// Amounts are decimals of the currency for a million tokens. Patterns as in proxy/pattern.h; none
// is every model.
struct PriceRule {
  std::vector<std::string> models;
  std::string input;
  std::string output;  // empty: as the input
};

// Billionths of "2.5", "0.02", "75"; nullopt unless it is a plain decimal in [0, 1000000] with at
// most 9 digits behind the point.
std::optional<std::uint64_t> ParseAmountNano(std::string_view text);
// The shortest plain decimal: "0.000125", "3", "0".
void AppendAmount(std::uint64_t nano, std::string& out);

}  // namespace larder

#include <algorithm>

#include "config/route_checks.h"
#include "config/setting_rows.h"
#include "config/toml_text.h"

namespace larder {
namespace {

Result<std::string> NormaliseCurrency(std::string_view text) {
  const bool letters =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (text.size() != 3 || !letters) {
    return InvalidArgument("must be three capital letters (ISO 4217), such as \"EUR\", got " +
                           ShowText(text));
  }
  return std::string(text);
}

Result<std::string> NormaliseAmount(std::string_view text) {
  if (!ParseAmountNano(text)) {
    return InvalidArgument(
        "must be a decimal from 0 to 1000000 with at most 9 digits behind the point, such as 2.50, "
        "got " +
        ShowText(text));
  }
  return std::string(text);
}

constexpr Setting kRows[] = {
    PlainRow<LARDER_AT(telemetry.enabled)>(
        "telemetry.enabled",
        "Count requests, for /metrics, statistics, money and the live tail; false leaves them "
        "empty."),
    PlainRow<LARDER_AT(telemetry.currency)>(
        "telemetry.currency",
        "Currency of the prices. Larder's own table of well-known models is in US dollars and is "
        "used with \"USD\" alone.")
        .Normalised(&NormaliseCurrency),
};

constexpr Setting kPriceRows[] = {
    PlainRow<LARDER_IN(prices, models)>(
        "prices.models",
        "Models as clients ask for them, as patterns in which * is any text; none = every model.")
        .Normalised(&NormaliseModelPattern)
        .Example(R"(["gpt-4o*"])"),
    PlainRow<LARDER_IN(prices, input)>("prices.input", "What a million input tokens cost.")
        .Normalised(&NormaliseAmount)
        .Required()
        .Decimal()
        .Example("2.5"),
    PlainRow<LARDER_IN(prices, output)>(
        "prices.output", "What a million tokens cost that the model writes; not given = as input.")
        .Normalised(&NormaliseAmount)
        .Decimal()
        .Example("10"),
};

}  // namespace

std::span<const Setting> TelemetrySettings() {
  return kRows;
}

std::span<const Setting> PriceRows() {
  return kPriceRows;
}

}  // namespace larder

#include <algorithm>

#include "config/route_checks.h"
#include "config/setting_rows.h"
#include "config/text_checks.h"
#include "config/toml_text.h"
#include "proxy/admin/price_rule.h"

namespace larder {
namespace {

constexpr std::int64_t kMostRequests = 1'000'000'000;
constexpr std::int64_t kMostTokens = 1'000'000'000'000;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kDigestDigits = 64;

Result<std::string> NormaliseKeyName(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes || !IsPlainText(text)) {
    return InvalidArgument("must be a name of 1 to 128 bytes, got " + ShowText(text));
  }
  return std::string(text);
}

Result<std::string> NormaliseTenant(std::string_view text) {
  const bool legal = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
  if (text.empty() || text.size() > kMaxNameBytes || !legal) {
    return InvalidArgument("must be 1 to 128 of A-Z, a-z, 0-9, _, . and -, got " + ShowText(text));
  }
  return std::string(text);
}

// The text is not shown: it may be the secret itself.
Result<std::string> NormaliseDigest(std::string_view text) {
  if (text.empty()) return std::string();
  std::string digits(text);
  for (char& c : digits) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool legal = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!legal || digits.size() != kDigestDigits) {
    return InvalidArgument(
        "must be the SHA-256 of the secret, 64 hexadecimal digits (printf %s SECRET | sha256sum)");
  }
  return digits;
}

Result<std::string> NormaliseMoney(std::string_view text) {
  if (!text.empty() && !ParseAmountNano(text)) {
    return InvalidArgument(
        "must be an amount from 0 to 1000000 with at most 9 digits behind the point, such as 25, "
        "got " +
        ShowText(text));
  }
  return std::string(text);
}

Result<std::string> NormaliseCallerPattern(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes || !IsPlainText(text)) {
    return InvalidArgument(
        "must hold names of 1 to 128 bytes, in which * stands for any text, got " + ShowText(text));
  }
  return std::string(text);
}

constexpr auto kKeyLimits = LARDER_IN(keys, limits);
constexpr auto kRuleLimits = LARDER_IN(limits, limits);

template <KeyPart kTable, auto kLimits>
constexpr std::array kRateRows = {
    NumberRow<void, LARDER_WITHIN(kLimits, requests_per_minute)>(
        kKey<kTable, "requests_per_minute">, 0, kMostRequests, "requests",
        "Most requests in any sixty seconds; 0 = no limit.")
        .Example("60"),
    NumberRow<void, LARDER_WITHIN(kLimits, requests_per_hour)>(
        kKey<kTable, "requests_per_hour">, 0, kMostRequests, "requests",
        "Most requests in an hour of the clock (UTC); 0 = no limit."),
    NumberRow<void, LARDER_WITHIN(kLimits, tokens_per_minute)>(
        kKey<kTable, "tokens_per_minute">, 0, kMostTokens, "tokens",
        "Tokens billed by upstream in any sixty seconds after which no more is admitted; 0 = no "
        "limit."),
    NumberRow<void, LARDER_WITHIN(kLimits, tokens_per_hour)>(
        kKey<kTable, "tokens_per_hour">, 0, kMostTokens, "tokens",
        "The same in an hour of the clock (UTC); 0 = no limit.")};

constexpr Setting kRows[] = {
    NumberRow<void, LARDER_AT(limiter.max_callers)>(
        "access.max_callers", 16, 10'000'000, "callers",
        "Most callers without a key of Larder's own that something is counted for (about 1 KiB "
        "each); beyond, the one that used least is forgotten."),
};

constexpr std::array kNamed = {
    PlainRow<LARDER_IN(keys, name)>(
        "keys.name", "Its name, which limits can speak of and people see; each key's own.")
        .Normalised(&NormaliseKeyName)
        .Required()
        .Example(R"("search-team")"),
    PlainRow<LARDER_IN(keys, tenant)>(
        "keys.tenant", "Who shares what it cached: 1 to 128 of A-Z, a-z, 0-9, _, . and -.")
        .Normalised(&NormaliseTenant),
    PlainRow<LARDER_IN(keys, sha256)>(
        "keys.sha256",
        "SHA-256 of its secret, 64 hexadecimal digits; this, or one of the two that follow.")
        .Normalised(&NormaliseDigest)
        .Example(R"("080af4c1f5a92a2f2de41dd8138a5b2bf52ec6047960456b8fbd8ab1c7ae8fa3")"),
    PlainRow<LARDER_IN(keys, secret_env)>(
        "keys.secret_env",
        "Name of the environment variable that holds its secret, 16 characters at least; empty = "
        "none.")
        .Normalised(&NormaliseVariableName),
    PlainRow<LARDER_IN(keys, secret_file)>("keys.secret_file",
                                           "File that holds its secret; empty = none.")
        .Normalised(&PlainText),
    PlainRow<LARDER_IN(keys, models)>(
        "keys.models",
        "The models that it may ask for, as clients name them: patterns in which * is any text; "
        "none = every model.")
        .Normalised(&NormaliseModelPattern)
        .Example(R"(["text-embedding-3-*"])"),
    PlainRow<LARDER_IN(keys, upstreams)>(
        "keys.upstreams",
        "Names of the upstreams that it may ask, \"default\" being [upstream]; none = all.")
        .Normalised(&NormaliseFallback)
        .Example(R"(["default"])")};

constexpr std::array kBudget = {
    PlainRow<LARDER_IN(keys, budget_money)>(
        "keys.budget_money",
        "Money that it may spend in a period, in telemetry.currency, by [[prices]] and Larder's "
        "own "
        "table; not given = no limit. A model without a price is then refused.")
        .Normalised(&NormaliseMoney)
        .Decimal()
        .Example("25"),
    NumberRow<void, LARDER_IN(keys, budget_tokens)>(
        "keys.budget_tokens", 0, kMostTokens, "tokens",
        "Tokens that it may use in a period; 0 = no limit."),
    ChoiceRow<kBudgetPeriodNames, LARDER_IN(keys, budget_period)>(
        "keys.budget_period",
        "When the budget begins anew (UTC; a week on Monday); \"total\": never.")};

constexpr std::array kMatch = {
    PlainRow<LARDER_IN(limits, callers)>(
        "limits.callers",
        "Whom it concerns: patterns, in which * is any text, of a key's name or tenant, or of the "
        "partition of a provider's own credential; none = everybody.")
        .Normalised(&NormaliseCallerPattern)
        .Example(R"(["search-team"])"),
    PlainRow<LARDER_IN(limits, paths)>("limits.paths",
                                       "Paths below /v1, as such patterns; none = every path.")
        .Normalised(&NormalisePathPattern)
        .Example(R"(["/embeddings"])")};

constexpr auto kKeyRows = JoinRows(kNamed, kRateRows<"keys", kKeyLimits>, kBudget);
constexpr auto kLimitRows = JoinRows(kMatch, kRateRows<"limits", kRuleLimits>);

}  // namespace

std::span<const Setting> AccessSettings() {
  return kRows;
}

std::span<const Setting> KeyRows() {
  return kKeyRows;
}

std::span<const Setting> LimitRows() {
  return kLimitRows;
}

}  // namespace larder

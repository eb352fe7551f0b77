#include "proxy/admin/price_table.h"

#include <algorithm>

#include "proxy/pattern.h"

namespace larder {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

// The first pattern that matches counts: what is narrower stands above.
constexpr PriceTable::KnownPrice kKnown[] = {
    {"text-embedding-3-small", "0.02", ""},
    {"text-embedding-3-large", "0.13", ""},
    {"text-embedding-ada-002*", "0.10", ""},
    {"omni-moderation-*", "0", ""},
    {"gpt-5", "1.25", "10"},
    {"gpt-5-2*", "1.25", "10"},
    {"gpt-5-chat-latest", "1.25", "10"},
    {"gpt-5-codex", "1.25", "10"},
    {"gpt-5-mini", "0.25", "2"},
    {"gpt-5-mini-2*", "0.25", "2"},
    {"gpt-5-nano", "0.05", "0.40"},
    {"gpt-5-nano-2*", "0.05", "0.40"},
    {"gpt-5-pro", "15", "120"},
    {"gpt-5-pro-2*", "15", "120"},
    {"gpt-4.1", "2", "8"},
    {"gpt-4.1-2*", "2", "8"},
    {"gpt-4.1-mini", "0.40", "1.60"},
    {"gpt-4.1-mini-2*", "0.40", "1.60"},
    {"gpt-4.1-nano", "0.10", "0.40"},
    {"gpt-4.1-nano-2*", "0.10", "0.40"},
    {"gpt-4o-2024-05-13", "5", "15"},
    {"gpt-4o", "2.50", "10"},
    {"gpt-4o-2*", "2.50", "10"},
    {"gpt-4o-mini", "0.15", "0.60"},
    {"gpt-4o-mini-2*", "0.15", "0.60"},
    {"gpt-4-turbo", "10", "30"},
    {"gpt-4-turbo-2*", "10", "30"},
    {"gpt-4", "30", "60"},
    {"gpt-4-0613", "30", "60"},
    {"gpt-3.5-turbo", "0.50", "1.50"},
    {"gpt-3.5-turbo-0125", "0.50", "1.50"},
    {"o1", "15", "60"},
    {"o1-2*", "15", "60"},
    {"o1-pro", "150", "600"},
    {"o1-pro-2*", "150", "600"},
    {"o3", "2", "8"},
    {"o3-2*", "2", "8"},
    {"o3-pro", "20", "80"},
    {"o3-pro-2*", "20", "80"},
    {"o1-mini", "1.10", "4.40"},
    {"o1-mini-2*", "1.10", "4.40"},
    {"o3-mini", "1.10", "4.40"},
    {"o3-mini-2*", "1.10", "4.40"},
    {"o4-mini", "1.10", "4.40"},
    {"o4-mini-2*", "1.10", "4.40"},
    {"claude-opus-4-5*", "5", "25"},
    {"claude-opus-4-1*", "15", "75"},
    {"claude-opus-4-0", "15", "75"},
    {"claude-opus-4-2025*", "15", "75"},
    {"claude-sonnet-4-5*", "3", "15"},
    {"claude-sonnet-4-0", "3", "15"},
    {"claude-sonnet-4-2025*", "3", "15"},
    {"claude-haiku-4-5*", "1", "5"},
    {"claude-3-7-sonnet-*", "3", "15"},
    {"claude-3-5-sonnet-*", "3", "15"},
    {"claude-3-5-haiku-*", "0.80", "4"},
    {"claude-3-opus-*", "15", "75"},
    {"claude-3-haiku-*", "0.25", "1.25"},
};

std::uint64_t NotNegative(std::int64_t count) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

// Without overflow: in millions and in what is left of one.
std::uint64_t CostOfTokens(std::uint64_t tokens, std::uint64_t nano_per_million) {
  constexpr std::uint64_t kMostTokens = kMillion * 10'000;  // more, and a request is no request
  tokens = std::min(tokens, kMostTokens);
  return tokens / kMillion * nano_per_million + tokens % kMillion * nano_per_million / kMillion;
}

std::uint64_t CostOfParts(const Price& price, std::int64_t tokens, std::int64_t completion) {
  const std::uint64_t all = NotNegative(tokens);
  const std::uint64_t output = std::min(all, NotNegative(completion));
  return CostOfTokens(all - output, price.input_nano) + CostOfTokens(output, price.output_nano);
}

Price PriceOf(std::string_view input, std::string_view output) {
  const std::uint64_t in = ParseAmountNano(input).value_or(0);
  return {in, output.empty() ? in : ParseAmountNano(output).value_or(0)};
}

}  // namespace

std::span<const PriceTable::KnownPrice> PriceTable::Known() {
  return kKnown;
}

PriceTable::PriceTable(const std::vector<PriceRule>& rules, std::string_view currency) {
  for (const PriceRule& rule : rules) {
    entries_.push_back({rule.models, PriceOf(rule.input, rule.output)});
  }
  entries_.push_back({{"larder-*"}, {}});
  if (currency != "USD") return;
  for (const KnownPrice& known : kKnown) {
    entries_.push_back({{std::string(known.models)}, PriceOf(known.input, known.output)});
  }
}

const Price* PriceTable::Find(std::string_view model) const {
  for (const Entry& entry : entries_) {
    if (MatchesAny(entry.models, model)) return &entry.price;
  }
  return nullptr;
}

RequestCost CostOf(const Price* price, const CacheStatus& cache) {
  RequestCost cost;
  if (price == nullptr) {
    cost.unpriced_tokens = NotNegative(cache.billed_tokens) + NotNegative(cache.saved_tokens);
    return cost;
  }
  cost.spent_nano = CostOfParts(*price, cache.billed_tokens, cache.billed_completion);
  cost.saved_nano = CostOfParts(*price, cache.saved_tokens, cache.saved_completion);
  return cost;
}

}  // namespace larder

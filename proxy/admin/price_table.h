// PriceTable: what a model's tokens cost, so that what was spent and what the cache saved can be
// told in money. A model without a price is never guessed: its tokens are counted as unpriced.
// Thread-safety: immutable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/price_rule.h"
#include "proxy/admin/rollup.h"

namespace larder {

// Of a million tokens, in billionths of the currency.
struct Price {
  std::uint64_t input_nano = 0;
  std::uint64_t output_nano = 0;
};

class PriceTable {
 public:
  // The models that Larder knows, in US dollars: list prices without discounts for batches, cached
  // input or long contexts. Source and date: docs/operations.md, "Prices".
  struct KnownPrice {
    std::string_view models;
    std::string_view input;
    std::string_view output;
  };
  static std::span<const KnownPrice> Known();

  // Nothing has a price, but for Larder's built-in models.
  PriceTable() : PriceTable({}, "") {}
  // `rules` in their order, then the known ones where `currency` is theirs ("USD"). Larder's
  // built-in models ("larder-*") cost nothing in every currency unless a rule says otherwise. A
  // rule whose amounts are none costs nothing.
  PriceTable(const std::vector<PriceRule>& rules, std::string_view currency);

  // Of the first pattern that matches; nullptr when none does. Lives as long as the table. Cost:
  // about a microsecond.
  const Price* Find(std::string_view model) const;

 private:
  struct Entry {
    std::vector<std::string> models;
    Price price;
  };
  std::vector<Entry> entries_;
};

// Rounded down to a billionth each. `price` may be null.
RequestCost CostOf(const Price* price, const CacheStatus& cache);

}  // namespace larder

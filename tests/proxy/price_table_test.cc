#include "proxy/admin/price_table.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

std::string Shown(std::uint64_t nano) {
  std::string out;
  AppendAmount(nano, out);
  return out;
}

CacheStatus Tokens(std::int64_t billed, std::int64_t billed_completion, std::int64_t saved = 0,
                   std::int64_t saved_completion = 0) {
  CacheStatus cache;
  cache.billed_tokens = billed;
  cache.billed_completion = billed_completion;
  cache.saved_tokens = saved;
  cache.saved_completion = saved_completion;
  return cache;
}

TEST(AmountTest, IsReadExactly) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"0", 0},
                                                         {"2.50", 2'500'000'000},
                                                         {"0.02", 20'000'000},
                                                         {"0.000000001", 1},
                                                         {"1000000", 1'000'000'000'000'000}};
  for (const auto& [text, nano] : cases) EXPECT_EQ(ParseAmountNano(text), nano) << text;
}

TEST(AmountTest, IsAPlainDecimalOrNone) {
  for (const char* text : {"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", " 1", "1 ", "1000000.1",
                           "10000000", "0.0000000001", "nan", "1.2.3"}) {
    EXPECT_EQ(ParseAmountNano(text), std::nullopt) << text;
  }
}

TEST(AmountTest, IsShownAsTheShortestDecimal) {
  EXPECT_EQ(Shown(0), "0");
  EXPECT_EQ(Shown(1), "0.000000001");
  EXPECT_EQ(Shown(2'500'000'000), "2.5");
  EXPECT_EQ(Shown(12'000'000'000), "12");
  EXPECT_EQ(Shown(1'000'000'010), "1.00000001");
}

TEST(PriceTableTest, KnowsModelsAndTheirDatedNames) {
  const PriceTable prices({}, "USD");
  const struct {
    const char* model;
    std::uint64_t input;
    std::uint64_t output;
  } cases[] = {{"text-embedding-3-small", 20'000'000, 20'000'000},
               {"gpt-4o", 2'500'000'000, 10'000'000'000},
               {"gpt-4o-2024-08-06", 2'500'000'000, 10'000'000'000},
               {"gpt-4o-2024-05-13", 5'000'000'000, 15'000'000'000},
               {"gpt-4o-mini-2024-07-18", 150'000'000, 600'000'000},
               {"claude-haiku-4-5", 1'000'000'000, 5'000'000'000}};
  for (const auto& c : cases) {
    const Price* price = prices.Find(c.model);
    ASSERT_NE(price, nullptr) << c.model;
    EXPECT_EQ(price->input_nano, c.input) << c.model;
    EXPECT_EQ(price->output_nano, c.output) << c.model;
  }
}

TEST(PriceTableTest, HasWellFormedPricesThatAreNotHiddenByThoseAbove) {
  const PriceTable prices({}, "USD");
  for (const PriceTable::KnownPrice& known : PriceTable::Known()) {
    std::string model(known.models);
    if (model.ends_with('*')) model.back() = 'x';
    const auto input = ParseAmountNano(known.input);
    ASSERT_TRUE(input) << known.models;
    EXPECT_TRUE(known.output.empty() || ParseAmountNano(known.output)) << known.models;
    ASSERT_NE(prices.Find(model), nullptr) << model;
    EXPECT_EQ(prices.Find(model)->input_nano, *input) << model;
  }
}

TEST(PriceTableTest, NeverGuesses) {
  const PriceTable prices({}, "USD");
  for (const char* model : {"", "my-model", "gpt-4o-audio-preview", "gpt-9", "Gpt-4o", "gpt-4ox"}) {
    EXPECT_EQ(prices.Find(model), nullptr) << model;
  }
}

TEST(PriceTableTest, GivesTheFirstRuleThatMatchesBeforeItsOwn) {
  const PriceTable prices({{{"gpt-4o*"}, "1", "2"}, {{"gpt-4o", "mine"}, "3", ""}}, "USD");
  EXPECT_EQ(prices.Find("gpt-4o")->input_nano, 1'000'000'000U);
  EXPECT_EQ(prices.Find("mine")->output_nano, 3'000'000'000U);
  EXPECT_EQ(prices.Find("gpt-4.1")->input_nano, 2'000'000'000U);
}

TEST(PriceTableTest, UsesItsDollarsInNoOtherCurrency) {
  const PriceTable prices({{{"gpt-4o"}, "2.30", "9.20"}}, "EUR");
  EXPECT_NE(prices.Find("gpt-4o"), nullptr);
  EXPECT_EQ(prices.Find("gpt-4.1"), nullptr);
}

TEST(PriceTableTest, TakesNothingForTheBuiltInModels) {
  for (const char* currency : {"USD", "EUR"}) {
    const PriceTable prices({}, currency);
    const RequestCost cost = CostOf(prices.Find("larder-hash"), Tokens(100, 50, 100));
    EXPECT_EQ(cost.spent_nano + cost.saved_nano + cost.unpriced_tokens, 0U);
  }
}

TEST(RequestCostTest, PaysForWhatWentInAndWhatCameOut) {
  const Price price{2'500'000'000, 10'000'000'000};
  const RequestCost cost = CostOf(&price, Tokens(1'000, 200, 3'000'000, 1'000'000));
  EXPECT_EQ(cost.spent_nano, 800U * 2'500 + 200U * 10'000);
  EXPECT_EQ(Shown(cost.saved_nano), "15");
  EXPECT_EQ(cost.unpriced_tokens, 0U);
}

TEST(RequestCostTest, CountsTokensWithoutAPrice) {
  const RequestCost cost = CostOf(nullptr, Tokens(100, 20, 7));
  EXPECT_EQ(cost.unpriced_tokens, 107U);
  EXPECT_EQ(cost.spent_nano + cost.saved_nano, 0U);
}

TEST(RequestCostTest, IsSaneForNumbersThatAreNot) {
  const Price dearest{1'000'000'000'000'000, 1'000'000'000'000'000};
  EXPECT_EQ(CostOf(&dearest, Tokens(-5, -7)).spent_nano, 0U);
  EXPECT_EQ(CostOf(&dearest, Tokens(10, 1'000)).spent_nano, 10'000'000'000U);  // part <= whole
  EXPECT_EQ(CostOf(&dearest, Tokens(std::int64_t{1} << 62, 0)).spent_nano,
            10'000 * 1'000'000'000'000'000U);
}

}  // namespace
}  // namespace larder

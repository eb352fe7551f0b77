#include "cache/entry_filter.h"

#include <gtest/gtest.h>

#include "tests/cache/entries.h"

namespace larder {
namespace {

using std::chrono::seconds;

const WallTime kStored = ManualClock().Now();

EntryFacts Facts() {
  return {EntryLayer::kEmbeddings, KeyOf(1), "0123456789abcdef", "n", "m", "a text", kStored};
}

TEST(EntryFilterTest, WithoutConditionsMeansEverything) {
  const EntryFilter filter;
  EXPECT_TRUE(filter.IsEmpty());
  EXPECT_TRUE(filter.Matches(Facts()));
  EXPECT_TRUE(filter.Concerns(EntryLayer::kEmbeddings));
  EXPECT_TRUE(filter.Concerns(EntryLayer::kResponses));
}

struct Row {
  const char* name;
  EntryFilter filter;
  bool matches;
};

TEST(EntryFilterTest, EveryConditionMustHold) {
  std::vector<Row> rows = {
      {"layer", {.layer = EntryLayer::kEmbeddings}, true},
      {"other layer", {.layer = EntryLayer::kResponses}, false},
      {"model", {.model = "m"}, true},
      {"part of the model", {.model = ""}, true},
      {"other model", {.model = "m2"}, false},
      {"8 digits of the partition", {.partition = "01234567"}, true},
      {"the whole partition", {.partition = "0123456789abcdef"}, true},
      {"other partition", {.partition = "01234568"}, false},
      {"namespace", {.name_space = "n"}, true},
      {"no namespace", {.name_space = ""}, false},
      {"key", {.key = KeyOf(1)}, true},
      {"other key", {.key = KeyOf(2)}, false},
      {"text", {.input = "a text"}, true},
      {"beginning of the text is not the text", {.input = "a"}, false},
      {"beginning of the text", {.prefix = "a t"}, true},
      {"middle of the text", {.prefix = "text"}, false},
      {"8 digits of the key", {.prefix = ToHex(KeyOf(1)).substr(0, 8)}, true},
      {"7 digits of the key", {.prefix = ToHex(KeyOf(1)).substr(0, 7)}, false},
      {"the key with a digit too many", {.prefix = ToHex(KeyOf(1)) + "0"}, false},
      {"8 digits of another key", {.prefix = ToHex(KeyOf(2)).substr(0, 8)}, false},
      {"stored before", {.stored_before = kStored + seconds(1)}, true},
      {"stored just then", {.stored_before = kStored}, false},
      {"two that hold", {.model = "m", .prefix = "a"}, true},
      {"one of two", {.model = "m", .prefix = "b"}, false},
  };
  for (const Row& row : rows) EXPECT_EQ(row.filter.Matches(Facts()), row.matches) << row.name;
}

TEST(EntryFilterTest, DigitsOfAKeyMayBeUpperCase) {
  std::string digits = ToHex(KeyOf(1)).substr(0, 20);
  for (char& c : digits) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(KeyBeginsWith(KeyOf(1), digits));
}

TEST(EntryFilterTest, AnAnswerHasNoTextToMatch) {
  EntryFacts facts = Facts();
  facts.layer = EntryLayer::kResponses;
  facts.text.reset();
  EXPECT_FALSE(EntryFilter{.input = "a text"}.Matches(facts));
  EXPECT_FALSE(EntryFilter{.input = "a text"}.Concerns(EntryLayer::kResponses));
  EXPECT_FALSE(EntryFilter{.prefix = "a"}.Matches(facts));
  EXPECT_TRUE(EntryFilter{.prefix = ToHex(KeyOf(1)).substr(0, 8)}.Matches(facts));
}

TEST(EntryFilterTest, TokensAndTextsThatAreNotKeptHaveNoText) {
  InputRecord input;
  input.kind = InputKind::kTokens;
  input.input = "a text";
  EXPECT_EQ(FactsOf(KeyOf(1), input, {}).text, std::nullopt);
  input.kind = InputKind::kText;
  EXPECT_EQ(FactsOf(KeyOf(1), input, {}).text, "a text");
  input.input.clear();
  EXPECT_EQ(FactsOf(KeyOf(1), input, {}).text, std::nullopt);
}

}  // namespace
}  // namespace larder

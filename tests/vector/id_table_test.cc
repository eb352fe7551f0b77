#include "vector/id_table.h"

#include <gtest/gtest.h>

#include <unordered_map>

#include "tests/support/vector_samples.h"

namespace larder {
namespace {

TEST(IdTableTest, NumbersIdsInTheOrderOfTheirAppends) {
  IdTable table;
  EXPECT_EQ(table.Append("a"), std::nullopt);
  EXPECT_EQ(table.Append("bc"), std::nullopt);
  EXPECT_EQ(table.slots(), 2U);
  EXPECT_EQ(table.IdOf(0), "a");
  EXPECT_EQ(table.IdOf(1), "bc");
  EXPECT_EQ(table.Find("a"), 0U);
  EXPECT_EQ(table.Find("bc"), 1U);
  EXPECT_EQ(table.Find("b"), std::nullopt);
}

TEST(IdTableTest, AnIdBelongsToTheNewestSlotThatWasGivenIt) {
  IdTable table;
  static_cast<void>(table.Append("a"));
  EXPECT_EQ(table.Append("a"), 0U);
  EXPECT_EQ(table.Find("a"), 1U);
  EXPECT_EQ(table.IdOf(0), "a");
}

TEST(IdTableTest, AForgottenIdIsFoundNoMoreButMayComeBack) {
  IdTable table;
  static_cast<void>(table.Append("a"));
  EXPECT_EQ(table.Forget("a"), 0U);
  EXPECT_EQ(table.Find("a"), std::nullopt);
  EXPECT_EQ(table.Forget("a"), std::nullopt);
  EXPECT_EQ(table.Append("a"), std::nullopt);
  EXPECT_EQ(table.Find("a"), 1U);
}

TEST(IdTableTest, AnEmptyTableFindsAndForgetsNothing) {
  IdTable table;
  EXPECT_EQ(table.Find("a"), std::nullopt);
  EXPECT_EQ(table.Forget("a"), std::nullopt);
  EXPECT_EQ(table.slots(), 0U);
}

TEST(IdTableTest, ASlotForgottenFromTheStartHasAnIdThatLeadsNowhere) {
  IdTable table;
  table.AppendForgotten("a");
  EXPECT_EQ(table.slots(), 1U);
  EXPECT_EQ(table.IdOf(0), "a");
  EXPECT_EQ(table.Find("a"), std::nullopt);
  EXPECT_EQ(table.Append("a"), std::nullopt);
  table.AppendForgotten("a");
  EXPECT_EQ(table.Find("a"), 1U);
}

TEST(IdTableTest, AnyBytesAreAnId) {
  IdTable table;
  const std::string with_null("a\0b", 3);
  const std::string longest(IdTable::kMostIdBytes, '\xff');
  static_cast<void>(table.Append(with_null));
  static_cast<void>(table.Append(longest));
  static_cast<void>(table.Append("a"));
  EXPECT_EQ(table.Find(with_null), 0U);
  EXPECT_EQ(table.Find(longest), 1U);
  EXPECT_EQ(table.Find("a"), 2U);
  EXPECT_EQ(table.IdOf(1), longest);
}

TEST(IdTableTest, AgreesWithAMapOverManyRandomSteps) {
  VectorSamples samples(1);
  IdTable table;
  std::unordered_map<std::string, std::uint32_t> expected;
  std::vector<std::string> names;
  for (int step = 0; step < 50'000; ++step) {
    const std::string id = "id " + std::to_string(samples.Below(700));
    const auto known = expected.find(id);
    const auto slot =
        known == expected.end() ? std::nullopt : std::optional<std::uint32_t>(known->second);
    switch (samples.Below(4)) {
      case 0:
      case 1:
        ASSERT_EQ(table.Append(id), slot);
        expected[id] = static_cast<std::uint32_t>(names.size());
        names.push_back(id);
        break;
      case 2:
        ASSERT_EQ(table.Forget(id), slot);
        expected.erase(id);
        break;
      default:
        ASSERT_EQ(table.Find(id), slot);
    }
  }
  ASSERT_EQ(table.slots(), names.size());
  for (std::uint32_t slot = 0; slot < names.size(); ++slot) {
    ASSERT_EQ(table.IdOf(slot), names[slot]);
  }
  for (const auto& [id, slot] : expected) EXPECT_EQ(table.Find(id), slot);
}

TEST(IdTableTest, KnowsWhatItsNextIdAdds) {
  IdTable table;
  VectorSamples samples(2);
  for (int i = 0; i < 10'000; ++i) {
    const std::string id(1 + samples.Below(30), static_cast<char>(samples.Below(256)));
    const std::size_t expected = table.memory_bytes() + table.AppendBytes(id.size());
    static_cast<void>(table.Append(id));
    ASSERT_EQ(table.memory_bytes(), expected) << i;
    if (samples.Below(2) == 0) static_cast<void>(table.Forget(id));
  }
}

TEST(IdTableTest, EstimatesItsMemoryWithinAHalf) {
  IdTable table;
  constexpr std::size_t kIds = 100'000;
  for (std::size_t i = 0; i < kIds; ++i) {
    static_cast<void>(table.Append(std::to_string(1'000'000'000 + i)));
  }
  const std::size_t estimate = kIds * IdTable::EstimateBytes(10);
  EXPECT_LT(table.memory_bytes(), estimate * 3 / 2);
  EXPECT_GT(table.memory_bytes(), estimate * 2 / 3);
}

}  // namespace
}  // namespace larder

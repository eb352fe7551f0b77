#include "vector/metadata_columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace larder {
namespace {

using Op = Filter::Op;
using std::string;

std::vector<std::size_t> Matching(const MetadataColumns& columns, const Filter& filter,
                                  std::size_t slots) {
  std::vector<std::size_t> found;
  columns.Matching(filter, slots).ForEach([&](std::size_t slot) { found.push_back(slot); });
  return found;
}

Metadata Sorted(Metadata metadata) {
  std::sort(metadata.begin(), metadata.end(),
            [](const MetadataField& a, const MetadataField& b) { return a.path < b.path; });
  return metadata;
}

TEST(MetadataColumnsTest, GivesBackWhatWasSet) {
  MetadataColumns columns;
  const Metadata first = {{"a", {1.0}}, {"b", {string("x"), true, 2.0}}};
  const Metadata second = {{"b", {string("a text that is too long to be kept inside")}}};
  columns.Set(3, first);
  columns.Set(5000, second);
  EXPECT_EQ(Sorted(columns.Get(3)), first);
  EXPECT_EQ(columns.Get(5000), second);
  EXPECT_TRUE(columns.Get(4).empty());
  EXPECT_TRUE(columns.Get(999'999).empty());
}

TEST(MetadataColumnsTest, SettingReplacesEveryField) {
  MetadataColumns columns;
  columns.Set(0, {{"a", {1.0}}, {"b", {1.0}}});
  columns.Set(0, {{"b", {2.0}}, {"c", {3.0}}});
  EXPECT_EQ(Sorted(columns.Get(0)), (Metadata{{"b", {2.0}}, {"c", {3.0}}}));
  EXPECT_TRUE(Matching(columns, Filter::Compare(Op::kEq, "a", {1.0}), 1).empty());
  columns.Set(0, {});
  EXPECT_TRUE(columns.Get(0).empty());
}

TEST(MetadataColumnsTest, ZeroIsZeroWhateverItsSign) {
  MetadataColumns columns;
  columns.Set(0, {{"a", {0.0}}});
  columns.Set(1, {{"a", {-0.0}}});
  EXPECT_EQ(Matching(columns, Filter::Compare(Op::kEq, "a", {-0.0}), 2),
            (std::vector<std::size_t>{0, 1}));
}

TEST(MetadataColumnsTest, NanNeverGetsIn) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  MetadataColumns columns;
  columns.Set(0, {{"a", {nan}}, {"b", {nan, 1.0}}});
  EXPECT_EQ(columns.Get(0), (Metadata{{"b", {1.0}}}));
  EXPECT_TRUE(Matching(columns, Filter::Compare(Op::kEq, "b", {nan}), 1).empty());
  EXPECT_EQ(Matching(columns, Filter::Compare(Op::kNin, "b", {nan, 2.0}), 1).size(), 1U);
  EXPECT_TRUE(Matching(columns, Filter::Compare(Op::kIn, "b", {nan, 2.0}), 1).empty());
}

TEST(MetadataColumnsTest, SlotsThatWereNeverSetHaveNoField) {
  MetadataColumns columns;
  EXPECT_TRUE(Matching(columns, Filter::Compare(Op::kEq, "a", {1.0}), 70).empty());
  EXPECT_EQ(Matching(columns, Filter::Compare(Op::kNe, "a", {1.0}), 70).size(), 70U);
  EXPECT_EQ(Matching(columns, Filter(), 70).size(), 70U);
  EXPECT_TRUE(Matching(columns, Filter::Compare(Op::kEq, "a", {1.0}), 0).empty());
}

TEST(MetadataColumnsTest, SlotsBeyondTheQuestionDoNotAnswer) {
  MetadataColumns columns;
  for (std::uint32_t slot = 0; slot < 3000; ++slot) columns.Set(slot, {{"a", {1.0}}});
  const Filter filter = Filter::Compare(Op::kEq, "a", {1.0});
  for (const std::size_t slots : {1, 63, 64, 65, 1024, 1025, 2999}) {
    EXPECT_EQ(Matching(columns, filter, slots).size(), slots);
  }
}

TEST(MetadataColumnsTest, AFieldOfFewSlotsCostsLittle) {
  MetadataColumns columns;
  const std::size_t before = columns.memory_bytes();
  for (std::uint32_t slot = 0; slot < 1000; ++slot) {
    columns.Set(slot * 1000, {{"field" + std::to_string(slot), {1.0}}});
  }
  EXPECT_LT(columns.memory_bytes() - before, 1000U * 1000U);
}

TEST(MetadataColumnsTest, SlotsInARowWithoutTheFieldCostNothing) {
  MetadataColumns columns;
  for (std::uint32_t slot = 0; slot < 2048; ++slot) columns.Set(slot, {{"a", {1.0}}});
  const std::size_t before = columns.memory_bytes();
  columns.Set(1'000'000, {{"a", {1.0}}});
  EXPECT_LT(columns.memory_bytes() - before, 200'000U);
}

// A world of few paths and values, so that slots collide in all of them.
class RandomMetadata {
 public:
  explicit RandomMetadata(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t bound) { return random_() % bound; }
  string Path() { return string(1, static_cast<char>('a' + Below(5))); }
  MetadataValue Value() {
    switch (Below(4)) {
      case 0:
        return Below(2) == 0;
      case 1:
        return string(1 + Below(2), static_cast<char>('p' + Below(3)));
      case 2:
        return static_cast<double>(Below(1000)) / 8;
      default:
        return static_cast<double>(Below(4));
    }
  }
  std::vector<MetadataValue> Values(std::size_t low, std::size_t high) {
    std::vector<MetadataValue> values(low + Below(high - low + 1));
    std::generate(values.begin(), values.end(), [this] { return Value(); });
    return values;
  }
  Metadata Point() {
    Metadata metadata;
    for (const char* path : {"a", "b", "c", "d"}) {
      if (Below(3) == 0) metadata.push_back({path, Values(1, Below(3) == 0 ? 3 : 1)});
    }
    return metadata;
  }
  Filter Condition(std::size_t depth) {
    const auto op = static_cast<Op>(Below(10));
    if (op == Op::kAnd || op == Op::kOr) {
      std::vector<Filter> parts;
      for (std::size_t i = depth == 0 ? 0 : Below(4); i > 0; --i)
        parts.push_back(Condition(depth - 1));
      return op == Op::kAnd ? Filter::And(std::move(parts)) : Filter::Or(std::move(parts));
    }
    const bool is_list = op == Op::kIn || op == Op::kNin;
    return Filter::Compare(op, Path(), is_list ? Values(0, 5) : Values(1, 1));
  }

 private:
  std::mt19937 random_;
};

TEST(MetadataColumnsTest, AgreesWithFiltersOnePointAtATime) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    RandomMetadata random(seed);
    const std::size_t slots = 1 + random.Below(2500);
    std::vector<Metadata> points(slots);
    MetadataColumns columns;
    for (std::size_t i = 0; i < slots * 3 / 2; ++i) {  // some twice, some never
      const std::size_t slot = random.Below(slots);
      points[slot] = random.Point();
      columns.Set(static_cast<std::uint32_t>(slot), points[slot]);
    }
    for (int i = 0; i < 100; ++i) {
      const Filter filter = random.Condition(3);
      const SlotBitmap matching = columns.Matching(filter, slots);
      for (std::size_t slot = 0; slot < slots; ++slot) {
        ASSERT_EQ(matching.Test(slot), filter.Matches(points[slot]))
            << "seed " << seed << " filter " << i << " slot " << slot;
      }
    }
    for (std::size_t slot = 0; slot < slots; ++slot) {
      ASSERT_EQ(Sorted(columns.Get(static_cast<std::uint32_t>(slot))), points[slot]);
    }
  }
}

}  // namespace
}  // namespace larder

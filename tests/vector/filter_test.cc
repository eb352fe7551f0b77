#include "vector/filter.h"

#include <gtest/gtest.h>

#include <limits>

namespace larder {
namespace {

using Op = Filter::Op;
using std::string;

const Metadata kPoint = {{"genre", {string("noir")}},
                         {"year", {1941.0}},
                         {"seen", {true}},
                         {"tags", {string("b"), string("d"), 7.0}},
                         {"author.name", {string("Hammett")}}};

bool Matches(Op op, const string& path, std::vector<MetadataValue> operands) {
  return Filter::Compare(op, path, std::move(operands)).Matches(kPoint);
}

TEST(FilterTest, ComparesAsItsTableSays) {
  struct Case {
    Op op;
    const char* path;
    std::vector<MetadataValue> operands;
    bool matches;
  };
  const Case kCases[] = {
      {Op::kEq, "genre", {string("noir")}, true},
      {Op::kEq, "genre", {string("Noir")}, false},
      {Op::kEq, "author.name", {string("Hammett")}, true},
      {Op::kEq, "year", {1941.0}, true},
      {Op::kEq, "seen", {true}, true},
      {Op::kEq, "seen", {false}, false},
      {Op::kNe, "year", {1941.0}, false},
      {Op::kNe, "year", {1942.0}, true},
      {Op::kIn, "year", {1.0, 1941.0}, true},
      {Op::kIn, "year", {}, false},
      {Op::kNin, "year", {1.0, 1941.0}, false},
      {Op::kNin, "year", {}, true},
      {Op::kLt, "year", {1941.0}, false},
      {Op::kLte, "year", {1941.0}, true},
      {Op::kGt, "year", {1940.5}, true},
      {Op::kGte, "year", {1941.5}, false},
      {Op::kLt, "genre", {string("noir")}, false},
      {Op::kGt, "genre", {string("no")}, true},
      // A list matches when one of its items does.
      {Op::kEq, "tags", {string("d")}, true},
      {Op::kNe, "tags", {string("d")}, false},
      {Op::kIn, "tags", {string("x"), 7.0}, true},
      {Op::kGt, "tags", {string("c")}, true},
      {Op::kLt, "tags", {string("b")}, false},
      // Other kinds are neither equal nor ordered.
      {Op::kEq, "year", {string("1941")}, false},
      {Op::kEq, "seen", {1.0}, false},
      {Op::kNe, "year", {string("1941")}, true},
      {Op::kLt, "genre", {5000.0}, false},
      {Op::kGte, "genre", {0.0}, false},
      // What is absent satisfies negations alone.
      {Op::kEq, "none", {1.0}, false},
      {Op::kLte, "none", {1.0}, false},
      {Op::kNe, "none", {1.0}, true},
      {Op::kNin, "none", {1.0}, true},
      {Op::kEq, "author", {string("Hammett")}, false},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Matches(c.op, c.path, c.operands), c.matches)
        << c.path << " op " << static_cast<int>(c.op);
  }
}

TEST(FilterTest, StringsAreOrderedByTheirBytes) {
  const Metadata point = {{"s", {string("\xC3\xA9")}}};  // e with acute accent
  EXPECT_TRUE(Filter::Compare(Op::kGt, "s", {string("z")}).Matches(point));
}

TEST(FilterTest, NothingIsEqualToNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Metadata point = {{"n", {nan}}};
  EXPECT_FALSE(Filter::Compare(Op::kEq, "n", {nan}).Matches(point));
  EXPECT_TRUE(Filter::Compare(Op::kNe, "n", {nan}).Matches(point));
}

TEST(FilterTest, AnEmptyAndIsEverythingAnEmptyOrNothing) {
  EXPECT_TRUE(Filter().Matches(kPoint));
  EXPECT_TRUE(Filter::And({}).Matches({}));
  EXPECT_FALSE(Filter::Or({}).Matches(kPoint));
}

TEST(FilterTest, PartsAreJoined) {
  const Filter yes = Filter::Compare(Op::kEq, "seen", {true});
  const Filter no = Filter::Compare(Op::kEq, "seen", {false});
  EXPECT_TRUE(Filter::And({yes, yes}).Matches(kPoint));
  EXPECT_FALSE(Filter::And({yes, no}).Matches(kPoint));
  EXPECT_TRUE(Filter::Or({no, yes}).Matches(kPoint));
  EXPECT_FALSE(Filter::Or({no, Filter::And({yes, no})}).Matches(kPoint));
}

}  // namespace
}  // namespace larder

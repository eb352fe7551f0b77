#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace larder {
namespace {

Status Fail() {
  return InternalError("broken");
}

Result<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument("not even", "number");
  return number / 2;
}

Result<int> Quarter(int number) {
  LARDER_ASSIGN_OR_RETURN(const int half, Half(number));
  LARDER_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckThenCount(Status first, int& reached) {
  LARDER_RETURN_IF_ERROR(first);
  ++reached;
  return {};
}

TEST(StatusTest, IsOkByDefault) {
  EXPECT_TRUE(Status().ok());
}

TEST(StatusTest, CarriesItsError) {
  const Status status = Fail();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInternal);
  EXPECT_EQ(status.error().message, "broken");
}

TEST(StatusTest, ReturnIfErrorStopsAtAnError) {
  int reached = 0;
  EXPECT_FALSE(CheckThenCount(Fail(), reached).ok());
  EXPECT_EQ(reached, 0);
}

TEST(StatusTest, ReturnIfErrorGoesOnAfterSuccess) {
  int reached = 0;
  EXPECT_TRUE(CheckThenCount({}, reached).ok());
  EXPECT_EQ(reached, 1);
}

TEST(ResultTest, HoldsAValue) {
  const Result<int> result = Half(8);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 4);
}

TEST(ResultTest, HoldsAnErrorWithItsParameter) {
  const Result<int> result = Half(7);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().param, "number");
  EXPECT_EQ(result.error().origin, ErrorOrigin::kDownstream);
}

TEST(ResultTest, AssignOrReturnPassesTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_FALSE(Quarter(6).ok());
  EXPECT_FALSE(Quarter(5).ok());
}

TEST(ResultTest, MovesAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 5);
}

TEST(ErrorTest, EveryHelperNamesItsOrigin) {
  EXPECT_EQ(InvalidArgument("").origin, ErrorOrigin::kDownstream);
  EXPECT_EQ(UpstreamError(ErrorCode::kUnavailable, "").origin, ErrorOrigin::kUpstream);
  EXPECT_EQ(StoreError(ErrorCode::kIo, "").origin, ErrorOrigin::kStore);
  EXPECT_EQ(InternalError("").origin, ErrorOrigin::kSelf);
}

TEST(ErrorTest, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  const int last = static_cast<int>(ErrorCode::kInternal);
  for (int code = 0; code <= last; ++code) {
    const std::string_view name = ErrorCodeName(static_cast<ErrorCode>(code));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

}  // namespace
}  // namespace larder

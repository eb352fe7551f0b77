#include "proxy/search/point_record.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/cache/entries.h"

namespace larder {
namespace {

const NewPoint kPoint{"p", {1.5F, -2.0F}, "a text", R"({"a":1})", "n"};
const WallTime kNow = ManualClock().Now();

// Computed apart from this code, with Python's struct and the system's libxxhash. They change only
// together with kRecordVersion.
TEST(PointRecordTest, HasGoldenBytes) {
  EXPECT_EQ(PointKey(0x0102030405060708, "id"), "\x01\x02\x03\x04\x05\x06\x07\x08id");
  EXPECT_EQ(EncodePoint(kPoint, 42, kNow),
            FromHex("010700000000000000a8da769b010000ea94b1737005ece02a0000000000000000010000006e06"
                    "000000612074657874070000007b2261223a317d"));
  EXPECT_EQ(EncodePointValues(kPoint.values, 42, kNow),
            FromHex("010800000000000000a8da769b0100005d7e7dcd796e705e2a000000000000000000c03f000000"
                    "c0"));
}

TEST(PointRecordTest, ReadsWhatItWrote) {
  const auto point = DecodePoint(EncodePoint(kPoint, 42, kNow));
  ASSERT_TRUE(point.ok());
  EXPECT_EQ(point->text, kPoint.text);
  EXPECT_EQ(point->metadata, kPoint.metadata);
  EXPECT_EQ(point->name_space, kPoint.name_space);
  EXPECT_EQ(point->sequence, 42U);
  const auto values = DecodePointValues(EncodePointValues(kPoint.values, 42, kNow), 2);
  ASSERT_TRUE(values.ok());
  EXPECT_EQ(values->values, kPoint.values);
  EXPECT_EQ(values->sequence, 42U);
}

TEST(PointRecordTest, EveryFlippedByteAndEveryTruncationIsNoticed) {
  ExpectEveryDamageIsNoticed(EncodePoint(kPoint, 42, kNow), DecodePoint);
  ExpectEveryDamageIsNoticed(EncodePointValues(kPoint.values, 42, kNow),
                             [](std::string_view bytes) { return DecodePointValues(bytes, 2); });
}

TEST(PointRecordTest, RefusesValuesOfAnotherDimension) {
  EXPECT_FALSE(DecodePointValues(EncodePointValues(kPoint.values, 42, kNow), 3).ok());
}

TEST(PointRecordTest, KeysOfACollectionStandTogetherInTheOrderOfTheirIds) {
  EXPECT_LT(PointKey(1, "z"), PointKey(2, "a"));
  EXPECT_LT(PointKey(255, "z"), PointKey(256, "a"));
  EXPECT_LT(PointKey(1, "a"), PointKey(1, "aa"));
  EXPECT_TRUE(PointKey(7, "id").starts_with(PointKeyPrefix(7)));
}

TEST(PointTest, IsRefusedByTheNameOfItsFault) {
  const struct {
    const char* param;
    std::function<void(NewPoint&)> spoil;
  } cases[] = {
      {"points[3].id", [](auto& point) { point.id = ""; }},
      {"points[3].id", [](auto& point) { point.id = std::string(513, 'i'); }},
      {"points[3].values", [](auto& point) { point.values = {1}; }},
      {"points[3].values",
       [](auto& point) {
         point.values = {1, 2, 3};
       }},
      {"points[3].values",
       [](auto& point) {
         point.values = {0, 0};
       }},
      {"points[3].values",
       [](auto& point) {
         point.values = {1, std::numeric_limits<float>::infinity()};
       }},
      {"points[3].values",
       [](auto& point) {
         point.values = {std::numeric_limits<float>::quiet_NaN(), 1};
       }},
      {"points[3].text", [](auto& point) { point.text = std::string((1U << 20) + 1, 't'); }},
      {"points[3].namespace", [](auto& point) { point.name_space = std::string(129, 'n'); }},
      {"points[3].metadata", [](auto& point) { point.metadata = "{"; }},
      {"points[3].metadata", [](auto& point) { point.metadata = "[1]"; }},
      {"points[3].metadata",
       [](auto& point) { point.metadata = R"({"a":")" + std::string(11'000, 'x') + "\"}"; }},
  };
  EXPECT_TRUE(CheckPoint(kPoint, 2, Metric::kCosine, "points[3]").ok());
  for (const auto& row : cases) {
    NewPoint point = kPoint;
    row.spoil(point);
    const auto checked = CheckPoint(point, 2, Metric::kCosine, "points[3]");
    ASSERT_FALSE(checked.ok()) << row.param;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(checked.error().param, row.param) << checked.error().message;
  }
}

TEST(PointTest, MayBeAllZeroWhereDirectionDoesNotCount) {
  NewPoint zero = kPoint;
  zero.values = {0, 0};
  EXPECT_TRUE(CheckPoint(zero, 2, Metric::kDot, "p").ok());
  EXPECT_TRUE(CheckPoint(zero, 2, Metric::kEuclidean, "p").ok());
}

TEST(PointTest, IsFoundByItsMetadataAndItsNamespace) {
  const auto fields = FieldsOf(R"({"a":1})", "n");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(*fields, (Metadata{{"a", {1.0}}, {"$namespace", {"n"}}}));
  EXPECT_EQ(FieldsOf("", "").value(), Metadata());
}

}  // namespace
}  // namespace larder

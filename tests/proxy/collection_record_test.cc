#include "proxy/search/collection_record.h"

#include <gtest/gtest.h>

#include "tests/cache/entries.h"

namespace larder {
namespace {

CollectionRecord Example() {
  CollectionRecord record;
  record.id = 7;
  record.scope = {"tenant-a", "ns"};
  record.spec = {"docs", 4, Metric::kEuclidean, Storage::kFloat32, "m", "d", {{"price", "number"}}};
  record.modified = ManualClock().Now();
  record.created = record.modified - std::chrono::seconds(1);
  record.sequence = 42;
  record.points = 3;
  return record;
}
const std::string kKey = CollectionKey(Example().scope, "docs");

// Computed apart from this code, with Python's struct and the system's libxxhash. They change only
// together with kRecordVersion.
TEST(CollectionRecordTest, HasGoldenBytes) {
  EXPECT_EQ(kKey, FromHex("630800000074656e616e742d61020000006e73646f6373"));
  EXPECT_EQ(EncodeCollection(Example()),
            FromHex("010600000000000000a8da769b0100009e33b538f4a539e007000000000000002a000000000000"
                    "00030000000000000018a4da769b0100000800000074656e616e742d61020000006e7304000000"
                    "646f6373040000000200010000006d010000006401000000050000007072696365060000006e75"
                    "6d626572"));
  EXPECT_EQ(DroppedKey(7), FromHex("640700000000000000"));
  EXPECT_EQ(EncodeCollectionId(7),
            FromHex("010900000000000000000000000000003faa6aabf3a4efed0700000000000000"));
}

TEST(CollectionRecordTest, ReadsWhatItWrote) {
  const auto decoded = DecodeCollection(kKey, EncodeCollection(Example()));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->id, 7U);
  EXPECT_EQ(decoded->scope, Example().scope);
  EXPECT_EQ(decoded->spec, Example().spec);
  EXPECT_EQ(decoded->created, Example().created);
  EXPECT_EQ(decoded->modified, Example().modified);
  EXPECT_EQ(decoded->sequence, 42U);
  EXPECT_EQ(decoded->points, 3U);
  EXPECT_EQ(DecodeCollectionId(EncodeCollectionId(7)).value(), 7U);
}

TEST(CollectionRecordTest, EveryFlippedByteAndEveryTruncationIsNoticed) {
  ExpectEveryDamageIsNoticed(EncodeCollection(Example()),
                             [](std::string_view bytes) { return DecodeCollection(kKey, bytes); });
  ExpectEveryDamageIsNoticed(EncodeCollectionId(7), DecodeCollectionId);
}

TEST(CollectionRecordTest, RefusesARecordUnderAnothersKey) {
  const auto decoded =
      DecodeCollection(CollectionKey({"tenant-b", "ns"}, "docs"), EncodeCollection(Example()));
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kCorruption);
}

TEST(CollectionRecordTest, KeysOfDifferentScopesDiffer) {
  EXPECT_NE(CollectionKey({"a", "b"}, "c"), CollectionKey({"a", ""}, "bc"));
  EXPECT_NE(CollectionKey({"a", "b"}, "c"), CollectionKey({"ab", ""}, "c"));
  EXPECT_NE(CollectionKey({"a", ""}, "c"), CollectionKey({"", "a"}, "c"));
}

TEST(CollectionRecordTest, KeysTellTheirKind) {
  EXPECT_EQ(KindOfKey(kKey), CollectionKeyKind::kCollection);
  EXPECT_EQ(KindOfKey(DroppedKey(1)), CollectionKeyKind::kDropped);
  EXPECT_EQ(KindOfKey(NextIdKey()), CollectionKeyKind::kNextId);
  EXPECT_EQ(KindOfKey(""), CollectionKeyKind::kUnknown);
  EXPECT_EQ(KindOfKey("x"), CollectionKeyKind::kUnknown);
}

TEST(CollectionSpecTest, RefusesWhatACollectionCannotBe) {
  const CollectionSpec good = Example().spec;
  EXPECT_TRUE(CheckSpec(good).ok());
  const struct {
    const char* param;
    std::function<void(CollectionSpec&)> spoil;
  } cases[] = {
      {"name", [](auto& spec) { spec.name = ""; }},
      {"name", [](auto& spec) { spec.name = std::string(129, 'a'); }},
      {"name", [](auto& spec) { spec.name = "a/b"; }},
      {"name", [](auto& spec) { spec.name = "a b"; }},
      {"dimensions", [](auto& spec) { spec.dimensions = 0; }},
      {"dimensions", [](auto& spec) { spec.dimensions = 65'537; }},
      {"model", [](auto& spec) { spec.model = std::string(257, 'm'); }},
      {"description", [](auto& spec) { spec.description = std::string(1025, 'd'); }},
      {"metadata_indexes",
       [](auto& spec) {
         spec.metadata_indexes.resize(33, {"n", "string"});
       }},
      {"metadata_indexes",
       [](auto& spec) {
         spec.metadata_indexes = {{"", "string"}};
       }},
  };
  for (const auto& row : cases) {
    CollectionSpec spec = good;
    row.spoil(spec);
    const Status status = CheckSpec(spec);
    ASSERT_FALSE(status.ok()) << row.param;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(status.error().param, row.param);
  }
}

TEST(CollectionSpecTest, HoldsTheSameWhateverItsDescription) {
  CollectionSpec other = Example().spec;
  other.description = "another";
  other.metadata_indexes.clear();
  EXPECT_TRUE(HoldTheSame(other, Example().spec));
  other.model = "another";
  EXPECT_FALSE(HoldTheSame(other, Example().spec));
}

}  // namespace
}  // namespace larder

#include "cache/record.h"

#include <gtest/gtest.h>

#include "tests/cache/entries.h"

namespace larder {
namespace {

// Computed apart from this code, with Python's struct and the system's libxxhash:
// head = pack("<BBHIq", 1, kind, 0, lifetime, stored_at); head + XXH3_64(payload, seed =
// XXH3_64(head)). It changes only together with kRecordVersion.
TEST(RecordTest, HasTheGoldenBytesOfVersion1) {
  EXPECT_EQ(SealRecord(RecordKind::kEmbedding, StampForDays(), "payload"),
            FromHex("01010000008d270000a8da769b010000bfaf8dbb200cae077061796c6f6164"));
}

TEST(RecordTest, OpensToItsStampAndPayload) {
  for (const RecordKind kind :
       {RecordKind::kEmbedding, RecordKind::kInput, RecordKind::kResponse, RecordKind::kRollup,
        RecordKind::kResponseId, RecordKind::kCollection, RecordKind::kPoint,
        RecordKind::kPointValues, RecordKind::kCollectionId}) {
    const std::string bytes = SealRecord(kind, StampForDays(), "payload");
    const auto opened = OpenRecord(kind, bytes);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->payload, "payload");
    EXPECT_EQ(opened->stamp.stored_at, StampForDays().stored_at);
    EXPECT_EQ(opened->stamp.lifetime, StampForDays().lifetime);
  }
}

TEST(RecordTest, AnEmptyPayloadIsARecord) {
  const std::string bytes = SealRecord(RecordKind::kRollup, StampForDays(), "");
  EXPECT_EQ(bytes.size(), kRecordHeaderBytes);
  const auto opened = OpenRecord(RecordKind::kRollup, bytes);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->payload, "");
}

TEST(RecordTest, EveryFlippedByteAndEveryTruncationIsNoticed) {
  ExpectEveryDamageIsNoticed(
      SealRecord(RecordKind::kResponse, StampForDays(), "some payload"),
      [](std::string_view bytes) { return OpenRecord(RecordKind::kResponse, bytes); });
}

TEST(RecordTest, RefusesAnotherKind) {
  const std::string bytes = SealRecord(RecordKind::kEmbedding, StampForDays(), "payload");
  const auto opened = OpenRecord(RecordKind::kInput, bytes);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
}

TEST(RecordTest, ClampsALifetimeThatDoesNotFit) {
  const struct {
    std::chrono::seconds given, kept;
  } cases[] = {
      {std::chrono::seconds(-1), std::chrono::seconds(0)},
      {std::chrono::seconds(0), std::chrono::seconds(0)},
      {std::chrono::seconds(0xffffffffLL), std::chrono::seconds(0xffffffffLL)},
      {std::chrono::seconds(0x100000000LL), std::chrono::seconds(0xffffffffLL)},
      {std::chrono::seconds::max(), std::chrono::seconds(0xffffffffLL)},
  };
  for (const auto& row : cases) {
    const std::string bytes = SealRecord(RecordKind::kRollup, {{}, row.given}, "");
    EXPECT_EQ(OpenRecord(RecordKind::kRollup, bytes)->stamp.lifetime, row.kept)
        << row.given.count();
  }
}

TEST(RecordTest, KeepsAStoredAtBefore1970) {
  const std::string bytes = SealRecord(RecordKind::kRollup, {FromUnixMillis(-5), {}}, "");
  EXPECT_EQ(OpenRecord(RecordKind::kRollup, bytes)->stamp.stored_at, FromUnixMillis(-5));
}

TEST(PeekStampTest, ReadsTheStampOfACachedRecord) {
  for (const RecordKind kind : {RecordKind::kEmbedding, RecordKind::kInput, RecordKind::kResponse,
                                RecordKind::kRollup, RecordKind::kResponseId}) {
    const auto stamp = PeekStamp(SealRecord(kind, StampForDays(), "payload"));
    ASSERT_TRUE(stamp.has_value());
    EXPECT_EQ(stamp->stored_at, StampForDays().stored_at);
    EXPECT_EQ(stamp->lifetime, StampForDays().lifetime);
  }
}

// The compaction filter believes it: what is no record must not look like one that expired long
// ago.
TEST(PeekStampTest, SeesNoStampInWhatIsNoRecord) {
  const std::string record = SealRecord(RecordKind::kInput, StampForDays(), "");
  const auto with = [&](std::size_t at, char byte) {
    std::string bytes = record;
    bytes[at] = byte;
    return bytes;
  };
  const struct {
    const char* why;
    std::string bytes;
  } cases[] = {
      {"empty", ""},
      {"a byte short", record.substr(0, record.size() - 1)},
      {"another version", with(0, 2)},
      {"no kind", with(1, 0)},
      {"a kind without lifetime", with(1, 6)},
      {"an unknown kind", with(1, 100)},
      {"reserved bits set", with(2, 1)},
      {"text", std::string(100, 'x')},
      {"zeros", std::string(100, '\0')},
      {"ones", std::string(100, '\1')},
  };
  for (const auto& row : cases) EXPECT_FALSE(PeekStamp(row.bytes).has_value()) << row.why;
}

}  // namespace
}  // namespace larder

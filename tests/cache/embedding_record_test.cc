#include "cache/embedding_record.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "tests/cache/entries.h"

namespace larder {
namespace {

EmbeddingEntry Narrow() {
  EmbeddingEntry entry;
  entry.float32 = {1.0F, -0.0F, 0.5F};
  entry.prompt_tokens = 5;
  entry.total_tokens = 7;
  entry.model = "m-1";
  entry.stamp = StampForDays();
  return entry;
}

EmbeddingEntry Wide() {
  EmbeddingEntry entry;
  entry.float64 = {0.1, -2.0};
  entry.model = "m";
  entry.stamp = StampForDays();
  return entry;
}

InputRecord Input() {
  InputRecord input;
  input.partition = "tenant-a";
  input.name_space = "docs";
  input.upstream = "openai";
  input.model = "m-1";
  input.dim = 3;
  input.input = std::string("hi\0there", 8);
  return input;
}

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Computed apart from this code (see record_test.cc for the envelope); the payload is
// pack("<BIqq", element type, dim, prompt tokens, total tokens) + P(model) + values; the element
// type is 0 float32, 1 float64, 2 float32 in shortest form, with 0x80 added for query_only.
TEST(EmbeddingRecordTest, HasTheGoldenBytesOfVersion1) {
  EXPECT_EQ(
      EncodeEmbedding(Narrow()),
      FromHex("01010000008d270000a8da769b010000d1c6f38e368e9b2e0003000000050000000000000007000000"
              "00000000030000006d2d310000803f000000800000003f"));
  EXPECT_EQ(
      EncodeEmbedding(Wide()),
      FromHex("01010000008d270000a8da769b0100009530231c613dedc00102000000ffffffffffffffffffffffff"
              "ffffffff010000006d9a9999999999b93f00000000000000c0"));
  EmbeddingEntry flagged = Narrow();
  flagged.shortest_form = true;
  flagged.query_only = true;
  EXPECT_EQ(
      EncodeEmbedding(flagged),
      FromHex("01010000008d270000a8da769b010000d22359df1b599785820300000005000000000000000700000000"
              "000000030000006d2d310000803f000000800000003f"));
}

TEST(EmbeddingRecordTest, KeepsEveryField) {
  const auto decoded = DecodeEmbedding(EncodeEmbedding(Narrow()));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->prompt_tokens, 5);
  EXPECT_EQ(decoded->total_tokens, 7);
  EXPECT_EQ(decoded->model, "m-1");
  EXPECT_EQ(decoded->stamp.stored_at, StampForDays().stored_at);
  EXPECT_EQ(decoded->stamp.lifetime, StampForDays().lifetime);
  EXPECT_EQ(decoded->dim(), 3U);
}

TEST(EmbeddingRecordTest, KeepsEveryFlagOnItsOwn) {
  for (const bool query_only : {false, true}) {
    for (const bool shortest_form : {false, true}) {
      EmbeddingEntry entry = Narrow();
      entry.query_only = query_only;
      entry.shortest_form = shortest_form;
      const auto decoded = DecodeEmbedding(EncodeEmbedding(entry));
      ASSERT_TRUE(decoded.ok());
      EXPECT_EQ(decoded->query_only, query_only);
      EXPECT_EQ(decoded->shortest_form, shortest_form);
      EXPECT_EQ(decoded->float32, entry.float32);
    }
    EmbeddingEntry entry = Wide();
    entry.query_only = query_only;
    const auto decoded = DecodeEmbedding(EncodeEmbedding(entry));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->query_only, query_only);
    EXPECT_EQ(decoded->float64, entry.float64);
  }
}

TEST(EmbeddingRecordTest, KeepsFloat32BitForBit) {
  using Limits = std::numeric_limits<float>;
  EmbeddingEntry entry = Narrow();
  entry.float32 = {0.0F,
                   -0.0F,
                   Limits::denorm_min(),
                   -Limits::denorm_min(),
                   Limits::min(),
                   Limits::max(),
                   Limits::lowest(),
                   1.0F / 3,
                   Limits::epsilon(),
                   0x1.fffffcp-127F};
  const auto decoded = DecodeEmbedding(EncodeEmbedding(entry));
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(SameBits(decoded->float32, entry.float32));
  EXPECT_TRUE(decoded->float64.empty());
}

TEST(EmbeddingRecordTest, KeepsFloat64BitForBit) {
  using Limits = std::numeric_limits<double>;
  EmbeddingEntry entry = Wide();
  entry.float64 = {0.0, -0.0, Limits::denorm_min(), Limits::max(), Limits::lowest(), 0.1, 1.0 / 3};
  const auto decoded = DecodeEmbedding(EncodeEmbedding(entry));
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(SameBits(decoded->float64, entry.float64));
  EXPECT_TRUE(decoded->float32.empty());
  EXPECT_EQ(decoded->dim(), entry.float64.size());
}

TEST(EmbeddingRecordTest, Float64IsRoundedToFloat32ForBase64) {
  EXPECT_TRUE(SameBits(Wide().AsFloat32(), {0.1F, -2.0F}));
  EXPECT_TRUE(SameBits(Narrow().AsFloat32(), Narrow().float32));
}

TEST(EmbeddingRecordTest, EveryFlippedByteAndEveryTruncationIsNoticed) {
  for (const EmbeddingEntry& entry : {Narrow(), Wide()}) {
    ExpectEveryDamageIsNoticed(EncodeEmbedding(entry),
                               [](std::string_view bytes) { return DecodeEmbedding(bytes); });
  }
}

TEST(EmbeddingRecordTest, RefusesAWholeEnvelopeAroundABrokenPayload) {
  const auto payload = [](std::uint8_t type, std::uint32_t dim, std::size_t value_bytes) {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.Fixed(type);
    writer.Fixed(dim);
    writer.Fixed(std::int64_t{-1});
    writer.Fixed(std::int64_t{-1});
    writer.Prefixed("m");
    writer.Raw(std::string(value_bytes, '\0'));
    return bytes;
  };
  const struct {
    const char* why;
    std::string payload;
    bool whole;
  } cases[] = {
      {"float32 of 2", payload(0, 2, 8), true},
      {"float64 of 2", payload(1, 2, 16), true},
      {"empty", "", false},
      {"no values", payload(0, 0, 0), false},
      {"a value too few", payload(0, 2, 4), false},
      {"a value too many", payload(0, 2, 12), false},
      {"half a value", payload(0, 2, 10), false},
      {"float64 as long as float32", payload(1, 2, 8), false},
      {"float32 of 2 in shortest form", payload(2, 2, 8), true},
      {"float32 of 2 for queries only", payload(0x80, 2, 8), true},
      {"unknown element type", payload(3, 2, 8), false},
      {"unknown element type for queries only", payload(0x83, 2, 8), false},
      {"unknown flag", payload(0x40, 2, 8), false},
      {"a dimension that overflows", payload(0, 0xffffffff, 8), false},
      {"a model beyond the end", payload(0, 2, 8).substr(0, 22), false},
  };
  for (const auto& row : cases) {
    const std::string bytes = SealRecord(RecordKind::kEmbedding, StampForDays(), row.payload);
    const auto decoded = DecodeEmbedding(bytes);
    EXPECT_EQ(decoded.ok(), row.whole) << row.why;
    if (decoded.ok()) continue;
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorruption) << row.why;
  }
}

TEST(EmbeddingRecordTest, RefusesAnotherKind) {
  EXPECT_FALSE(DecodeEmbedding(EncodeInput(Input(), StampForDays())).ok());
  EXPECT_FALSE(DecodeInput(EncodeEmbedding(Narrow())).ok());
}

TEST(EmbeddingRecordTest, CountsTheMemoryOfItsValues) {
  EmbeddingEntry entry = Narrow();
  const std::size_t before = entry.bytes();
  entry.float32.resize(entry.float32.size() + 100);
  EXPECT_EQ(entry.bytes(), before + 400);
}

// The payload is P(partition) + P(namespace) + P(upstream) + P(model) + pack("<IB", dim, kind) +
// P(input).
TEST(InputRecordTest, HasTheGoldenBytesOfVersion1) {
  EXPECT_EQ(
      EncodeInput(Input(), StampForDays()),
      FromHex("01020000008d270000a8da769b0100008e67fbe09663feb20800000074656e616e742d6104000000646f"
              "6373060000006f70656e6169030000006d2d310300000000080000006869007468657265"));
  InputRecord flagged = Input();
  flagged.query_only = true;
  EXPECT_EQ(
      EncodeInput(flagged, StampForDays()),
      FromHex("01020000008d270000a8da769b010000939fbf1246c7d9f00800000074656e616e742d6104000000646f"
              "6373060000006f70656e6169030000006d2d310300000080080000006869007468657265"));
}

TEST(InputRecordTest, KeepsEveryField) {
  InputRecord input = Input();
  input.kind = InputKind::kTokens;
  input.query_only = true;
  const auto decoded = DecodeInput(EncodeInput(input, StampForDays()));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->record.partition, input.partition);
  EXPECT_EQ(decoded->record.name_space, input.name_space);
  EXPECT_EQ(decoded->record.upstream, input.upstream);
  EXPECT_EQ(decoded->record.model, input.model);
  EXPECT_EQ(decoded->record.dim, input.dim);
  EXPECT_EQ(decoded->record.kind, InputKind::kTokens);
  EXPECT_TRUE(decoded->record.query_only);
  EXPECT_EQ(decoded->record.input, input.input);
  EXPECT_EQ(decoded->stamp.stored_at, StampForDays().stored_at);
}

TEST(InputRecordTest, EveryFlippedByteAndEveryTruncationIsNoticed) {
  ExpectEveryDamageIsNoticed(EncodeInput(Input(), StampForDays()),
                             [](std::string_view bytes) { return DecodeInput(bytes); });
}

TEST(InputRecordTest, RefusesAWholeEnvelopeAroundABrokenPayload) {
  const std::string whole = EncodeInput(Input(), StampForDays()).substr(kRecordHeaderBytes);
  const auto decode = [](const std::string& payload) {
    return DecodeInput(SealRecord(RecordKind::kInput, StampForDays(), payload));
  };
  ASSERT_TRUE(decode(whole).ok());
  EXPECT_FALSE(decode(whole + "x").ok());
  EXPECT_FALSE(decode(whole.substr(0, whole.size() - 1)).ok());
  std::string unknown_kind = whole;
  unknown_kind[whole.size() - Input().input.size() - 4 - 1] = 2;
  EXPECT_FALSE(decode(unknown_kind).ok());
}

}  // namespace
}  // namespace larder
